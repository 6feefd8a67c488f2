// What the log costs the lane: nanoseconds a frame in a tight loop, the tail of Append's latency at
// a steady rate while the helper syncs, and how fast a log is read back.
//
//   build/release/bench/log-bench [DIRECTORY] [FRAMES_PER_SECOND] [SECONDS]
//
// The directory (default: log-bench-data, made and removed) decides the disk. Run it pinned to two
// cores: the lane and the helper.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "base/histogram.h"
#include "env/clock.h"
#include "env/posix_file_system.h"
#include "wal/lane_log_writer.h"
#include "wal/recovery.h"

namespace corelane {
namespace {

// 20-byte keys and 56-byte values make frames of 100 bytes, 104 with their padding.
constexpr std::string_view kKey = "bench-key-0123456789";
const std::string kValue(56, 'v');
constexpr uint64_t kTightFrames = 4'000'000;

class Bench {
 public:
  Bench(std::string path, double frames_per_second, double seconds)
      : path_(std::move(path)), frames_per_second_(frames_per_second), seconds_(seconds) {}

  void TightLoop();
  void SteadyRate(wal::FsyncMode mode, const char* name, size_t value_bytes);
  void ReadBack();

 private:
  std::unique_ptr<wal::LaneLogWriter> OpenNew(wal::FsyncMode mode);
  wal::LaneIdentity Lane() const { return {.directory = path_, .lane = 0, .generation = 1}; }

  const std::string path_;
  const double frames_per_second_;
  const double seconds_;
  env::PosixFileSystem files_;
  env::SystemClock clock_;
};

[[noreturn]] void Fail(const Status& status) {
  absl::FPrintF(stderr, "log-bench: %s\n", status.ToString());
  std::exit(1);
}

std::unique_ptr<wal::LaneLogWriter> Bench::OpenNew(wal::FsyncMode mode) {
  if (Status status = files_.RemoveRecursively(path_); !status.ok()) Fail(status);
  if (Status status = files_.CreateDirectories(path_); !status.ok()) Fail(status);
  wal::LaneLogOptions options;
  options.files = &files_;
  options.clock = &clock_;
  options.lane = Lane();
  options.mode = mode;
  auto log = wal::OpenLaneLog(options);
  if (!log.ok()) Fail(log.status());
  return std::move(log).value();
}

void Bench::TightLoop() {
  auto log = OpenNew(wal::FsyncMode::kOs);
  const kv::ValueView value{.type = kv::ValueType::kString, .bytes = kValue};
  base::Histogram batches;
  uint64_t frames = 0;
  constexpr uint64_t kBatch = 1000;
  while (frames < kTightFrames) {
    if (log->Admit(kBatch, kBatch * (kKey.size() + kValue.size())) != wal::Admission::kOk) continue;
    const int64_t begin = clock_.MonotonicNanos();
    for (uint64_t i = 0; i < kBatch; ++i) log->AppendPut(kKey, value);
    log->EndTurn();
    batches.Record(clock_.MonotonicNanos() - begin);
    frames += kBatch;
  }
  const auto stats = log->Stats();
  absl::PrintF(
      "tight loop, os: %.1f ns a frame in the median batch, %.1f on average (%u frames of %.0f "
      "bytes, %u waits)\n",
      static_cast<double>(batches.ValueAtPercentile(50)) / kBatch, batches.Mean() / kBatch, frames,
      static_cast<double>(stats.appended_bytes) / static_cast<double>(stats.appended_frames),
      stats.waits);
  if (Status status = log->Close(); !status.ok()) Fail(status);
}

void Bench::SteadyRate(wal::FsyncMode mode, const char* name, size_t value_bytes) {
  auto log = OpenNew(mode);
  const std::string bytes(value_bytes, 'v');
  const kv::ValueView value{.type = kv::ValueType::kString, .bytes = bytes};
  base::Histogram latency;
  const auto frames = static_cast<uint64_t>(frames_per_second_ * seconds_);
  const int64_t start = clock_.MonotonicNanos();
  for (uint64_t i = 0; i < frames; ++i) {
    const int64_t due =
        start + static_cast<int64_t>(static_cast<double>(i) / frames_per_second_ * 1e9);
    while (clock_.MonotonicNanos() < due) {
    }
    // From here on all that a lane does for one change: ask, append, end the turn.
    const int64_t begin = clock_.MonotonicNanos();
    while (log->Admit(1, kKey.size() + bytes.size()) != wal::Admission::kOk) {
    }
    log->AppendPut(kKey, value);
    log->EndTurn();
    latency.Record(clock_.MonotonicNanos() - begin);
  }
  const auto stats = log->Stats();
  const auto micros = [&](double percent) {
    return static_cast<double>(latency.ValueAtPercentile(percent)) / 1e3;
  };
  absl::PrintF(
      "%-8s %5u B values, %.0f/s: p50 %.2f  p99 %.2f  p99.9 %.2f  p99.99 %.1f  max %.1f us; "
      "%u syncs (longest %.1f ms), %u waits\n",
      name, value_bytes, frames_per_second_, micros(50), micros(99), micros(99.9), micros(99.99),
      static_cast<double>(latency.Max()) / 1e3, stats.syncs,
      static_cast<double>(stats.sync_nanos_max) / 1e6, stats.waits);
  if (Status status = log->Close(); !status.ok()) Fail(status);
}

class CountingVisitor final : public wal::FrameVisitor {
 public:
  Status OnFrame(const wal::Frame& frame) override {
    bytes += frame.key.size() + frame.value.bytes.size();
    return OkStatus();
  }
  uint64_t bytes = 0;
};

void Bench::ReadBack() {
  CountingVisitor visitor;
  const int64_t begin = clock_.MonotonicNanos();
  const auto recovery = wal::RecoverLane(files_, Lane(), visitor);
  if (!recovery.ok()) Fail(recovery.status());
  const auto nanos = static_cast<double>(clock_.MonotonicNanos() - begin);
  absl::PrintF("read back (page cache): %.1f M frames/s, %.0f MB/s\n",
               static_cast<double>(recovery->frames) / nanos * 1e3,
               static_cast<double>(recovery->bytes) / nanos * 1e3);
  if (Status status = files_.RemoveRecursively(path_); !status.ok()) Fail(status);
}

}  // namespace
}  // namespace corelane

int main(int argc, char** argv) {
  using corelane::wal::FsyncMode;
  const std::string path = argc > 1 ? argv[1] : "log-bench-data";
  const double frames_per_second = argc > 2 ? std::atof(argv[2]) : 50'000;
  const double seconds = argc > 3 ? std::atof(argv[3]) : 5;
  corelane::Bench bench(path + "/lane", frames_per_second, seconds);
  bench.SteadyRate(FsyncMode::kOs, "os", 56);
  bench.SteadyRate(FsyncMode::kEverySecond, "everysec", 56);
  bench.SteadyRate(FsyncMode::kAlways, "always", 56);
  bench.SteadyRate(FsyncMode::kEverySecond, "everysec", 1000);
  bench.SteadyRate(FsyncMode::kAlways, "always", 1000);
  bench.TightLoop();
  bench.ReadBack();
  return 0;
}
