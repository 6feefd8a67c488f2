#pragma once

// How corelane-wal writes a frame: as a line of NAME=VALUE for people and grep, and as a JSON
// object for programs. Pure functions.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "kv/value.h"
#include "wal/format.h"

namespace corelane::wal_tool {

struct PlacedFrame {
  uint32_t lane = 0;
  uint64_t checkpoint = 0;  // of an entry, which is told as the put that makes it; else 0
  uint64_t segment = 0;     // of a frame
  uint64_t offset = 0;      // of the frame, or of the block that the entry stands in
  const wal::Frame& frame;
  bool with_value = false;  // write the value's bytes too
};

// "put", "put-expiring", ...
[[nodiscard]] std::string_view FrameTypeName(wal::FrameType type);

// As redis-cli shows bytes: in double quotes, what is not printable ASCII as \n, \r, \t, \a, \b or
// \xHH.
[[nodiscard]] std::string QuotedBytes(std::string_view bytes);

// "2026-11-20T12:00:00Z" in UTC, with .123 behind the seconds when they are not whole.
[[nodiscard]] std::string TimeText(int64_t unix_ms);

// Without a line end.
[[nodiscard]] std::string FrameLine(const PlacedFrame& placed);

// Keys and values that are not UTF-8 stand in base64, under "key_base64" and "value_base64".
[[nodiscard]] nlohmann::ordered_json FrameJson(const PlacedFrame& placed);

}  // namespace corelane::wal_tool
