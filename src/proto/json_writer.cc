#include "proto/json_writer.h"

#include <corelane/status.h>

#include <array>
#include <cmath>
#include <string_view>

#include "base/utf8.h"
#include "proto/native_opcodes.h"
#include "proto/value_text.h"

namespace corelane::proto {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

std::string_view RefusalText(JsonTag tag) {
  switch (tag) {
    case JsonTag::kUnknownMember:
      return "unknown member: a request has \"key\", and \"value\" if it is a Set";
    case JsonTag::kTwice:
      return "a member comes twice";
    case JsonTag::kNoKey:
      return "there is no \"key\" that is a string";
    case JsonTag::kNoValue:
      return "there is no \"value\"";
    case JsonTag::kBadValue:
      return "\"value\" is no string, number, true, false, or object that names its type";
    case JsonTag::kNumberMisfit:
      return "a number does not fit its type";
    default:
      return "unknown request: expected one of Set, Get and Remove";
  }
}

void AppendEscape(char byte, base::Buffer& out) {
  constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";
  constexpr std::string_view kEscapes = "\"\\bfnrt";
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  const size_t index = kMeanings.find(byte);
  if (index != std::string_view::npos) {
    out.Append('\\');
    return out.Append(kEscapes[index]);
  }
  out.Append("\\u00");
  out.Append(kHexDigits[static_cast<uint8_t>(byte) / 16]);
  out.Append(kHexDigits[static_cast<uint8_t>(byte) % 16]);
}

// JSON has no word for these.
void AppendFloat(double real, base::Buffer& out) {
  std::array<char, kv::kScalarTextBytesMax> scratch;
  const std::string_view text = FloatText(real, scratch);
  if (std::isfinite(real)) return out.Append(text);
  out.Append("{\"Float\":\"");
  out.Append(text);
  out.Append("\"}");
}

void AppendBinary(std::string_view bytes, base::Buffer& out) {
  out.Append("{\"Binary\":");
  AppendByteList(bytes, ",", out);
  out.Append('}');
}

}  // namespace

void AppendJsonValue(const kv::ValueView& value, base::Buffer& out) {
  std::array<char, kv::kScalarTextBytesMax> scratch;
  switch (value.type) {
    case kv::ValueType::kString:
      return base::IsUtf8(value.bytes) ? AppendJsonString(value.bytes, out)
                                       : AppendBinary(value.bytes, out);
    case kv::ValueType::kInteger:
      return out.Append(kv::TextOf(value, scratch));
    case kv::ValueType::kFloat:
      return AppendFloat(kv::FloatOf(value.bytes), out);
    case kv::ValueType::kBoolean:
      return out.Append(value.bytes[0] != 0 ? "true" : "false");
    case kv::ValueType::kBinary:
      return AppendBinary(value.bytes, out);
  }
}

void AppendJsonString(std::string_view text, base::Buffer& out) {
  out.Append('"');
  size_t shown = 0;
  for (size_t at = 0; at < text.size();) {
    const char byte = text[at];
    const size_t bytes = base::Utf8CharacterBytes(text.substr(at));
    const bool special =
        bytes == 0 ||
        (bytes == 1 && (static_cast<uint8_t>(byte) < ' ' || byte == '"' || byte == '\\'));
    if (!special) {
      at += bytes;
      continue;
    }
    out.Append(text.substr(shown, at - shown));
    if (bytes == 0) {
      out.Append(kReplacement);
    } else {
      AppendEscape(byte, out);
    }
    shown = ++at;
  }
  out.Append(text.substr(shown));
  out.Append('"');
}

bool JsonWriter::Open(std::string_view name) {
  if (written_) return false;
  written_ = true;
  out_->Append("{\"");
  out_->Append(name);
  out_->Append("\":");
  return true;
}

void JsonWriter::Close() { out_->Append("}\n"); }

void JsonWriter::Ok() { Nil(); }

void JsonWriter::Nil() {
  if (!Open("Ok")) return;
  out_->Append("null");
  Close();
}

void JsonWriter::Integer(int64_t integer) {
  if (tag_ != JsonTag::kRemove) {
    const kv::ScalarBytes bytes(integer);
    return Value({.type = kv::ValueType::kInteger, .bytes = bytes.view()});
  }
  if (integer == 0) return Error(StatusCode::kNotFound, "Key not found");
  Ok();
}

void JsonWriter::Boolean(bool boolean) {
  const std::string_view byte(boolean ? "\1" : "\0", 1);
  Value({.type = kv::ValueType::kBoolean, .bytes = byte});
}

void JsonWriter::Double(double real) {
  const kv::ScalarBytes bytes(real);
  Value({.type = kv::ValueType::kFloat, .bytes = bytes.view()});
}

void JsonWriter::Simple(std::string_view word) { Bulk(word); }

void JsonWriter::Bulk(std::string_view bytes) { Value({.bytes = bytes}); }

void JsonWriter::Value(const kv::ValueView& value) {
  if (!Open("Ok")) return;
  AppendJsonValue(value, *out_);
  Close();
}

void JsonWriter::Array(size_t /*count*/) { Error(StatusCode::kError, kReplyMismatchText); }

void JsonWriter::Map(size_t /*pairs*/) { Error(StatusCode::kError, kReplyMismatchText); }

void JsonWriter::Error(StatusCode code, std::string_view message) {
  if (!Open("Err")) return;
  AppendJsonString(code == StatusCode::kUnknownCommand ? RefusalText(tag_) : message, *out_);
  Close();
}

}  // namespace corelane::proto
