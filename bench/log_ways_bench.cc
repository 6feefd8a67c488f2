// How bytes should reach the disk, by experiment: the ways in which a lane's frames could get into
// its log, under the same load in the same run. What counts is the tail of the append, which every
// request on the lane feels, while the disk syncs.
//
//   build/release/bench/log-ways-bench [--dir=DIR] [--rate=FRAMES/s] [--seconds=N]
//       [--value-bytes=N] [--batch=FRAMES] [--ways=mapping,write,helper,direct]
//       [--modes=always,everysec,os] [--rounds=N]
//
//   mapping  the product's own: a shared mapping, prefaulted and synced by a helper thread
//   write    a buffered write by the lane at the end of each turn, synced by a helper thread
//   helper   the lane copies into memory, a helper thread writes and syncs
//   direct   O_DIRECT writes over segments filled with zeros, by the lane's own io_uring
//
// Rounds are interleaved: every way has its turn in each. The table is for all rounds together;
// "p99.9 by round" says how much they differ. Run it on a quiet machine with two cores: the lane
// and the helper. It writes to a directory of its own below DIR, which it removes in the end; one
// that was interrupted leaves that behind.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/status_macros.h"
#include "env/clock.h"
#include "env/posix_file_system.h"
#include "log_ways/lane_run.h"
#include "log_ways/table.h"
#include "log_ways/way.h"

namespace corelane::bench {
namespace {

struct NamedWay {
  std::string_view name;
  Result<std::unique_ptr<Way>> (*make)(const WayOptions&);
  // The segments of one run serve the next.
  bool keeps_files;
};
constexpr NamedWay kWays[] = {{"mapping", MakeMappingWay, false},
                              {"write", MakeWriteWay, false},
                              {"helper", MakeHelperWay, false},
                              {"direct", MakeDirectWay, true}};
constexpr wal::FsyncMode kModes[] = {wal::FsyncMode::kAlways, wal::FsyncMode::kEverySecond,
                                     wal::FsyncMode::kOs};

struct Flags {
  std::string directory = ".";
  Load load;
  double seconds = 5;
  uint32_t rounds = 3;
  std::vector<std::string> ways;
  std::vector<std::string> modes;
};

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Bench {
 public:
  explicit Bench(Flags flags)
      : flags_(std::move(flags)),
        directory_(absl::StrCat(flags_.directory, "/log-ways-bench-", getpid())) {}

  [[nodiscard]] Status Run();

 private:
  struct Entry {
    const NamedWay* way;
    Cell cell;
  };

  [[nodiscard]] std::vector<Entry> Chosen() const;
  [[nodiscard]] Status Measure(Entry& entry);

  const Flags flags_;
  const std::string directory_;
  env::PosixFileSystem files_;
  const env::SystemClock clock_;
};

std::vector<Bench::Entry> Bench::Chosen() const {
  std::vector<Entry> entries;
  for (const wal::FsyncMode mode : kModes) {
    for (const NamedWay& way : kWays) {
      if (!Contains(flags_.ways, way.name) || !Contains(flags_.modes, ModeName(mode))) continue;
      entries.push_back({.way = &way, .cell = {.way = way.name, .mode = mode, .figures = {}}});
    }
  }
  return entries;
}

Status Bench::Measure(Entry& entry) {
  // Before the measurement, so that pages, threads and the disk's cache are warm.
  const double warm_up_seconds = std::min(0.5, flags_.seconds / 4);
  WayOptions options;
  options.files = &files_;
  options.clock = &clock_;
  options.directory = absl::StrCat(directory_, "/", base::ToAbsl(entry.way->name));
  options.mode = entry.cell.mode;
  options.bytes_max = LaneRun::BytesMax(flags_.load, warm_up_seconds) +
                      LaneRun::BytesMax(flags_.load, flags_.seconds);
  if (!entry.way->keeps_files) RETURN_IF_ERROR(files_.RemoveRecursively(options.directory));
  RETURN_IF_ERROR(files_.CreateDirectories(options.directory));
  Result<std::unique_ptr<Way>> way = entry.way->make(options);
  if (!way.ok()) return way.status();
  LaneRun run(flags_.load, options.mode, clock_, **way);
  static_cast<void>(run.Go(warm_up_seconds));
  entry.cell.Add(run.Go(flags_.seconds));
  (*way)->Close();
  way->reset();
  if (entry.way->keeps_files) return OkStatus();
  return files_.RemoveRecursively(options.directory);
}

Status Bench::Run() {
  std::vector<Entry> entries = Chosen();
  const bool on_terminal = isatty(STDERR_FILENO) != 0;
  for (uint32_t round = 1; round <= flags_.rounds; ++round) {
    for (Entry& entry : entries) {
      if (on_terminal) {
        absl::FPrintF(stderr, "round %u of %u: %s, %s\n", round, flags_.rounds, entry.way->name,
                      ModeName(entry.cell.mode));
      }
      if (Status status = Measure(entry); !status.ok()) {
        // The first failure is the one to tell.
        [[maybe_unused]] const Status ignored = files_.RemoveRecursively(directory_);
        return Status(status.code(),
                      absl::StrCat(base::ToAbsl(entry.way->name), ": ", status.message()));
      }
    }
  }
  RETURN_IF_ERROR(files_.RemoveRecursively(directory_));
  std::vector<Cell> cells;
  cells.reserve(entries.size());
  for (Entry& entry : entries) cells.push_back(std::move(entry.cell));
  absl::PrintF("%.0f frames/s, %u at a time, values of %u bytes; %u rounds of %g s\n\n%s\n%s\n%s",
               flags_.load.frames_per_second, flags_.load.batch_frames, flags_.load.value_bytes,
               flags_.rounds, flags_.seconds, MarkdownTable(cells), base::ToAbsl(TableNotes()),
               MachineLine(flags_.directory));
  return OkStatus();
}

void AddFlags(CLI::App& app, Flags& flags) {
  for (const NamedWay& way : kWays) flags.ways.emplace_back(way.name);
  for (const wal::FsyncMode mode : kModes) flags.modes.emplace_back(ModeName(mode));
  app.add_option("--dir", flags.directory, "decides the disk")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--rate", flags.load.frames_per_second, "frames per second")
      ->check(CLI::Range(1.0, 1e7))
      ->capture_default_str();
  app.add_option("--seconds", flags.seconds, "of each way and mode in each round")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--value-bytes", flags.load.value_bytes, "of each frame, behind a key of 20")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  app.add_option("--batch", flags.load.batch_frames, "frames that come due at the same time")
      ->check(CLI::Range(1, 1 << 10))
      ->capture_default_str();
  app.add_option("--ways", flags.ways, "which ones, with commas")
      ->delimiter(',')
      ->check(CLI::IsMember(flags.ways))
      ->capture_default_str();
  app.add_option("--modes", flags.modes, "which ones, with commas")
      ->delimiter(',')
      ->check(CLI::IsMember(flags.modes))
      ->capture_default_str();
  app.add_option("--rounds", flags.rounds)->check(CLI::Range(1, 1000))->capture_default_str();
}

}  // namespace
}  // namespace corelane::bench

int main(int argc, char** argv) {
  CLI::App app("Compares ways in which a lane's log could reach the disk.");
  corelane::bench::Flags flags;
  corelane::bench::AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  corelane::Status status = corelane::bench::Bench(flags).Run();
  if (status.ok() && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)) {
    status = {corelane::StatusCode::kIoError, "cannot write to standard output"};
  }
  if (!status.ok()) corelane::bench::EndProgram(status);
  return 0;
}
