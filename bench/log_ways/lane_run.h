#pragma once

// LaneRun: plays the lane on one Way, at a steady open-loop rate. Frames come due in batches, at
// times that were fixed before the run; a turn appends all batches that are due, ends, and is over
// when EndTurn() returns. Every latency counts from when the frame was due, so a stall shows in all
// frames that came due while it lasted. Between turns the lane looks at the clock and at what has
// become of its frames; that waiting is not counted as its CPU time.
//
// Owned by the program, used by the thread that plays the lane.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/histogram.h"
#include "base/ring.h"
#include "env/clock.h"
#include "kv/value.h"
#include "log_ways/cpu_samples.h"
#include "log_ways/way.h"

namespace corelane::bench {

struct Load {
  double frames_per_second = 50'000;
  uint32_t batch_frames = 8;
  uint32_t value_bytes = 56;
};

struct RunFigures {
  base::Histogram append;    // until the turn that appended the frame was over
  base::Histogram survives;  // until the lane knew that it would survive kill -9
  base::Histogram durable;   // until the lane knew that it was on stable storage; of always only
  uint64_t frames = 0;
  uint64_t waits = 0;  // times without room
  uint64_t syncs = 0;
  uint64_t device_bytes = 0;       // as /proc/self/io counts
  bool device_bytes_known = true;  // it says
  int64_t wall_ns = 0;
  double lane_cpu_ns = 0;
  double helper_cpu_ns = 0;  // of all other threads, those of the kernel for its ring among them

  void Merge(const RunFigures& other);
};

class LaneRun {
 public:
  static constexpr std::string_view kKey = "bench-key-0123456789";
  // More are left to the next turn.
  static constexpr uint32_t kBatchesPerTurnMax = 32;

  LaneRun(const Load& load, wal::FsyncMode mode, const env::Clock& clock, Way& way);

  // What a run of so many seconds appends at the most.
  [[nodiscard]] static uint64_t BytesMax(const Load& load, double seconds);

  // Returns when all frames of these seconds have survived, and in mode always are durable.
  [[nodiscard]] RunFigures Go(double seconds);

 private:
  struct Batch {
    uint64_t seq;  // of its last frame
    int64_t due_ns;
  };

  [[nodiscard]] int64_t DueOf(uint64_t batch) const;
  void Turn();
  void AppendBatch();
  void Idle(int64_t now_ns);
  void Settle();
  void SettleAs(base::Ring<Batch>& pending, uint64_t seq, base::Histogram& latency);

  const Load load_;
  const bool always_;
  const env::Clock& clock_;
  Way& way_;
  const std::string value_;
  const int64_t reading_ns_max_;  // of reading the CPU time, as calibrated

  // Of the current Go().
  RunFigures figures_;
  CpuSamples turn_cpu_;
  CpuSamples poll_cpu_;
  int64_t start_ns_ = 0;
  uint64_t batches_ = 0;
  uint64_t next_ = 0;
  uint64_t last_seq_ = 0;  // of the frame before
  base::Ring<Batch> not_survived_;
  base::Ring<Batch> not_durable_;
};

}  // namespace corelane::bench
