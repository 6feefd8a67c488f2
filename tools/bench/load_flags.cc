#include "bench/load_flags.h"

#include <corelane/limits.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "bench/flag_checks.h"
#include "env/posix_file_system.h"
#include "env/process.h"
#include "io/socket.h"
#include "loadgen/number_text.h"
#include "loadgen/recorded_commands.h"
#include "loadgen/verifier.h"

namespace corelane::tools {
namespace {

constexpr uint32_t kThreadsMax = 256;
constexpr uint64_t kOperationsMax = 1'000'000'000'000;
constexpr uint32_t kConnectionsMax = 100'000;
constexpr uint32_t kPipelineMax = 10'000;
constexpr uint32_t kOpenLoopPipeline = 64;
constexpr uint64_t kReplayBytesMax = uint64_t{4} << 30;

// What is wrong with the value of a flag.
Status FlagError(const char* flag, const Status& status) {
  return Status(StatusCode::kBadArgument, std::string(flag) + ": " + status.message());
}

// Parses the text of a flag into `into`.
template <typename T, typename Parse>
Status ReadInto(T& into, const char* flag, const std::string& text, Parse parse) {
  auto parsed = parse(text);
  if (!parsed.ok()) return FlagError(flag, parsed.status());
  into = std::move(*parsed);
  return OkStatus();
}

// A mix that a protocol has no words for is refused before the first connection.
Status CheckProtocols(const loadgen::LoadOptions& options) {
  const loadgen::WorkloadOptions& workload = options.workload;
  for (const loadgen::Target& target : options.targets) {
    const std::unique_ptr<loadgen::Wire> wire = loadgen::MakeWire(target.protocol);
    if (options.replay != nullptr && !wire->CanRaw()) {
      return Status(StatusCode::kBadArgument,
                    "--replay: recorded commands are RESP, which " +
                        std::string(loadgen::WireScheme(target.protocol)) + " is not");
    }
    const auto lacks = [&](loadgen::OpKind kind, bool can) {
      return workload.weight(kind) > 0 && !can;
    };
    const bool ttl_lost = workload.write_ttl.max_ms > 0 && !wire->CanExpire();
    if (lacks(loadgen::OpKind::kReadMulti, wire->CanReadMany()) ||
        lacks(loadgen::OpKind::kWriteMulti, wire->CanWriteMany()) ||
        lacks(loadgen::OpKind::kExpire, wire->CanExpire()) || ttl_lost) {
      return Status(StatusCode::kBadArgument,
                    std::string(loadgen::WireScheme(target.protocol)) +
                        " has no word for a part of this mix (multi-read, multi-write, expire, "
                        "--ttl)");
    }
  }
  return OkStatus();
}

// A plain rate goes on for as long as the run does; with --operations there is no such time.
int64_t UsualNanos(const loadgen::LoadOptions& options) {
  return options.duration_ns != 0 ? options.duration_ns : loadgen::kDurationNanosMax;
}

}  // namespace

LoadFlags::LoadFlags(CLI::App& command, const Without& without, const UsualTimes& times)
    : command_(&command), without_(without) {
  typed_.warmup = times.warmup;
  typed_.duration = times.duration;
  AddLoadFlags(without);
  AddTimeFlags();
  AddMachineFlags(without);
  AddWorkFlags();
}

void LoadFlags::AddLoadFlags(const Without& without) {
  if (!without.server) {
    command_
        ->add_option("--target", typed_.targets,
                     "SCHEME://HOST:PORT, several separated by commas; schemes: native, resp, "
                     "resp3, memcache, memcache-meta, json")
        ->capture_default_str();
  }
  command_->add_option("--threads", options_.threads)
      ->check(CLI::Range(1U, kThreadsMax))
      ->capture_default_str();
  command_->add_option("--connections", options_.connections, "of all threads together")
      ->check(CLI::Range(1U, kConnectionsMax))
      ->capture_default_str();
  command_
      ->add_option("--pipeline", options_.pipeline,
                   "requests under way on a connection at most (open loop: 64)")
      ->check(CLI::Range(1U, kPipelineMax))
      ->capture_default_str();
  if (!without.rate) {
    command_->add_option("--rate", typed_.rate,
                         "open loop: operations a second, as 20k, 1k-5k (a ramp), or steps: "
                         "1k/10s,5k/30s; without it the loop is closed");
  }
  command_->add_option("--arrivals", typed_.spacing, "poisson, constant")
      ->check(CLI::IsMember({"poisson", "constant"}))
      ->capture_default_str();
  if (!without.rate) {
    command_->add_option("--think", typed_.think,
                         "closed loop: how long a connection waits after a reply (5ms)");
  }
}

void LoadFlags::AddTimeFlags() {
  command_->add_option("--warmup", typed_.warmup, "before anything is counted")
      ->capture_default_str();
  command_->add_option("--duration", typed_.duration, "of what is counted")->capture_default_str();
  command_
      ->add_option("--operations", options_.operations, "count so many instead of for a duration")
      ->check(CLI::Range(uint64_t{1}, kOperationsMax));
  command_->add_option("--timeout", typed_.timeout, "a reply later than this is a timeout")
      ->capture_default_str();
}

void LoadFlags::AddMachineFlags(const Without& without) {
  if (!without.server) {
    command_
        ->add_option("--server-pid", options_.server_pid,
                     "a server on this machine whose CPU time and memory to report")
        ->check(CheckProcess);
  }
  command_->add_option("--cpus", options_.cpus, "pin the threads to these, in turn")
      ->delimiter(',')
      ->check(CheckCore);
  command_->add_option("--io", typed_.io, "auto, uring, epoll")
      ->check(CLI::IsMember({"auto", "uring", "epoll"}))
      ->capture_default_str();
}

void LoadFlags::AddWorkFlags() {
  CLI::Option* mix =
      command_->add_option("--mix", typed_.mix,
                           "weights, as read=90,update=10 (default: reads only); also insert, "
                           "multi-read, multi-write, read-modify-write, delete, expire");
  command_->add_option("--ycsb", typed_.ycsb, "the mix and keys of a YCSB workload, a to f")
      ->excludes(mix);
  command_->add_option("--keys", options_.workload.keys)
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
      ->capture_default_str();
  command_->add_option("--key-distribution", typed_.distribution,
                       "uniform, zipfian[:THETA], latest, hotspot[:KEYS:ACCESSES], sequential");
  command_->add_option("--key-prefix", options_.key_text.prefix)->capture_default_str();
  command_->add_option("--key-bytes", options_.key_text.bytes)->capture_default_str();
  command_
      ->add_option("--value-bytes", typed_.value_bytes,
                   "100, 10-1kb, 64:9,1kb:1 (with weights) or lognormal:MEDIAN:SIGMA")
      ->capture_default_str();
  command_->add_option("--multi-keys", typed_.multi_keys, "keys of a multi-read or multi-write")
      ->check(CLI::Range(1U, loadgen::kMultiKeysMax))
      ->capture_default_str();
  command_->add_option("--ttl", typed_.ttl, "a time to live for what is written (60s)");
  command_->add_option("--hit-rate", options_.workload.hit_rate, "share of reads of keys there are")
      ->check(CheckNumber)
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  CLI::Option* prefill =
      command_->add_flag("--prefill", options_.prefill, "write all keys once before");
  CLI::Option* verify = command_->add_flag(
      "--verify", options_.verify,
      "check what is read: writes all keys before, in values that say what they "
      "are, counts stale, lost and corrupt reads, and reads all that was written "
      "back at the end");
  command_
      ->add_option("--replay", typed_.replay,
                   "instead of a mix: the RESP commands of this file, one a line, as for redis-cli "
                   "or from its MONITOR, in their order; once, or round and round for --duration "
                   "or --operations. They go to the connections in turn, so transactions (MULTI) "
                   "take --connections=1")
      ->excludes(mix)
      ->excludes("--ycsb")
      ->excludes(prefill)
      ->excludes(verify);
  seed_ = command_->add_option("--seed", options_.workload.seed,
                               "the same seed gives the same work (default: drawn, and said)");
}

// ---- What they come to ----

Result<loadgen::LoadOptions> LoadFlags::Read() {
  options_.spacing =
      typed_.spacing == "poisson" ? loadgen::Spacing::kPoisson : loadgen::Spacing::kConstant;
  RETURN_IF_ERROR(ReadTimes());
  if (options_.connections < options_.threads) {
    return Status(StatusCode::kBadArgument,
                  "--connections: each of the --threads needs one at least");
  }
  RETURN_IF_ERROR(ReadReplay());
  RETURN_IF_ERROR(CheckMachine());
  RETURN_IF_ERROR(ReadWorkload());
  if (!without_.server) RETURN_IF_ERROR(SetTargets(typed_.targets, options_));
  if (!typed_.rate.empty()) RETURN_IF_ERROR(SetRate(typed_.rate, options_));
  return options_;
}

Status LoadFlags::ReadTimes() {
  RETURN_IF_ERROR(
      ReadInto(options_.duration_ns, "--duration", typed_.duration, loadgen::ParseDurationNanos));
  RETURN_IF_ERROR(
      ReadInto(options_.timeout_ns, "--timeout", typed_.timeout, loadgen::ParseDurationNanos));
  // ParseDurationNanos() takes no 0, which here means none.
  if (typed_.warmup != "0") {
    RETURN_IF_ERROR(
        ReadInto(options_.warmup_ns, "--warmup", typed_.warmup, loadgen::ParseDurationNanos));
  }
  if (!typed_.think.empty()) {
    RETURN_IF_ERROR(
        ReadInto(options_.think_ns, "--think", typed_.think, loadgen::ParseDurationNanos));
  }
  if (options_.operations != 0) options_.duration_ns = 0;
  return OkStatus();
}

Status LoadFlags::ReadReplay() {
  if (typed_.replay.empty()) return OkStatus();
  env::PosixFileSystem files;
  const Result<std::string> text = env::ReadFile(files, typed_.replay, kReplayBytesMax);
  if (!text.ok()) return FlagError("--replay", text.status());
  auto commands = loadgen::RecordedCommands::Parse(*text);
  if (!commands.ok()) return FlagError("--replay", commands.status());
  options_.replay = std::make_shared<const loadgen::RecordedCommands>(std::move(*commands));
  if (command_->count("--duration") != 0 || options_.operations != 0) return OkStatus();
  // Once through, and all of it counts.
  options_.operations = options_.replay->size();
  options_.duration_ns = 0;
  if (command_->count("--warmup") == 0) options_.warmup_ns = 0;
  if (options_.warmup_ns == 0) return OkStatus();
  return Status(StatusCode::kBadArgument,
                "--warmup: commands that are sent once have none; say a --duration");
}

Status LoadFlags::CheckMachine() const {
  constexpr uint64_t kOtherFiles = 128;
  const uint64_t files = uint64_t{options_.connections} + kOtherFiles;
  if (const uint64_t allowed = env::RaiseOpenFilesLimit(files); allowed < files) {
    return Status(StatusCode::kBadArgument,
                  "--connections: the system allows " + std::to_string(allowed) +
                      " open files and this takes " + std::to_string(files) + " (ulimit -n)");
  }
  return OkStatus();
}

Status LoadFlags::SetTargets(const std::string& text, loadgen::LoadOptions& options) const {
  RETURN_IF_ERROR(ReadInto(options.targets, "--target", text, loadgen::ParseTargets));
  RETURN_IF_ERROR(CheckProtocols(options));
  // A name is looked up once, not by each connection while latencies are measured.
  for (loadgen::Target& target : options.targets) {
    Result<io::Endpoint> endpoint = io::NumericEndpoint(target.endpoint);
    if (!endpoint.ok()) return Status(StatusCode::kConnectionFailed, endpoint.status().message());
    target.endpoint = std::move(*endpoint);
  }
  return OkStatus();
}

Status LoadFlags::SetRate(const std::string& text, loadgen::LoadOptions& options) const {
  if (options.think_ns != 0) {
    return Status(StatusCode::kBadArgument,
                  "--think: an open loop does not think; leave out --rate");
  }
  std::vector<loadgen::RateSegment> rate;
  const auto parse = [&](const std::string& typed) {
    return loadgen::ParseRateProfile(typed, UsualNanos(options));
  };
  RETURN_IF_ERROR(ReadInto(rate, "--rate", text, parse));
  OpenLoop(std::move(rate), options);
  return OkStatus();
}

void LoadFlags::SetRate(double per_s, loadgen::LoadOptions& options) const {
  OpenLoop({{per_s, per_s, UsualNanos(options)}}, options);
}

void LoadFlags::OpenLoop(std::vector<loadgen::RateSegment> rate,
                         loadgen::LoadOptions& options) const {
  options.rate = std::move(rate);
  if (options.operations == 0) options.duration_ns = loadgen::DurationNanos(options.rate);
  // The warm-up comes at the rate that the counted part begins with.
  if (options.warmup_ns != 0) {
    const double begin_per_s = options.rate[0].begin_per_s;
    options.rate.insert(options.rate.begin(), {begin_per_s, begin_per_s, options.warmup_ns});
  }
  if (command_->count("--pipeline") == 0) options.pipeline = kOpenLoopPipeline;
}

Status LoadFlags::ReadWorkload() {
  loadgen::WorkloadOptions& workload = options_.workload;
  if (Status status = loadgen::CheckKeyText(options_.key_text); !status.ok()) {
    return FlagError("--key-bytes, --key-prefix", status);
  }
  workload.key_number_max = loadgen::KeyText(options_.key_text).number_max();
  workload.multi_keys_min = workload.multi_keys_max = typed_.multi_keys;
  RETURN_IF_ERROR(ReadInto(workload.value_sizes, "--value-bytes", typed_.value_bytes,
                           loadgen::ValueSizes::Parse));
  RETURN_IF_ERROR(ReadInto(workload.chooser, "--key-distribution", typed_.distribution,
                           loadgen::ParseKeyDistribution));
  if (!typed_.mix.empty()) {
    RETURN_IF_ERROR(ReadInto(workload.mix, "--mix", typed_.mix, loadgen::ParseMix));
  }
  if (!typed_.ycsb.empty()) {
    if (Status status = loadgen::SetYcsb(typed_.ycsb, workload); !status.ok()) {
      return FlagError("--ycsb", status);
    }
  }
  if (!typed_.ttl.empty()) {
    int64_t ttl_ns = 0;
    RETURN_IF_ERROR(ReadInto(ttl_ns, "--ttl", typed_.ttl, loadgen::ParseDurationNanos));
    const auto ttl_ms = static_cast<uint32_t>(std::max<int64_t>(1, ttl_ns / 1'000'000));
    workload.write_ttl = {ttl_ms, ttl_ms};
  }
  if (seed_->count() == 0) workload.seed = env::RandomSeed() >> 32;
  workload.threads = options_.threads;
  if (options_.verify) RETURN_IF_ERROR(loadgen::CheckVerified(options_));
  return loadgen::CheckWorkload(workload);
}

io::BackEndChoice LoadFlags::back_end() const {
  if (typed_.io == "uring") return io::BackEndChoice::kUring;
  if (typed_.io == "epoll") return io::BackEndChoice::kEpoll;
  return io::BackEndChoice::kAuto;
}

}  // namespace corelane::tools
