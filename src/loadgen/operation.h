#pragma once

// Operation: one thing that the load generator asks of a server, before any protocol. A plain
// value; the spans are the workload's and hold until its next operation.

#include <cstdint>
#include <span>
#include <string_view>

namespace corelane::loadgen {

enum class OpKind : uint8_t {
  kRead,             // one key
  kUpdate,           // writes a key that the load phase has written
  kInsert,           // writes the next new key
  kReadMulti,        // several keys in one request
  kWriteMulti,       // the same, written
  kReadModifyWrite,  // a read, and a write of the same key once the read is answered
  kDelete,
  kExpire,  // gives a key a time to live
  kReplay,  // a recorded command, whatever it does; in no mix
};
inline constexpr uint32_t kOpKinds = 9;
// The first of them, of which a mix is made.
inline constexpr uint32_t kMixKinds = 8;

// "read", "update", ...: as it stands in reports.
[[nodiscard]] std::string_view OpName(OpKind kind);

[[nodiscard]] constexpr bool Writes(OpKind kind) {
  return kind != OpKind::kRead && kind != OpKind::kReadMulti;
}

struct Operation {
  OpKind kind = OpKind::kRead;
  std::span<const uint64_t> keys;  // numbers of keys, one but for the multi kinds
  uint32_t value_bytes = 0;        // of what is written
  uint32_t ttl_ms = 0;             // of what is written, or for kExpire; 0: none
};

}  // namespace corelane::loadgen
