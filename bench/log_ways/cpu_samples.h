#pragma once

// CpuSamples: the CPU time that a thread spends on pieces of work with waiting in between, when the
// waiting is a loop that looks at the clock. Reading a thread's CPU time is a system call, so only
// every sixteenth piece is measured, and stands for the others.
//
// Used by one thread.

#include <algorithm>
#include <cstdint>

#include "env/process.h"

namespace corelane::bench {

class CpuSamples {
 public:
  CpuSamples() {
    constexpr int kTries = 100;
    reading_ns_ = INT64_MAX;
    for (int i = 0; i < kTries; ++i) {
      const int64_t begin_ns = env::ThreadCpuNanos();
      reading_ns_ = std::min(reading_ns_, env::ThreadCpuNanos() - begin_ns);
    }
  }

  void Begin() {
    measuring_ = pieces_++ % kEvery == 0;
    if (measuring_) begin_ns_ = env::ThreadCpuNanos();
  }
  void End() {
    if (!measuring_) return;
    measured_ns_ += std::max<int64_t>(env::ThreadCpuNanos() - begin_ns_ - reading_ns_, 0);
    ++measured_;
  }

  // Of all pieces.
  [[nodiscard]] double TotalNanos() const {
    if (measured_ == 0) return 0;
    return static_cast<double>(measured_ns_) / static_cast<double>(measured_) *
           static_cast<double>(pieces_);
  }

 private:
  static constexpr uint64_t kEvery = 16;

  int64_t reading_ns_ = 0;  // what a measurement adds to itself
  uint64_t pieces_ = 0;
  bool measuring_ = false;
  int64_t begin_ns_ = 0;
  uint64_t measured_ = 0;
  int64_t measured_ns_ = 0;
};

}  // namespace corelane::bench
