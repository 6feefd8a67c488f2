#pragma once

// The files that export writes and import reads: entries in one of four formats. Pure but for the
// reading of the file; one thread.
//
//   json          one JSON object a line, with type and times              (json_format.cc)
//   json-object   one JSON object, as in COMPAT, part 5: types, no times   (json_object_format.cc)
//   zigkv001      the binary snapshot of COMPAT, part 2; values as their text  (zigkv_format.cc)
//   resp          SET commands for any redis-compatible server, likewise       (resp_format.cc)
//
// A file is its head, the entries one after the other, its tail. A reader looks at every length
// before it believes it; whatever is short or wrong is kCorruption "invalid snapshot: ...", with
// the place.

#include <corelane/limits.h>
#include <corelane/status.h>
#include <corelane/value.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "cli/byte_source.h"

namespace corelane::cli {

enum class SnapshotFormat : uint8_t { kJson, kJsonObject, kZigkv001, kResp };

// For messages.
inline constexpr std::string_view kSnapshotFormatNames = "json|json-object|zigkv001|resp";

// Nothing: there is no format of that name.
[[nodiscard]] std::optional<SnapshotFormat> SnapshotFormatNamed(std::string_view name);

struct SnapshotEntry {
  std::string key;
  Value value;
  std::chrono::sys_seconds created_at{};  // zero where the format does not have it
  std::optional<UnixMillis> expires_at;
};

// What the place that the entries go to takes.
struct EntryLimits {
  size_t key_bytes_max = kKeyBytesDefault;
  size_t value_bytes_max = kValueBytesDefault;
};

// What comes before the entries. It has the same length whatever the count, so that it can be
// written over when the count is known.
[[nodiscard]] std::string SnapshotHead(SnapshotFormat format, uint32_t entries);
[[nodiscard]] std::string_view SnapshotTail(SnapshotFormat format);
// The head says how many entries there are.
[[nodiscard]] bool HeadCounts(SnapshotFormat format);
// `index` counts the entries from 0. kBadArgument when the format cannot say the entry.
[[nodiscard]] Status AppendSnapshotEntry(SnapshotFormat format, uint64_t index,
                                         const SnapshotEntry& entry, base::Buffer& to);

class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;
  // Reads the next entry; false at the end of the file, which is where it has to be. After an error
  // nothing more may be asked for.
  [[nodiscard]] virtual Result<bool> Next(SnapshotEntry& entry) = 0;
};

// `source` must outlive the reader. An entry over the limits is an error, too.
[[nodiscard]] std::unique_ptr<SnapshotReader> OpenSnapshot(SnapshotFormat format,
                                                           ByteSource& source,
                                                           const EntryLimits& limits);

// For the readers: "invalid snapshot: WHAT, at offset N".
[[nodiscard]] Status InvalidSnapshot(std::string_view what, uint64_t offset);
// OK when a key, or value, of so many bytes may be imported; `what` names it.
[[nodiscard]] Status CheckEntryBytes(std::string_view what, uint64_t bytes, size_t bytes_max,
                                     uint64_t offset);
// How a value reads in a format that has strings only.
void AppendValueAsText(const Value& value, base::Buffer& to);

}  // namespace corelane::cli
