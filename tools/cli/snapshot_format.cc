#include "cli/snapshot_format.h"

#include <array>

#include "cli/json_format.h"
#include "cli/json_object_format.h"
#include "cli/resp_format.h"
#include "cli/zigkv_format.h"
#include "kv/public_value.h"
#include "kv/value.h"

namespace corelane::cli {

std::optional<SnapshotFormat> SnapshotFormatNamed(std::string_view name) {
  if (name == "json") return SnapshotFormat::kJson;
  if (name == "json-object") return SnapshotFormat::kJsonObject;
  if (name == "zigkv001") return SnapshotFormat::kZigkv001;
  if (name == "resp") return SnapshotFormat::kResp;
  return std::nullopt;
}

std::string SnapshotHead(SnapshotFormat format, uint32_t entries) {
  if (format == SnapshotFormat::kZigkv001) return ZigkvHead(entries);
  return format == SnapshotFormat::kJsonObject ? "{" : "";
}

std::string_view SnapshotTail(SnapshotFormat format) {
  return format == SnapshotFormat::kJsonObject ? "}\n" : "";
}

bool HeadCounts(SnapshotFormat format) { return format == SnapshotFormat::kZigkv001; }

Status AppendSnapshotEntry(SnapshotFormat format, uint64_t index, const SnapshotEntry& entry,
                           base::Buffer& to) {
  switch (format) {
    case SnapshotFormat::kJson:
      AppendJsonEntry(entry, to);
      break;
    case SnapshotFormat::kJsonObject:
      if (index > 0) to.Append(",\n");
      return AppendJsonMember(entry, to);
    case SnapshotFormat::kZigkv001:
      AppendZigkvEntry(entry, to);
      break;
    case SnapshotFormat::kResp:
      AppendRespEntry(entry, to);
      break;
  }
  return OkStatus();
}

std::unique_ptr<SnapshotReader> OpenSnapshot(SnapshotFormat format, ByteSource& source,
                                             const EntryLimits& limits) {
  switch (format) {
    case SnapshotFormat::kJson:
      break;
    case SnapshotFormat::kJsonObject:
      return std::make_unique<JsonObjectReader>(source, limits);
    case SnapshotFormat::kZigkv001:
      return std::make_unique<ZigkvReader>(source, limits);
    case SnapshotFormat::kResp:
      return std::make_unique<RespReader>(source, limits);
  }
  return std::make_unique<JsonEntryReader>(source, limits);
}

Status InvalidSnapshot(std::string_view what, uint64_t offset) {
  return Status(StatusCode::kCorruption,
                "invalid snapshot: " + std::string(what) + ", at offset " + std::to_string(offset));
}

Status CheckEntryBytes(std::string_view what, uint64_t bytes, size_t bytes_max, uint64_t offset) {
  if (bytes <= bytes_max) return OkStatus();
  return InvalidSnapshot("a " + std::string(what) + " of " + std::to_string(bytes) +
                             " bytes, and the limit is " + std::to_string(bytes_max),
                         offset);
}

void AppendValueAsText(const Value& value, base::Buffer& to) {
  kv::ScalarBytes scalar(int64_t{0});
  std::array<char, kv::kScalarTextBytesMax> scratch;
  kv::ValueView view;
  view.type = kv::TypeOf(value);
  view.bytes = kv::BytesOf(value, scalar);
  to.Append(kv::TextOf(view, scratch));
}

}  // namespace corelane::cli
