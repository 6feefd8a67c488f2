#pragma once

// Clock: the only way to read the time. Two clocks, never mixed:
//   MonotonicNanos  never steps; for deadlines, timers and latencies. Its zero means nothing.
//   WallMillis      unix time; for expiry and created-at. May step.
// Implementations are safe to call from any thread. The real one is SystemClock; tests drive a
// ManualClock.

#include <atomic>
#include <cstdint>

namespace corelane::env {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual int64_t MonotonicNanos() const = 0;
  [[nodiscard]] virtual int64_t WallMillis() const = 0;
  // The same clock as WallMillis, finer where the clock is.
  [[nodiscard]] virtual int64_t WallMicros() const { return WallMillis() * 1000; }
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] int64_t MonotonicNanos() const override;
  [[nodiscard]] int64_t WallMillis() const override;
  [[nodiscard]] int64_t WallMicros() const override;
};

// Stands still until told. Starts at the given wall time with the monotonic clock at one second.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t wall_millis = 1'700'000'000'000) : wall_millis_(wall_millis) {}
  [[nodiscard]] int64_t MonotonicNanos() const override { return monotonic_nanos_.load(); }
  [[nodiscard]] int64_t WallMillis() const override { return wall_millis_.load(); }
  void AdvanceMillis(int64_t millis) {
    monotonic_nanos_.fetch_add(millis * 1'000'000);
    wall_millis_.fetch_add(millis);
  }

 private:
  std::atomic<int64_t> monotonic_nanos_{1'000'000'000};
  std::atomic<int64_t> wall_millis_;
};

}  // namespace corelane::env
