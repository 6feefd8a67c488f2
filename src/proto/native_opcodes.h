#pragma once

// The numbers of the native protocol that server and client share: opcodes, fixed sizes, the texts
// of the errors that close a connection. PROTOCOL.md says the same in prose, byte by byte.
// Constants and pure functions; any thread.

#include <corelane/limits.h>
#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace corelane::proto {

enum class NativeOpcode : uint8_t {
  // Version 1. These only ever answer the statuses 00, 01 and 02.
  kPut = 0x01,
  kGet = 0x02,
  kDelete = 0x03,
  kPing = 0x04,

  // Extensions. These may answer the specific statuses from 10 up.
  kPutTtl = 0x10,
  kPutTyped = 0x11,
  kGetTyped = 0x12,
  kMultiGet = 0x13,
  kMultiPut = 0x14,
  kContains = 0x15,
  kCount = 0x16,
  kList = 0x17,
  kStats = 0x18,
  kIncrement = 0x19,
  kTtl = 0x1a,
  kExpire = 0x1b,
  kPersist = 0x1c,
  kMultiDelete = 0x1d,
  kClear = 0x1e,
  kSave = 0x1f,
};

inline constexpr uint8_t kNativeOpcodeEnd = 0x20;  // one past the last that there will be
inline constexpr uint8_t kNativeExtensionsBegin = 0x10;

inline constexpr size_t kNativeRequestHeaderBytes = 9;  // opcode u8, key_len u32, val_len u32
inline constexpr size_t kNativeReplyHeaderBytes = 5;    // status u8, val_len u32
inline constexpr size_t kNativeTtlBytes = 8;            // u64 milliseconds
inline constexpr size_t kNativeTypeBytes = 1;           // a kv::ValueType
inline constexpr size_t kNativeLengthBytes = 4;  // u32 in front of each key or value in a list
inline constexpr size_t kNativeCursorBytes = 8;
inline constexpr size_t kNativePageArgsBytes = kNativeCursorBytes + 4;  // cursor u64, max u32
inline constexpr size_t kNativeTypedHeaderBytes = 1 + 8 + 8;  // type, created_at s, expires_at ms

// The TTL that means "no expiry" in PUT_TYPED.
inline constexpr uint64_t kNativeNoTtl = UINT64_MAX;

inline constexpr std::string_view kUnknownCommandText = "unknown command";
inline constexpr std::string_view kKeyTooLargeText = "key exceeds maximum size";
inline constexpr std::string_view kValueTooLargeText = "value exceeds maximum size";
inline constexpr std::string_view kBadArgumentText = "malformed arguments";
inline constexpr std::string_view kReplyTooLargeText = "reply exceeds maximum size";
inline constexpr std::string_view kReplyMismatchText = "the reply has no form in this protocol";

// The status byte of a failure: version 1 knows only 00, 01 and 02.
[[nodiscard]] constexpr uint8_t NativeStatusByte(uint8_t opcode, StatusCode code) {
  const auto byte = static_cast<uint8_t>(code);
  if (byte <= static_cast<uint8_t>(StatusCode::kNotFound)) return byte;
  const bool specific = opcode >= kNativeExtensionsBegin && code >= StatusCode::kOutOfMemory &&
                        code <= StatusCode::kUnauthorized;
  return specific ? byte : static_cast<uint8_t>(StatusCode::kError);
}

}  // namespace corelane::proto
