// The log and the checkpoints by themselves: appending a frame, copying a stripe into a checkpoint,
// reading a log and a checkpoint back. How long an append takes while the disk syncs is the
// question of log-ways-bench.
//
//   build/release/bench/log-bench [--benchmark_filter=...]
//
// Files are made in $TMPDIR, or /tmp, and removed.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/hash.h"
#include "env/clock.h"
#include "env/posix_file_system.h"
#include "storage/striped_engine.h"
#include "wal/checkpoint_file.h"
#include "wal/checkpoint_format.h"
#include "wal/lane_log_writer.h"
#include "wal/recovery.h"

namespace corelane::bench {
namespace {

// 20-byte keys and 56-byte values make frames of 100 bytes, 104 with their padding.
constexpr std::string_view kKey = "bench-key-0123456789";
const std::string kValue(56, 'v');
constexpr uint64_t kSeed = 7;
constexpr int kTurnFrames = 16;
constexpr uint64_t kReadFrames = 1'000'000;

// A lane's directory, removed at the end.
class LaneDirectory {
 public:
  LaneDirectory() {
    const char* const parent = std::getenv("TMPDIR");
    lane.directory = absl::StrCat(parent == nullptr ? "/tmp" : parent, "/log-bench-", getpid());
    CHECK(files.CreateDirectories(lane.directory).ok());
  }
  LaneDirectory(const LaneDirectory&) = delete;
  LaneDirectory& operator=(const LaneDirectory&) = delete;
  ~LaneDirectory() { static_cast<void>(files.RemoveRecursively(lane.directory)); }

  [[nodiscard]] std::unique_ptr<wal::LaneLogWriter> OpenLog() {
    wal::LaneLogOptions options;
    options.files = &files;
    options.clock = &clock;
    options.lane = lane;
    options.mode = wal::FsyncMode::kOs;
    auto log = wal::OpenLaneLog(options);
    CHECK(log.ok());
    return std::move(*log);
  }

  env::PosixFileSystem files;
  env::SystemClock clock;
  wal::LaneIdentity lane;
};

class CountingVisitor final : public wal::FrameVisitor {
 public:
  Status OnFrame(const wal::Frame& frame) override {
    bytes += frame.key.size() + frame.value.bytes.size();
    return OkStatus();
  }
  uint64_t bytes = 0;
};

void AppendTurn(wal::LaneLogWriter& log, int frames) {
  const kv::ValueView value{.bytes = kValue};
  while (log.Admit(static_cast<size_t>(frames),
                   static_cast<size_t>(frames) * (kKey.size() + kValue.size())) !=
         wal::Admission::kOk) {
    log.EndTurn();
  }
  for (int i = 0; i < frames; ++i) log.AppendPut(kKey, value);
  log.EndTurn();
}

// Turns of so many frames; the time is of a turn. With the waits for the helper when it does not
// keep up, which it need not at any rate that a lane can reach.
void Append(benchmark::State& state) {
  LaneDirectory directory;
  const auto log = directory.OpenLog();
  const auto frames = static_cast<int>(state.range(0));
  for (auto _ : state) AppendTurn(*log, frames);
  state.SetItemsProcessed(state.iterations() * frames);
  CHECK(log->Close().ok());
}
BENCHMARK(Append)->Arg(1)->Arg(kTurnFrames)->UseRealTime();

// What one turn of a lane pays for a checkpoint: a stripe, copied into a block.
void CopyStripe(benchmark::State& state) {
  storage::StripedEngine engine(kSeed);
  for (int i = 0; i < state.range(0); ++i) {
    const std::string key = absl::StrCat("bench-key-", 1'000'000'000 + i);
    CHECK(engine.Put({key, base::KeyHash(key, kSeed)}, {.bytes = kValue}) ==
          storage::PutResult::kInserted);
  }
  std::string block(wal::kCheckpointBlockBytesMax, '\0');
  storage::WalkCursor cursor = storage::kWalkStart;
  int64_t entries = 0;
  for (auto _ : state) {
    char* to = block.data();
    cursor = engine.VisitStripe(cursor, [&](const storage::EntryView& entry) {
      to += wal::EncodeCheckpointEntry(entry.key, entry.value, to);
      ++entries;
    });
    benchmark::DoNotOptimize(to);
  }
  state.SetItemsProcessed(entries);
}
BENCHMARK(CopyStripe)->Arg(100'000)->Arg(2'000'000);

void Recover(benchmark::State& state, LaneDirectory& directory) {
  for (auto _ : state) {
    CountingVisitor visitor;
    CHECK(wal::RecoverLane(directory.files, directory.lane, visitor).ok());
    benchmark::DoNotOptimize(visitor.bytes);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kReadFrames));
}

// Out of the page cache, without putting anything into an engine.
void ReadLog(benchmark::State& state) {
  LaneDirectory directory;
  {
    const auto log = directory.OpenLog();
    for (uint64_t i = 0; i < kReadFrames; i += kTurnFrames) AppendTurn(*log, kTurnFrames);
    CHECK(log->Close().ok());
  }
  Recover(state, directory);
}
BENCHMARK(ReadLog)->Unit(benchmark::kMillisecond)->UseRealTime();

void ReadCheckpoint(benchmark::State& state) {
  LaneDirectory directory;
  constexpr uint64_t kBlockEntries = 2000;
  auto file = wal::CheckpointFile::Create(directory.files, directory.lane,
                                          {.number = 1, .salt = kSeed, .first_segment = 1});
  CHECK(file.ok());
  std::string block(wal::kCheckpointBlockBytesMax, '\0');
  for (uint64_t i = 0; i < kReadFrames; i += kBlockEntries) {
    char* to = block.data();
    for (uint64_t entry = 0; entry < kBlockEntries; ++entry) {
      const std::string key = absl::StrCat("bench-key-", 1'000'000'000 + i + entry);
      to += wal::EncodeCheckpointEntry(key, {.bytes = kValue}, to);
    }
    const auto bytes = static_cast<size_t>(to - block.data());
    CHECK((*file)->Append({block.data(), bytes}, kBlockEntries).ok());
  }
  CHECK((*file)->Commit(0).ok());
  Recover(state, directory);
}
BENCHMARK(ReadCheckpoint)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace corelane::bench

BENCHMARK_MAIN();
