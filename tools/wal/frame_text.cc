#include "wal/frame_text.h"

#include <array>
#include <ctime>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/utf8.h"
#include "wal/checkpoint_format.h"

namespace corelane::wal_tool {
namespace {

constexpr int64_t kMillisPerSecond = 1000;

bool HasKey(wal::FrameType type) {
  return type != wal::FrameType::kClear && type != wal::FrameType::kDurableMark;
}

bool IsPut(wal::FrameType type) {
  return type == wal::FrameType::kPut || type == wal::FrameType::kPutExpiring ||
         type == wal::FrameType::kPutNoted;
}

bool HasMarks(wal::FrameType type) {
  return type == wal::FrameType::kPutNoted || type == wal::FrameType::kMarks;
}

// An expiry that takes another one away is worth telling; a put without one is not.
bool TellsExpiry(const wal::Frame& frame) {
  return frame.type == wal::FrameType::kExpiry ||
         (IsPut(frame.type) && frame.value.expires_at != kv::kNoExpiry);
}

std::string_view ValueTypeName(kv::ValueType type) {
  switch (type) {
    case kv::ValueType::kString:
      return "string";
    case kv::ValueType::kInteger:
      return "integer";
    case kv::ValueType::kFloat:
      return "float";
    case kv::ValueType::kBoolean:
      return "boolean";
    case kv::ValueType::kBinary:
      return "binary";
  }
  return "unknown";
}

std::string MarksText(kv::Marks marks) {
  std::string text;
  if ((marks & kv::kMarkStale) != 0) text += "stale";
  if ((marks & kv::kMarkBinaryKey) != 0) text += text.empty() ? "binary-key" : ",binary-key";
  return text.empty() ? "none" : text;
}

bool IsBytes(kv::ValueType type) {
  return type == kv::ValueType::kString || type == kv::ValueType::kBinary;
}

std::string ValueText(const kv::ValueView& value) {
  std::array<char, kv::kScalarTextBytesMax> scratch{};
  const std::string_view text = kv::TextOf(value, scratch);
  return IsBytes(value.type) ? QuotedBytes(text) : std::string(text);
}

void AppendValue(const PlacedFrame& placed, std::string& line) {
  const kv::ValueView& value = placed.frame.value;
  absl::StrAppendFormat(&line, " value_type=%s value_bytes=%u",
                        std::string(ValueTypeName(value.type)), value.bytes.size());
  if (placed.with_value) absl::StrAppend(&line, " value=", ValueText(value));
  absl::StrAppend(&line, " created_at=", TimeText(value.created_at_s * kMillisPerSecond));
}

void PutBytes(const std::string& name, std::string_view bytes, nlohmann::ordered_json& json) {
  if (base::IsUtf8(bytes)) {
    json[name] = bytes;
  } else {
    json[name + "_base64"] = absl::Base64Escape(base::ToAbsl(bytes));
  }
}

void PutValue(const PlacedFrame& placed, nlohmann::ordered_json& json) {
  const kv::ValueView& value = placed.frame.value;
  json["value_type"] = ValueTypeName(value.type);
  json["value_bytes"] = value.bytes.size();
  if (placed.with_value) {
    // Numbers as text as well: a reader of JSON may have no 64-bit integers, and infinity is none.
    std::array<char, kv::kScalarTextBytesMax> scratch{};
    PutBytes("value", kv::TextOf(value, scratch), json);
  }
  json["created_at"] = TimeText(value.created_at_s * kMillisPerSecond);
  json["created_at_s"] = value.created_at_s;
}

const char* FileKindOf(const PlacedFrame& placed) {
  return placed.checkpoint != 0 ? "checkpoint" : "segment";
}

uint64_t FileNumberOf(const PlacedFrame& placed) {
  return placed.checkpoint != 0 ? placed.checkpoint : placed.segment;
}

std::string_view TypeNameOf(const PlacedFrame& placed) {
  return placed.checkpoint != 0 ? "entry" : FrameTypeName(placed.frame.type);
}

void PutExpiry(kv::ExpiryMillis expires_at, nlohmann::ordered_json& json) {
  if (expires_at == kv::kNoExpiry) {
    json["expires_at"] = nullptr;
    return;
  }
  json["expires_at"] = TimeText(expires_at);
  json["expires_at_ms"] = expires_at;
}

}  // namespace

std::string_view FrameTypeName(wal::FrameType type) {
  switch (type) {
    case wal::FrameType::kPut:
      return "put";
    case wal::FrameType::kPutExpiring:
      return "put-expiring";
    case wal::FrameType::kErase:
      return "erase";
    case wal::FrameType::kExpiry:
      return "expiry";
    case wal::FrameType::kClear:
      return "clear";
    case wal::FrameType::kDurableMark:
      return "durable-mark";
    case wal::FrameType::kCheckpointBegin:
      return "checkpoint-begin";
    case wal::FrameType::kCheckpointEnd:
      return "checkpoint-end";
    case wal::FrameType::kPutNoted:
      return "put-noted";
    case wal::FrameType::kMarks:
      return "marks";
  }
  return "unknown";
}

std::string QuotedBytes(std::string_view bytes) {
  constexpr std::string_view kSpecial = "\\\"\n\r\t\a\b";
  constexpr std::string_view kLetters = "\\\"nrtab";
  std::string text = "\"";
  for (const char c : bytes) {
    const size_t special = kSpecial.find(c);
    if (special != std::string_view::npos) {
      text += '\\';
      text += kLetters[special];
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      absl::StrAppendFormat(&text, "\\x%02x", static_cast<unsigned char>(c));
    }
  }
  text += '"';
  return text;
}

std::string TimeText(int64_t unix_ms) {
  int64_t millis = unix_ms % kMillisPerSecond;
  time_t seconds = unix_ms / kMillisPerSecond;
  // Before 1970 a division rounds up.
  if (millis < 0) {
    millis += kMillisPerSecond;
    --seconds;
  }
  tm utc{};
  // 64 bits of milliseconds end in a year that a tm can hold.
  gmtime_r(&seconds, &utc);
  std::string text =
      absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d", utc.tm_year + 1900, utc.tm_mon + 1,
                      utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
  if (millis != 0) absl::StrAppendFormat(&text, ".%03d", millis);
  return text + "Z";
}

std::string FrameLine(const PlacedFrame& placed) {
  const wal::Frame& frame = placed.frame;
  std::string line = absl::StrFormat("lane=%u %s=%u offset=%u seq=%u type=%s", placed.lane,
                                     FileKindOf(placed), FileNumberOf(placed), placed.offset,
                                     frame.seq, base::ToAbsl(TypeNameOf(placed)));
  if (HasKey(frame.type)) absl::StrAppend(&line, " key=", QuotedBytes(frame.key));
  if (IsPut(frame.type)) AppendValue(placed, line);
  if (TellsExpiry(frame)) {
    const kv::ExpiryMillis at = frame.value.expires_at;
    absl::StrAppend(&line, " expires_at=", at == kv::kNoExpiry ? "never" : TimeText(at));
    if (at != kv::kNoExpiry) absl::StrAppend(&line, " expires_at_ms=", at);
  }
  if (frame.type == wal::FrameType::kPutNoted) {
    absl::StrAppend(&line, " client_flags=", frame.value.client_flags);
  }
  if (HasMarks(frame.type)) absl::StrAppend(&line, " marks=", MarksText(frame.value.marks));
  if (frame.type == wal::FrameType::kDurableMark) {
    absl::StrAppend(&line, " durable_seq=", frame.durable_seq);
  }
  return line;
}

nlohmann::ordered_json FrameJson(const PlacedFrame& placed) {
  const wal::Frame& frame = placed.frame;
  const size_t bytes = placed.checkpoint != 0 ? wal::CheckpointEntryBytes(frame.key, frame.value)
                                              : wal::EncodedFrameBytes(frame);
  nlohmann::ordered_json json = {
      {"lane", placed.lane},     {FileKindOf(placed), FileNumberOf(placed)},
      {"offset", placed.offset}, {"bytes", bytes},
      {"seq", frame.seq},        {"type", TypeNameOf(placed)}};
  if (HasKey(frame.type)) PutBytes("key", frame.key, json);
  if (IsPut(frame.type)) PutValue(placed, json);
  if (TellsExpiry(frame)) PutExpiry(frame.value.expires_at, json);
  if (frame.type == wal::FrameType::kPutNoted) json["client_flags"] = frame.value.client_flags;
  if (HasMarks(frame.type)) {
    json["stale"] = (frame.value.marks & kv::kMarkStale) != 0;
    json["binary_key"] = (frame.value.marks & kv::kMarkBinaryKey) != 0;
  }
  if (frame.type == wal::FrameType::kDurableMark) json["durable_seq"] = frame.durable_seq;
  return json;
}

}  // namespace corelane::wal_tool
