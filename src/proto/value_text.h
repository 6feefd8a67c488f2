#pragma once

// Typed values as people write them: String("a\"b"), Integer(10), Float(1.5), Boolean(true),
// Binary([1, 2, 255]). What is printed reads back as the same value, to the bit (but for the
// payload of a NaN). PROTOCOL.md, part 3, has the escapes.
//
// Pure; any thread.

#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "kv/value.h"

namespace corelane::proto {

// The most bytes that one byte of a string or a binary becomes: \u{7f} and its like.
inline constexpr size_t kValueTextBytesPerByteMax = 6;

// A float with the fewest digits that read back as the same number, and always with a decimal point
// or an exponent: 2.0, 1e16, 1.5e-7; or NaN, inf, -inf. Points into `scratch`.
[[nodiscard]] std::string_view FloatText(double real,
                                         std::array<char, kv::kScalarTextBytesMax>& scratch);

// The inverse; also takes other numbers of digits, point and exponent. False: `text` is none, or is
// beyond what a double can hold.
[[nodiscard]] bool ParseFloat(std::string_view text, double& real);

void AppendValueText(const kv::ValueView& value, base::Buffer& out);

// "[1, 2, 255]" with `separator` between the numbers.
void AppendByteList(std::string_view bytes, std::string_view separator, base::Buffer& out);

// Reads what AppendValueText() writes, with blanks allowed around and between its parts. The bytes
// of `value` are then in a new string of `store`, or static. False: `text` is no typed value.
[[nodiscard]] bool ParseValueText(std::string_view text, std::deque<std::string>& store,
                                  kv::ValueView& value);

}  // namespace corelane::proto
