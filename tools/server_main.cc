// corelane-server: reads the flags, starts the server, serves until a signal.

#include <corelane/limits.h>
#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/clock.h"
#include "env/posix_file_system.h"
#include "env/process.h"
#include "server/options.h"
#include "server/server.h"

namespace corelane {
namespace {

constexpr int64_t kCheckpointIntervalMillisMax = int64_t{365} * 24 * 3'600'000;

constexpr int kExitUsage = 2;
constexpr int kExitFailure = 1;

// The flags as text and numbers, before they become ServerOptions.
struct Flags {
  std::vector<std::string> listen = {"auto://127.0.0.1:7878"};
  std::string fsync = "everysec";
  std::string recover = "strict";
  std::string io = "auto";
  std::string engine = "memory";
  bool no_pin = false;
  server::ServerOptions options;
};

CLI::AsNumberWithUnit Duration() {
  return CLI::AsNumberWithUnit(
      std::map<std::string, int64_t>{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}},
      CLI::AsNumberWithUnit::UNIT_REQUIRED, "DURATION (500ms, 5s, 2m)");
}

void AddCheckpointFlags(CLI::App& app, shard::CheckpointPolicy& policy) {
  app.add_option("--checkpoint-wal-bytes", policy.log_bytes,
                 "a lane takes a checkpoint when its log has grown by this (64mb; 0: only when "
                 "asked)")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--checkpoint-wal-ratio", policy.log_share,
                 "and by this share of its keys and values")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  app.add_option("--checkpoint-interval", policy.interval_ms,
                 "or when the last one is this old and something has changed (0ms: never)")
      ->transform(Duration())
      ->check(CLI::Range(int64_t{0}, kCheckpointIntervalMillisMax));
}

void AddRecoverFlag(CLI::App& app, Flags& flags) {
  app.add_option("--recover", flags.recover,
                 "strict: damaged logs or checkpoints refuse the start; salvage: what is sound of "
                 "them is kept, what is not is told, and the files as they were are kept aside")
      ->check(CLI::IsMember({"strict", "salvage"}))
      ->capture_default_str();
}

void AddFlags(CLI::App& app, Flags& flags) {
  server::ServerOptions& options = flags.options;
  const auto duration = Duration();
  const auto size = CLI::AsSizeValue(false);

  app.add_option("--listen", flags.listen,
                 "SCHEME://ADDRESS:PORT, may be repeated; schemes: " + server::SchemeNames() +
                     "; port 0 takes a free one")
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--shards", options.lanes,
                 "lanes: threads with their own keys and log (default: the usable cores)")
      ->check(CLI::Range(uint32_t{1}, kLanesMax));
  app.add_option("--data-dir", options.data_directory, "where the logs are kept")
      ->capture_default_str();
  app.add_option("--fsync", flags.fsync,
                 "always: replies wait for the disk; everysec: synced once a second; os: when the "
                 "system likes; off: no log, memory only")
      ->check(CLI::IsMember({"always", "everysec", "os", "off"}))
      ->capture_default_str();
  app.add_option("--engine", flags.engine,
                 "where the data lives: memory; rocksdb: a database on the disk, for data larger "
                 "than memory")
      ->check(CLI::IsMember({"memory", "rocksdb"}))
      ->capture_default_str();
  app.add_option("--rocksdb-cache-bytes", options.rocksdb_cache_bytes,
                 "with --engine=rocksdb: memory for the database's blocks, of all lanes together, "
                 "at least 8mb for each (256mb, or what the lanes need at least)")
      ->transform(size)
      ->check(CLI::Range(storage::kRocksDbCacheBytesMin, uint64_t{1} << 50));
  AddRecoverFlag(app, flags);
  app.add_option("--io", flags.io, "event loop: auto, uring, epoll")
      ->check(CLI::IsMember({"auto", "uring", "epoll"}))
      ->capture_default_str();
  app.add_flag("--no-pin", flags.no_pin, "do not pin lanes to cores");
  app.add_option("--spin-us", options.spin_us, "microseconds an idle lane polls before it sleeps")
      ->check(CLI::Range(int64_t{0}, int64_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--max-connections", options.max_connections,
                 "more are refused with an error message")
      ->check(CLI::Range(uint32_t{1}, uint32_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--output-buffer-limit", options.output_buffer_bytes_max,
                 "bytes of unread replies after which a connection is no longer served (64mb)")
      ->transform(size);
  app.add_option("--output-buffer-grace", options.output_grace_ms,
                 "how long a connection may stay over that limit before it is cut off (5s)")
      ->transform(duration);
  app.add_option("--idle-timeout", options.idle_timeout_ms,
                 "closes connections without a whole request for so long (0ms: never)")
      ->transform(duration);
  app.add_option("--drain-timeout", options.drain_timeout_ms,
                 "how long SIGTERM waits for connections to finish (5s)")
      ->transform(duration);
  app.add_option("--max-key-bytes", options.key_bytes_max, "largest key (1kb)")
      ->transform(size)
      ->check(CLI::Range(size_t{1}, kKeyBytesHardMax));
  app.add_option("--max-value-bytes", options.value_bytes_max, "largest value (1mb)")
      ->transform(size)
      ->check(CLI::Range(size_t{1}, kValueBytesHardMax));
  app.add_option("--wal-segment-bytes", options.segment_bytes, "size of a log segment (64mb)")
      ->transform(size)
      ->check(CLI::Range(wal::kSegmentBytesMin, uint64_t{1} << 40));
  AddCheckpointFlags(app, options.checkpoints);
}

// A flag that would do nothing is a mistake of whoever sets it.
Status CheckTogether(const server::ServerOptions& options) {
  const bool database = options.engine == storage::EngineKind::kRocksDb;
  if (database && !options.fsync) {
    return Status(StatusCode::kBadArgument,
                  "--engine=rocksdb keeps its data in the data directory and needs a log: choose "
                  "another mode than --fsync=off");
  }
  if (!database && options.rocksdb_cache_bytes != 0) {
    return Status(StatusCode::kBadArgument,
                  "--rocksdb-cache-bytes does nothing without --engine=rocksdb");
  }
  if (options.salvage && !options.fsync) {
    return Status(StatusCode::kBadArgument,
                  "--recover=salvage does nothing with --fsync=off, which reads no data directory");
  }
  return OkStatus();
}

Status FillOptions(Flags& flags) {
  flags.options.listen.clear();
  for (const std::string& text : flags.listen) {
    Result<server::ListenOptions> listen = server::ParseListen(text);
    if (!listen.ok()) return listen.status();
    flags.options.listen.push_back(*listen);
  }
  const std::map<std::string, std::optional<wal::FsyncMode>> fsync_modes = {
      {"always", wal::FsyncMode::kAlways},
      {"everysec", wal::FsyncMode::kEverySecond},
      {"os", wal::FsyncMode::kOs},
      {"off", std::nullopt}};
  const std::map<std::string, io::BackEndChoice> back_ends = {{"auto", io::BackEndChoice::kAuto},
                                                              {"uring", io::BackEndChoice::kUring},
                                                              {"epoll", io::BackEndChoice::kEpoll}};
  flags.options.fsync = fsync_modes.at(flags.fsync);
  flags.options.io = back_ends.at(flags.io);
  flags.options.engine =
      flags.engine == "rocksdb" ? storage::EngineKind::kRocksDb : storage::EngineKind::kMemory;
  flags.options.salvage = flags.recover == "salvage";
  flags.options.pin_lanes = !flags.no_pin;
  return CheckTogether(flags.options);
}

int Serve(const server::ServerOptions& options) {
  env::PosixFileSystem files;
  env::SystemClock clock;
  Result<std::unique_ptr<server::Server>> server =
      server::Server::Start(options, {&files, &clock, env::RandomSeed()});
  if (!server.ok()) {
    std::fprintf(stderr, "corelane-server: %s\n", server.status().message().c_str());
    return kExitFailure;
  }
  for (const std::string& line : (*server)->Describe()) std::printf("%s\n", line.c_str());
  std::printf("ready\n");
  std::fflush(stdout);
  const Status ended = (*server)->Run();
  if (ended.ok()) return 0;
  std::fprintf(stderr, "corelane-server: %s\n", ended.ToString().c_str());
  return kExitFailure;
}

int Main(int argc, char** argv) {
  CLI::App app{
      "corelane-server: a key-value server with a lane for every core.\n"
      "Speaks RESP (redis-cli), a text and a JSON protocol, and corelane's binary protocol on one "
      "port."};
  app.set_version_flag("--version", "corelane " CORELANE_VERSION);
  Flags flags;
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "corelane-server: %s (see corelane-server --help)\n", error.what());
    return kExitUsage;
  }
  const Status filled = FillOptions(flags);
  if (!filled.ok()) {
    std::fprintf(stderr, "corelane-server: %s\n", filled.message().c_str());
    return kExitUsage;
  }
  return Serve(flags.options);
}

}  // namespace
}  // namespace corelane

int main(int argc, char** argv) { return corelane::Main(argc, argv); }
