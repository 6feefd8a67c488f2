#pragma once

// What a worker of the load generator and the thread that made it say to each other. Plain values.

#include <cstdint>

namespace corelane::loadgen {

struct WorkerOrder {
  enum class Kind : uint8_t { kBegin, kSweep, kStop };
  Kind kind = Kind::kStop;
  int64_t begin_ns = 0;  // kBegin: when the schedule begins
};

struct WorkerNews {
  // kDrained: of a verified run, which waits for kSweep; another run has ended then.
  enum class Kind : uint8_t { kPrefilled, kReady, kWindow, kDrained, kEnded };
  Kind kind = Kind::kReady;
  uint64_t done = 0;  // kPrefilled: keys so far
  // kWindow: the second that has just ended.
  uint32_t window = 0;
  uint64_t answered = 0;
  uint64_t failed = 0;
  int64_t behind_ns = 0;
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
  int64_t p99_9_ns = 0;
  int64_t max_ns = 0;
};

}  // namespace corelane::loadgen
