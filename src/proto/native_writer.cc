#include "proto/native_writer.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "proto/native_opcodes.h"

namespace corelane::proto {
namespace {

// The form that a command's reply has.
enum class Form : uint8_t {
  kNothing,  // the status says it all: 0 or Nil is NOT_FOUND
  kText,     // bytes as they are, numbers in decimal
  kInt64,
  kUint32,
  kTtl,    // i64; -2 is NOT_FOUND
  kTyped,  // type u8, created_at i64, expires_at i64, bytes
  kItems,
  kPage,
};

constexpr std::array<Form, kNativeOpcodeEnd> MakeForms() {
  std::array<Form, kNativeOpcodeEnd> forms{};
  const auto set = [&](NativeOpcode opcode, Form form) {
    forms[static_cast<size_t>(opcode)] = form;
  };
  set(NativeOpcode::kGet, Form::kText);
  set(NativeOpcode::kPing, Form::kText);
  set(NativeOpcode::kGetTyped, Form::kTyped);
  set(NativeOpcode::kMultiGet, Form::kItems);
  set(NativeOpcode::kMultiPut, Form::kUint32);
  set(NativeOpcode::kCount, Form::kInt64);
  set(NativeOpcode::kList, Form::kPage);
  set(NativeOpcode::kStats, Form::kText);
  set(NativeOpcode::kIncrement, Form::kInt64);
  set(NativeOpcode::kTtl, Form::kTtl);
  set(NativeOpcode::kMultiDelete, Form::kUint32);
  return forms;
}

constexpr std::array<Form, kNativeOpcodeEnd> kForms = MakeForms();
constexpr int64_t kTtlOfAbsentKey = -2;

std::string_view RefusalText(StatusCode code) {
  switch (code) {
    case StatusCode::kKeyTooLarge:
      return kKeyTooLargeText;
    case StatusCode::kValueTooLarge:
      return kValueTooLargeText;
    case StatusCode::kBadArgument:
      return kBadArgumentText;
    default:
      return kReplyMismatchText;
  }
}

template <typename T>
void AppendLittle(base::Buffer& out, T number) {
  base::StoreLittle(out.Reserve(sizeof(number)), number);
  out.Commit(sizeof(number));
}

}  // namespace

void NativeWriter::Begin(uint32_t tag, base::Buffer& out) {
  out_ = &out;
  begin_ = out.size();
  opcode_ = static_cast<uint8_t>(tag);
  if (opcode_ >= kNativeOpcodeEnd) opcode_ = 0;
  refusal_ = static_cast<uint8_t>(tag >> kRefusalShift);
  status_ = 0;
  place_ = Place::kTop;
  out.Reserve(kNativeReplyHeaderBytes);
  out.Commit(kNativeReplyHeaderBytes);
}

void NativeWriter::End() {
  if (refusal_ != 0) [[unlikely]] {
    const auto code = static_cast<StatusCode>(refusal_);
    Replace(code, RefusalText(code));
  }
  size_t value_bytes = out_->size() - begin_ - kNativeReplyHeaderBytes;
  if (value_bytes > UINT32_MAX) [[unlikely]] {
    Replace(StatusCode::kValueTooLarge, kReplyTooLargeText);
    value_bytes = kReplyTooLargeText.size();
  }
  char* header = out_->data() + begin_;
  header[0] = static_cast<char>(status_);
  base::StoreLittle(header + 1, static_cast<uint32_t>(value_bytes));
}

void NativeWriter::Ok() {
  if (place_ == Place::kTop) return;
  Item(0, {});
}

void NativeWriter::Nil() {
  constexpr auto kNotFound = static_cast<uint8_t>(StatusCode::kNotFound);
  if (place_ == Place::kTop) {
    status_ = kNotFound;
  } else {
    Item(kNotFound, {});
  }
}

void NativeWriter::Integer(int64_t integer) {
  if (place_ == Place::kPageHead) return AppendLittle(*out_, integer);
  const Form form = place_ == Place::kTop ? kForms[opcode_] : Form::kText;
  switch (form) {
    case Form::kNothing:
      if (integer == 0) Nil();
      return;
    case Form::kText: {
      std::array<char, kv::kScalarTextBytesMax> text;
      const auto end = std::to_chars(text.data(), text.data() + text.size(), integer).ptr;
      return PutBytes({text.data(), static_cast<size_t>(end - text.data())});
    }
    case Form::kTtl:
      if (integer == kTtlOfAbsentKey) return Nil();
      return AppendLittle(*out_, integer);
    case Form::kInt64:
      return AppendLittle(*out_, integer);
    case Form::kUint32:
      return AppendLittle(*out_, static_cast<uint32_t>(integer));
    case Form::kTyped:
    case Form::kItems:
    case Form::kPage:
      return Mismatch();
  }
}

void NativeWriter::Boolean(bool boolean) { Integer(boolean ? 1 : 0); }

void NativeWriter::Double(double real) {
  std::array<char, kv::kScalarTextBytesMax> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), real).ptr;
  PutBytes({text.data(), static_cast<size_t>(end - text.data())});
}

void NativeWriter::Simple(std::string_view word) { PutBytes(word); }

void NativeWriter::Bulk(std::string_view bytes) { PutBytes(bytes); }

void NativeWriter::Value(const kv::ValueView& value) {
  if (place_ == Place::kTop && kForms[opcode_] == Form::kTyped) {
    char* at = out_->Reserve(kNativeTypedHeaderBytes);
    at[0] = static_cast<char>(value.type);
    base::StoreLittle(at + 1, int64_t{value.created_at_s});
    base::StoreLittle(at + 9, value.expires_at);
    out_->Commit(kNativeTypedHeaderBytes);
    out_->Append(value.bytes);
    return;
  }
  if (value.type == kv::ValueType::kString) return PutBytes(value.bytes);
  std::array<char, kv::kScalarTextBytesMax> scratch;
  PutBytes(kv::TextOf(value, scratch));
}

void NativeWriter::Array(size_t count) {
  const auto count32 = static_cast<uint32_t>(count);
  if (place_ == Place::kTop && kForms[opcode_] == Form::kItems) {
    AppendLittle(*out_, count32);
    place_ = Place::kItem;
  } else if (place_ == Place::kTop && kForms[opcode_] == Form::kPage) {
    place_ = Place::kPageHead;
  } else if (place_ == Place::kPageHead) {
    AppendLittle(*out_, count32);
    place_ = Place::kPageKey;
  } else {
    Mismatch();
  }
}

void NativeWriter::Map(size_t /*pairs*/) { Mismatch(); }

void NativeWriter::Error(StatusCode code, std::string_view message) {
  NoteError(code);
  const uint8_t status = NativeStatusByte(opcode_, code);
  if (place_ == Place::kItem) return Item(status, message);
  // An error inside a page, too, is the reply: half a page would look like a whole one.
  if (place_ != Place::kTop) return Mismatch();
  status_ = status;
  out_->Append(message);
}

void NativeWriter::PutBytes(std::string_view bytes) {
  if (place_ != Place::kTop) return Item(0, bytes);
  switch (kForms[opcode_]) {
    case Form::kText:
      return out_->Append(bytes);
    case Form::kNothing:
      return;
    default:
      return Mismatch();
  }
}

void NativeWriter::Item(uint8_t status, std::string_view bytes) {
  if (place_ == Place::kPageHead) return Mismatch();
  if (place_ == Place::kItem) out_->Append(static_cast<char>(status));
  AppendLittle(*out_, static_cast<uint32_t>(bytes.size()));
  out_->Append(bytes);
}

// Throws away what was written and answers `code` instead.
void NativeWriter::Replace(StatusCode code, std::string_view message) {
  out_->Truncate(begin_ + kNativeReplyHeaderBytes);
  status_ = NativeStatusByte(opcode_, code);
  out_->Append(message);
}

// The reply has no form under this opcode. End() answers an ERROR; what else the element holds goes
// nowhere. A refusal that is there already stands: it is the PING that carries it which has none.
void NativeWriter::Mismatch() {
  if (refusal_ == 0) refusal_ = static_cast<uint8_t>(StatusCode::kError);
}

}  // namespace corelane::proto
