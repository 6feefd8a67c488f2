#include "cli/json_format.h"

#include <chrono>
#include <utility>

#include "base/status_macros.h"
#include "base/utf8.h"
#include "kv/public_value.h"
#include "kv/value.h"
#include "proto/json_reader.h"
#include "proto/json_request.h"
#include "proto/json_scanner.h"
#include "proto/json_writer.h"
#include "proto/value_text.h"

namespace corelane::cli {
namespace {

using proto::JsonReader;
using Kind = JsonReader::Kind;

// Names, brackets and times of a line.
constexpr size_t kLineFrameBytesMax = 4'096;
constexpr std::string_view kBlanks = " \t\r\n";

Status Wrong(std::string_view what) { return Status(StatusCode::kCorruption, std::string(what)); }

// Reads the members of one object. The first thing that does not fit is what counts.
class LineParser {
 public:
  explicit LineParser(std::string_view line) : in_(line, store_) {}

  Status Parse(SnapshotEntry& entry) {
    entry = SnapshotEntry();
    in_.EnterObject();
    for (std::string_view name; in_.ReadMember(name);) {
      if (const Status status = ReadMember(name, entry); !status.ok() && in_.ok()) return status;
    }
    if (!in_.ok()) {
      return Wrong(std::string(in_.error()) + " at byte " + std::to_string(in_.error_at()));
    }
    if (!has_key_) return Wrong("there is no \"key\"");
    if (!has_value_) return Wrong("there is no \"value\"");
    return Finish(entry);
  }

 private:
  Status ReadMember(std::string_view name, SnapshotEntry& entry) {
    if (name == "key") return ReadKey(entry);
    if (name == "value") return ReadValue();
    if (name == "type") return ReadType();
    if (name == "created_at") return ReadCreated(entry);
    if (name == "expires_at") return ReadExpiry(entry);
    return Wrong("an unknown member, \"" + std::string(name) + "\"");
  }

  Status ReadKey(SnapshotEntry& entry) {
    if (std::exchange(has_key_, true)) return Wrong("\"key\" comes twice");
    kv::ValueView key;
    const bool is_text = proto::ReadJsonValue(in_, store_, key) &&
                         (key.type == kv::ValueType::kString || key.type == kv::ValueType::kBinary);
    if (!is_text) return Wrong("\"key\" is neither a string nor {\"Binary\":[...]}");
    entry.key = key.bytes;
    return OkStatus();
  }

  Status ReadValue() {
    if (std::exchange(has_value_, true)) return Wrong("\"value\" comes twice");
    if (proto::ReadJsonValue(in_, store_, value_)) return OkStatus();
    return Wrong("\"value\" is none");
  }

  Status ReadType() {
    if (type_.has_value()) return Wrong("\"type\" comes twice");
    if (in_.Peek() != Kind::kString) return Wrong("\"type\" is no string");
    type_ = std::string(in_.ReadString());
    return OkStatus();
  }

  Status ReadCreated(SnapshotEntry& entry) {
    int64_t time = 0;
    if (std::exchange(has_created_, true)) return Wrong("\"created_at\" comes twice");
    if (!ReadInteger(time)) return Wrong("\"created_at\" is no whole number");
    entry.created_at = std::chrono::sys_seconds(std::chrono::seconds(time));
    return OkStatus();
  }

  Status ReadExpiry(SnapshotEntry& entry) {
    int64_t time = 0;
    if (std::exchange(has_expiry_, true)) return Wrong("\"expires_at\" comes twice");
    if (in_.Peek() == Kind::kNull) {
      in_.Skip();
      return OkStatus();
    }
    if (!ReadInteger(time)) return Wrong("\"expires_at\" is neither a whole number nor null");
    entry.expires_at = UnixMillis(std::chrono::milliseconds(time));
    return OkStatus();
  }

  bool ReadInteger(int64_t& integer) {
    if (in_.Peek() != Kind::kNumber) return false;
    const JsonReader::Number number = in_.ReadNumber();
    integer = number.integer;
    return number.form == JsonReader::Number::Form::kInteger;
  }

  // The type may say more than the value: of bytes whether they are text, of 2 that it is 2.0.
  Status Finish(SnapshotEntry& entry) {
    entry.value = kv::PublicValueOf(value_);
    if (!type_.has_value() || *type_ == ValueTypeName(entry.value)) return OkStatus();
    if (*type_ == "String" && value_.type == kv::ValueType::kBinary) {
      entry.value = std::string(value_.bytes);
    } else if (*type_ == "Binary" && value_.type == kv::ValueType::kString) {
      entry.value = Binary{std::string(value_.bytes)};
    } else if (*type_ == "Float" && value_.type == kv::ValueType::kInteger) {
      entry.value = static_cast<double>(kv::IntegerOf(value_.bytes));
    } else {
      return Wrong("\"value\" does not fit its \"type\"");
    }
    return OkStatus();
  }

  std::deque<std::string> store_;
  JsonReader in_;
  kv::ValueView value_;
  std::optional<std::string> type_;
  bool has_key_ = false;
  bool has_value_ = false;
  bool has_created_ = false;
  bool has_expiry_ = false;
};

void AppendKey(std::string_view key, base::Buffer& to) {
  kv::ValueView text;
  text.bytes = key;
  proto::AppendJsonValue(text, to);
}

}  // namespace

void AppendJsonEntry(const SnapshotEntry& entry, base::Buffer& to) {
  to.Append("{\"key\":");
  AppendKey(entry.key, to);
  to.Append(",\"type\":\"");
  to.Append(ValueTypeName(entry.value));
  to.Append("\",\"value\":");
  kv::ScalarBytes scratch(int64_t{0});
  kv::ValueView value;
  value.type = kv::TypeOf(entry.value);
  value.bytes = kv::BytesOf(entry.value, scratch);
  proto::AppendJsonValue(value, to);
  to.Append(",\"created_at\":");
  to.Append(std::to_string(entry.created_at.time_since_epoch().count()));
  to.Append(",\"expires_at\":");
  to.Append(entry.expires_at.has_value()
                ? std::to_string(entry.expires_at->time_since_epoch().count())
                : "null");
  to.Append("}\n");
}

Status ParseJsonEntry(std::string_view line, SnapshotEntry& entry) {
  const size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos || line[begin] != '{') return Wrong("expected '{'");
  // The scanner bounds the depth, and finds what comes behind the object.
  proto::JsonScanner scanner;
  const std::string_view object = line.substr(begin);
  switch (scanner.Resume(object)) {
    case proto::JsonScan::kEnd:
      break;
    case proto::JsonScan::kTooDeep:
      return Wrong("too many brackets within brackets");
    case proto::JsonScan::kNeedMore:
      return Wrong("the object does not end in its line");
    case proto::JsonScan::kBadByte:
      return Wrong("a control character inside of a string");
  }
  if (object.find_first_not_of(kBlanks, scanner.scanned()) != std::string_view::npos) {
    return Wrong("something comes behind the object");
  }
  return LineParser(object.substr(0, scanner.scanned())).Parse(entry);
}

Result<bool> JsonEntryReader::Next(SnapshotEntry& entry) {
  for (;;) {
    const Result<std::string_view> line = source_.LookLine(JsonLineBytesMax(limits_));
    if (!line.ok()) return line.status();
    if (line->empty()) return false;
    ++line_number_;
    if (line->back() != '\n' && line->size() < source_.left()) {
      return Invalid("a line of more than " + std::to_string(line->size()) +
                     " bytes, which is more than any entry within the limits takes");
    }
    const size_t line_bytes = line->size();
    if (line->find_first_not_of(kBlanks) != std::string_view::npos) {
      if (const Status status = ParseJsonEntry(*line, entry); !status.ok()) {
        return Invalid(status.message());
      }
      RETURN_IF_ERROR(CheckLimits(entry));
      source_.Take(line_bytes);
      return true;
    }
    source_.Take(line_bytes);
  }
}

Status JsonEntryReader::CheckLimits(const SnapshotEntry& entry) const {
  kv::ScalarBytes scratch(int64_t{0});
  const size_t value_bytes = kv::BytesOf(entry.value, scratch).size();
  const auto refuse = [&](std::string_view what, size_t bytes, size_t bytes_max) {
    return Invalid("a " + std::string(what) + " of " + std::to_string(bytes) +
                   " bytes, and the limit is " + std::to_string(bytes_max));
  };
  if (entry.key.size() > limits_.key_bytes_max) {
    return refuse("key", entry.key.size(), limits_.key_bytes_max);
  }
  if (value_bytes > limits_.value_bytes_max) {
    return refuse("value", value_bytes, limits_.value_bytes_max);
  }
  return OkStatus();
}

Status JsonEntryReader::Invalid(std::string_view what) const {
  return Status(StatusCode::kCorruption, "invalid snapshot: " + std::string(what) + ", in line " +
                                             std::to_string(line_number_));
}

// No byte takes more than six, as \u0000 does.
size_t JsonLineBytesMax(const EntryLimits& limits) {
  return (limits.key_bytes_max + limits.value_bytes_max) * proto::kValueTextBytesPerByteMax +
         kLineFrameBytesMax;
}

}  // namespace corelane::cli
