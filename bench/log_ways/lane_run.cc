#include "log_ways/lane_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <optional>
#include <utility>

#include "env/process.h"
#include "env/system_text.h"
#include "wal/format.h"

namespace corelane::bench {
namespace {

int64_t ProcessCpuNanos() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

// What this process has had written to devices; proc(5). Pages of the cache count when they become
// dirty.
std::optional<uint64_t> DeviceBytes() {
  constexpr std::string_view kLine = "\nwrite_bytes: ";
  const std::string text = env::RealSystemText().Read("/proc/self/io");
  const size_t at = text.find(kLine);
  if (at == std::string::npos) return std::nullopt;
  return std::stoull(text.substr(at + kLine.size()));
}

// What is used up so far, of the whole process.
struct Meter {
  explicit Meter(const Way& way)
      : syncs(way.syncs()),
        device_bytes(DeviceBytes()),
        process_cpu_ns(ProcessCpuNanos()),
        lane_cpu_ns(env::ThreadCpuNanos()) {}

  uint64_t syncs;
  std::optional<uint64_t> device_bytes;
  int64_t process_cpu_ns;
  int64_t lane_cpu_ns;
};

// What it takes to read the CPU time, by `clock`: half of the readings take less. One that was
// interrupted is among the others.
int64_t ReadingNanos(const env::Clock& clock) {
  std::array<int64_t, 101> tries{};
  for (int64_t& took_ns : tries) {
    const int64_t begin_ns = clock.MonotonicNanos();
    static_cast<void>(env::ThreadCpuNanos());
    took_ns = clock.MonotonicNanos() - begin_ns;
  }
  const auto middle = tries.begin() + tries.size() / 2;
  std::nth_element(tries.begin(), middle, tries.end());
  return *middle;
}

uint64_t BatchesOf(const Load& load, double seconds) {
  const double batches = load.frames_per_second * seconds / load.batch_frames;
  return static_cast<uint64_t>(std::max(std::ceil(batches), 1.0));
}

}  // namespace

void RunFigures::Merge(const RunFigures& other) {
  append.Merge(other.append);
  survives.Merge(other.survives);
  durable.Merge(other.durable);
  frames += other.frames;
  waits += other.waits;
  syncs += other.syncs;
  device_bytes += other.device_bytes;
  device_bytes_known = device_bytes_known && other.device_bytes_known;
  wall_ns += other.wall_ns;
  lane_cpu_ns += other.lane_cpu_ns;
  helper_cpu_ns += other.helper_cpu_ns;
}

LaneRun::LaneRun(const Load& load, wal::FsyncMode mode, const env::Clock& clock, Way& way)
    : load_(load),
      always_(mode == wal::FsyncMode::kAlways),
      clock_(clock),
      way_(way),
      value_(load.value_bytes, 'v'),
      reading_ns_max_(ReadingNanos(clock)) {}

uint64_t LaneRun::BytesMax(const Load& load, double seconds) {
  return BatchesOf(load, seconds) * load.batch_frames *
         (wal::kFrameOverheadBytesMax + kKey.size() + load.value_bytes);
}

int64_t LaneRun::DueOf(uint64_t batch) const {
  const double seconds = static_cast<double>(batch) * load_.batch_frames / load_.frames_per_second;
  return start_ns_ + static_cast<int64_t>(seconds * 1e9);
}

RunFigures LaneRun::Go(double seconds) {
  constexpr int64_t kHeadStartNanos = 1'000'000;
  figures_ = RunFigures();
  turn_cpu_ = poll_cpu_ = CpuSamples();
  batches_ = BatchesOf(load_, seconds);
  next_ = 0;
  const Meter before(way_);
  start_ns_ = clock_.MonotonicNanos() + kHeadStartNanos;
  while (next_ < batches_ || !not_survived_.empty() || !not_durable_.empty()) {
    const int64_t now_ns = clock_.MonotonicNanos();
    if (next_ < batches_ && DueOf(next_) <= now_ns) {
      Turn();
    } else {
      Idle(now_ns);
    }
  }
  figures_.wall_ns = clock_.MonotonicNanos() - start_ns_;
  const Meter after(way_);
  figures_.frames = batches_ * load_.batch_frames;
  figures_.syncs = after.syncs - before.syncs;
  figures_.device_bytes_known = before.device_bytes.has_value() && after.device_bytes.has_value();
  figures_.device_bytes = after.device_bytes.value_or(0) - before.device_bytes.value_or(0);
  figures_.lane_cpu_ns = turn_cpu_.TotalNanos() + poll_cpu_.TotalNanos();
  // Below 0 only by the moments between two readings.
  figures_.helper_cpu_ns =
      std::max(static_cast<double>((after.process_cpu_ns - before.process_cpu_ns) -
                                   (after.lane_cpu_ns - before.lane_cpu_ns)),
               0.0);
  return std::move(figures_);
}

void LaneRun::Turn() {
  const uint64_t first = next_;
  // What reading the CPU time takes is not the way's. Whatever goes beyond that is an interruption,
  // which the frames have waited for.
  const int64_t read_begin_ns = clock_.MonotonicNanos();
  turn_cpu_.Begin();
  const int64_t reading_ns = std::min(clock_.MonotonicNanos() - read_begin_ns, reading_ns_max_);
  do {
    AppendBatch();
  } while (next_ < batches_ && next_ - first < kBatchesPerTurnMax &&
           DueOf(next_) <= clock_.MonotonicNanos());
  way_.EndTurn();
  const int64_t end_ns = clock_.MonotonicNanos() - reading_ns;
  turn_cpu_.End();
  for (uint64_t batch = first; batch < next_; ++batch) {
    figures_.append.RecordMany(end_ns - DueOf(batch), load_.batch_frames);
  }
  Settle();
}

void LaneRun::AppendBatch() {
  const kv::ValueView value{.type = kv::ValueType::kString, .bytes = value_};
  for (uint32_t i = 0; i < load_.batch_frames; ++i) {
    uint64_t seq = way_.Append(kKey, value);
    if (seq == 0) {
      ++figures_.waits;
      way_.EndTurn();
      while ((seq = way_.Append(kKey, value)) == 0) Idle(clock_.MonotonicNanos());
    }
    last_seq_ = seq;
  }
  const Batch batch{.seq = last_seq_, .due_ns = DueOf(next_)};
  not_survived_.Push(batch);
  if (always_) not_durable_.Push(batch);
  ++next_;
}

void LaneRun::Idle(int64_t now_ns) {
  if (way_.PollDue(now_ns)) {
    poll_cpu_.Begin();
    way_.Poll(now_ns);
    poll_cpu_.End();
  }
  Settle();
}

void LaneRun::Settle() {
  SettleAs(not_survived_, way_.survived_seq(), figures_.survives);
  if (always_) SettleAs(not_durable_, way_.durable_seq(), figures_.durable);
}

void LaneRun::SettleAs(base::Ring<Batch>& pending, uint64_t seq, base::Histogram& latency) {
  if (pending.empty() || pending.front().seq > seq) return;
  const int64_t now_ns = clock_.MonotonicNanos();
  while (!pending.empty() && pending.front().seq <= seq) {
    latency.RecordMany(now_ns - pending.front().due_ns, load_.batch_frames);
    pending.Pop();
  }
}

}  // namespace corelane::bench
