#pragma once

// Nanoseconds and counts as reports tell them. Pure; any thread.

#include <cstdint>

namespace corelane::loadgen {

[[nodiscard]] constexpr double Micros(int64_t nanos) { return static_cast<double>(nanos) / 1e3; }
[[nodiscard]] constexpr double Millis(int64_t nanos) { return static_cast<double>(nanos) / 1e6; }

// 0 where no time has passed.
[[nodiscard]] constexpr double PerSecond(uint64_t count, int64_t nanos) {
  return nanos <= 0 ? 0 : static_cast<double>(count) * 1e9 / static_cast<double>(nanos);
}

}  // namespace corelane::loadgen
