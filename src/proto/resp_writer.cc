#include "proto/resp_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace corelane::proto {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
// A mark, the 20 characters of the longest int64, a line end.
constexpr size_t kNumberLineBytesMax = 1 + 20 + 2;

inline char* PutLineEnd(char* at) {
  at[0] = '\r';
  at[1] = '\n';
  return at + kLineEnd.size();
}

inline char* PutNumber(char* at, int64_t number) {
  if (number >= 0 && number < 10) {
    *at = static_cast<char>('0' + number);
    return at + 1;
  }
  if (number >= 10 && number < 100) {
    at[0] = static_cast<char>('0' + number / 10);
    at[1] = static_cast<char>('0' + number % 10);
    return at + 2;
  }
  return std::to_chars(at, at + kNumberLineBytesMax, number).ptr;
}

// The text of a double as redis 7.0 prints it: 17 significant digits.
class DoubleText {
 public:
  explicit DoubleText(double real) {
    if (std::isnan(real)) {
      bytes_ = Copy("nan");
    } else if (std::isinf(real)) {
      bytes_ = Copy(real > 0 ? "inf" : "-inf");
    } else {
      const auto end = std::to_chars(text_.data(), text_.data() + text_.size(), real,
                                     std::chars_format::general, 17);
      bytes_ = static_cast<size_t>(end.ptr - text_.data());
    }
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), bytes_}; }

 private:
  size_t Copy(std::string_view word) {
    std::memcpy(text_.data(), word.data(), word.size());
    return word.size();
  }

  std::array<char, kv::kScalarTextBytesMax> text_;
  size_t bytes_ = 0;
};

}  // namespace

std::string_view RespErrorPrefix(StatusCode code) {
  switch (code) {
    case StatusCode::kWrongType:
      return "WRONGTYPE ";
    case StatusCode::kUnauthorized:
      return "NOAUTH ";
    case StatusCode::kReadOnly:
      return "READONLY ";
    case StatusCode::kOutOfMemory:
      return "OOM ";
    case StatusCode::kWalWriteFailed:
    case StatusCode::kDiskFull:
      return "MISCONF ";
    case StatusCode::kWrongPassword:
      return "WRONGPASS ";
    case StatusCode::kUnsupportedProtocol:
      return "NOPROTO ";
    case StatusCode::kTransactionAborted:
      return "EXECABORT ";
    case StatusCode::kKeyExists:
      return "BUSYKEY ";
    case StatusCode::kProtocolError:
      return "ERR Protocol error: ";
    default:
      return "ERR ";
  }
}

void RespWriter::Ok() { out_->Append("+OK\r\n"); }

void RespWriter::Nil() { out_->Append(resp3() ? "_\r\n" : "$-1\r\n"); }

void RespWriter::NilArray() { out_->Append(resp3() ? "_\r\n" : "*-1\r\n"); }

void RespWriter::Integer(int64_t integer) { NumberLine(':', integer); }

void RespWriter::Boolean(bool boolean) {
  if (resp3()) {
    out_->Append(boolean ? "#t\r\n" : "#f\r\n");
  } else {
    NumberLine(':', boolean ? 1 : 0);
  }
}

void RespWriter::Double(double real) {
  const DoubleText text(real);
  if (!resp3()) return Bulk(text.view());
  out_->Append(',');
  out_->Append(text.view());
  out_->Append(kLineEnd);
}

void RespWriter::Simple(std::string_view word) {
  char* at = out_->Reserve(1 + word.size() + kLineEnd.size());
  *at++ = '+';
  if (!word.empty()) std::memcpy(at, word.data(), word.size());
  PutLineEnd(at + word.size());
  out_->Commit(1 + word.size() + kLineEnd.size());
}

void RespWriter::Bulk(std::string_view bytes) {
  char* const begin = out_->Reserve(kNumberLineBytesMax + bytes.size() + kLineEnd.size());
  *begin = '$';
  char* at = PutLineEnd(PutNumber(begin + 1, static_cast<int64_t>(bytes.size())));
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  at = PutLineEnd(at + bytes.size());
  out_->Commit(static_cast<size_t>(at - begin));
}

void RespWriter::Value(const kv::ValueView& value) {
  if (value.type == kv::ValueType::kString) return Bulk(value.bytes);
  std::array<char, kv::kScalarTextBytesMax> scratch;
  Bulk(kv::TextOf(value, scratch));
}

void RespWriter::Array(size_t count) { NumberLine('*', static_cast<int64_t>(count)); }

void RespWriter::Map(size_t pairs) {
  NumberLine(resp3() ? '%' : '*', static_cast<int64_t>(resp3() ? pairs : 2 * pairs));
}

void RespWriter::Set(size_t count) { NumberLine(resp3() ? '~' : '*', static_cast<int64_t>(count)); }

// RESP3's verbatim string: the bytes with their format in front.
void RespWriter::Text(std::string_view text) {
  constexpr std::string_view kFormat = "txt:";
  if (!resp3()) return Bulk(text);
  NumberLine('=', static_cast<int64_t>(kFormat.size() + text.size()));
  out_->Append(kFormat);
  out_->Append(text);
  out_->Append(kLineEnd);
}

void RespWriter::Error(StatusCode code, std::string_view message) {
  NoteError(code);
  const std::string_view prefix = RespErrorPrefix(code);
  const size_t total = 1 + prefix.size() + message.size() + kLineEnd.size();
  char* at = out_->Reserve(total);
  *at++ = '-';
  std::memcpy(at, prefix.data(), prefix.size());
  at += prefix.size();
  for (const char c : message) *at++ = c == '\r' || c == '\n' ? ' ' : c;
  PutLineEnd(at);
  out_->Commit(total);
}

void RespWriter::NumberLine(char mark, int64_t number) {
  char* const begin = out_->Reserve(kNumberLineBytesMax);
  *begin = mark;
  char* const end = PutLineEnd(PutNumber(begin + 1, number));
  out_->Commit(static_cast<size_t>(end - begin));
}

}  // namespace corelane::proto
