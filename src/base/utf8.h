#pragma once

// UTF-8, as the text and JSON protocols need it: is it, where does a character end, and writing
// one. Strict: no overlong forms, no surrogates, nothing above U+10FFFF. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corelane::base {

inline constexpr uint32_t kCodePointMax = 0x10ffff;

[[nodiscard]] inline bool IsSurrogate(uint32_t code_point) {
  return code_point >= 0xd800 && code_point <= 0xdfff;
}

// How many bytes the character at the front of `text` has; 0 when there is none, or no UTF-8.
[[nodiscard]] size_t Utf8CharacterBytes(std::string_view text);

[[nodiscard]] bool IsUtf8(std::string_view text);

// `code_point` is at most kCodePointMax and no surrogate.
void AppendUtf8(uint32_t code_point, std::string& to);

// The value of a hexadecimal digit, or -1.
[[nodiscard]] inline int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace corelane::base
