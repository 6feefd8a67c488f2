#pragma once

// Entries as JSON, one object a line:
//
//   {"key":"k","type":"String","value":"v","created_at":1700000000,"expires_at":null}
//
// - "value" is as the JSON protocol writes it (PROTOCOL.md, 4.1), "type" one of String, Integer,
//   Float, Boolean and Binary.
// - Bytes that are no UTF-8 are {"Binary":[1,2,255]}, in "key" as well; "type" then says that the
//   value is a string all the same.
// - "created_at" is in unix seconds, "expires_at" in unix milliseconds, or null.
//
// The reader wants "key" and "value"; the rest may be missing, in any order. Nothing is skipped
// over: an unknown member and one that comes twice are errors. Blank lines are fine. One thread.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "cli/byte_source.h"
#include "cli/snapshot_format.h"

namespace corelane::cli {

void AppendJsonEntry(const SnapshotEntry& entry, base::Buffer& to);

// Reads one line. What is wrong with it is a Status without a place: the line is the caller's.
[[nodiscard]] Status ParseJsonEntry(std::string_view line, SnapshotEntry& entry);

// What no entry within the limits takes more than, with its names, brackets and times.
[[nodiscard]] size_t JsonLineBytesMax(const EntryLimits& limits);

class JsonEntryReader final : public SnapshotReader {
 public:
  JsonEntryReader(ByteSource& source, const EntryLimits& limits)
      : source_(source), limits_(limits) {}
  [[nodiscard]] Result<bool> Next(SnapshotEntry& entry) override;

 private:
  [[nodiscard]] Status CheckLimits(const SnapshotEntry& entry) const;
  [[nodiscard]] Status Invalid(std::string_view what) const;

  ByteSource& source_;
  const EntryLimits limits_;
  uint64_t line_number_ = 0;
};

}  // namespace corelane::cli
