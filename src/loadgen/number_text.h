#pragma once

// Numbers as people write them in a workload: "1.5k", "10s", "64kb", and lists of them. All take
// plain decimal digits with at most one point, without sign or exponent, and the unit right behind.
// What is wrong is said with the text itself, so that a caller needs to add nothing but where it
// stood. Pure; any thread.

#include <corelane/status.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace corelane::loadgen {

// Longer than any run; short enough that the nanoseconds of many of them fit an int64.
inline constexpr int64_t kDurationNanosMax = int64_t{31} * 24 * 3600 * 1'000'000'000;

// One operation a nanosecond: what a schedule in whole nanoseconds can still say.
inline constexpr double kRatePerSecondMax = 1e9;

// "250", "2.5k", "1m" (10^3, 10^6), from 0 to kRatePerSecondMax.
[[nodiscard]] Result<double> ParseRate(std::string_view text);

// "250us", "500ms", "10s", "1.5m", "24h"; more than 0, at most kDurationNanosMax.
[[nodiscard]] Result<int64_t> ParseDurationNanos(std::string_view text);

// "100", "64b", "4kb", "1mb" (2^10, 2^20), from 0 to kValueBytesHardMax.
[[nodiscard]] Result<uint32_t> ParseValueBytes(std::string_view text);

// Sums of many such are still far inside a double.
inline constexpr double kPlainNumberMax = 1e15;

// A number without a unit, from 0 to kPlainNumberMax.
[[nodiscard]] Result<double> ParsePlainNumber(std::string_view text);

// "a,b,c" to {"a", "b", "c"}; there is always one, which may be empty.
[[nodiscard]] std::vector<std::string_view> SplitAt(std::string_view text, char separator);

}  // namespace corelane::loadgen
