#include "proto/text_writer.h"

#include <corelane/status.h>

#include <string_view>

#include "proto/native_opcodes.h"
#include "proto/value_text.h"

namespace corelane::proto {

void TextWriter::Line(std::string_view line) {
  if (written_) return;
  written_ = true;
  out_->Append(line);
  out_->Append('\n');
}

void TextWriter::Ok() {
  if (tag_ != TextTag::kQuit) return Line("OK");
  // The end of the connection says it.
  written_ = true;
}

void TextWriter::Nil() { Line("Key not found"); }

void TextWriter::Integer(int64_t integer) {
  if (tag_ != TextTag::kDelete) {
    const kv::ScalarBytes bytes(integer);
    return Value({.type = kv::ValueType::kInteger, .bytes = bytes.view()});
  }
  if (integer == 0) return Nil();
  Ok();
}

void TextWriter::Boolean(bool boolean) {
  const std::string_view byte(boolean ? "\1" : "\0", 1);
  Value({.type = kv::ValueType::kBoolean, .bytes = byte});
}

void TextWriter::Double(double real) {
  const kv::ScalarBytes bytes(real);
  Value({.type = kv::ValueType::kFloat, .bytes = bytes.view()});
}

void TextWriter::Simple(std::string_view word) { Line(word); }

void TextWriter::Bulk(std::string_view bytes) { Value({.bytes = bytes}); }

void TextWriter::Value(const kv::ValueView& value) {
  if (written_) return;
  AppendValueText(value, *out_);
  Line({});
}

void TextWriter::Array(size_t /*count*/) { Error(StatusCode::kError, kReplyMismatchText); }

void TextWriter::Map(size_t /*pairs*/) { Error(StatusCode::kError, kReplyMismatchText); }

void TextWriter::Error(StatusCode code, std::string_view message) {
  if (written_) return;
  if (code == StatusCode::kUnknownCommand && tag_ != TextTag::kBadValue) {
    return Line("Unknown command");
  }
  if (code == StatusCode::kUnknownCommand) message = "malformed value";
  // The line must stay one.
  constexpr std::string_view kPrefix = "Error: ";
  out_->Append(kPrefix);
  for (const char byte : message) out_->Append(byte == '\r' || byte == '\n' ? ' ' : byte);
  Line({});
}

}  // namespace corelane::proto
