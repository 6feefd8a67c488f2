#pragma once

// What the wires share to write requests straight into room that a buffer has reserved, and to
// recognise replies by their first bytes. Pure functions; any thread. The caller has reserved
// enough.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/buffer.h"
#include "proto/native_client.h"

namespace corelane::loadgen {

inline constexpr std::string_view kCrLf = "\r\n";
inline constexpr size_t kDecimalBytesMax = 20;  // of a u64

// Each returns where to go on.
[[nodiscard]] inline char* PutBytes(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

[[nodiscard]] inline char* PutDecimal(char* at, uint64_t number) {
  // The lengths of most keys and values; a division by a constant is cheaper than a call.
  if (number < 10) {
    *at = static_cast<char>('0' + number);
    return at + 1;
  }
  if (number < 100) {
    at[0] = static_cast<char>('0' + number / 10);
    at[1] = static_cast<char>('0' + number % 10);
    return at + 2;
  }
  return std::to_chars(at, at + kDecimalBytesMax, number).ptr;
}

// Counts what was written from `begin`, which is what Reserve() gave, up to `end`.
inline void Commit(const char* begin, const char* end, base::Buffer& out) {
  out.Commit(static_cast<size_t>(end - begin));
}

// kDone: `in` begins with `literal`. kNeedMore: it may once there is more. kError: it never will.
[[nodiscard]] inline proto::ReplyState TakeLiteral(std::string_view in, std::string_view literal) {
  if (in.starts_with(literal)) return proto::ReplyState::kDone;
  return literal.starts_with(in) ? proto::ReplyState::kNeedMore : proto::ReplyState::kError;
}

// A decimal number and nothing else, of 18 digits at most, so that it fits with room to add to.
[[nodiscard]] inline bool ReadDecimal(std::string_view text, uint64_t& number) {
  constexpr size_t kDigitsMax = 18;
  if (text.empty() || text.size() > kDigitsMax) return false;
  number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return false;
    number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  return true;
}

}  // namespace corelane::loadgen
