#pragma once

// The decimal text of extended-precision numbers, read and written as redis does it for
// INCRBYFLOAT. Pure; any thread.

#include <array>
#include <cstddef>
#include <string_view>

namespace corelane::shard {

// Longer texts are not read, and no number has a longer one: the largest long double has 4933
// digits before the point.
inline constexpr size_t kFloatTextBytesMax = 5119;

// What C reads as a number (decimal, hexadecimal, inf), with nothing before or behind it. False for
// anything else, NaN, and what is out of range.
[[nodiscard]] bool ParseFloat(std::string_view text, long double& number);

// A finite number without an exponent, with 17 digits after the point at most and no zeros at the
// end. The result points into `scratch`.
[[nodiscard]] std::string_view FormatFloat(long double number,
                                           std::array<char, kFloatTextBytesMax + 1>& scratch);

}  // namespace corelane::shard
