#pragma once

// Value: a typed value, as the client library and the embedded store take and give it, and what
// belongs to it. Plain value types.
//
// The order of the alternatives is the order of the type numbers on the wire and on disk, so
// index() is the type's number. Strings and binaries hold the same bytes; they differ in how typed
// protocols print them.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace corelane {

struct Binary {
  std::string bytes;
  friend bool operator==(const Binary&, const Binary&) = default;
};

using Value = std::variant<std::string, int64_t, double, bool, Binary>;

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

using UnixMillis = std::chrono::sys_time<std::chrono::milliseconds>;

struct StoredValue {
  Value value;
  std::chrono::sys_seconds created_at;
  std::optional<UnixMillis> expires_at;
};

// How long a key still has; empty when it stays until it is deleted.
struct TimeToLive {
  std::optional<std::chrono::milliseconds> left;
};

// The type's name as typed protocols print it: "String", "Integer", "Float", "Boolean", "Binary".
[[nodiscard]] std::string_view ValueTypeName(const Value& value);

}  // namespace corelane
