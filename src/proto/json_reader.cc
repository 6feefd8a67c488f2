#include "proto/json_reader.h"

#include <charconv>
#include <string_view>
#include <system_error>

#include "base/utf8.h"

namespace corelane::proto {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

// The first fault is the one that counts; the reader stays where it was.
void JsonReader::Fail(std::string_view error) {
  if (ok()) error_ = error;
}

void JsonReader::SkipBlanks() {
  while (at_ < text_.size() &&
         std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) {
    ++at_;
  }
}

bool JsonReader::Take(char expected) {
  if (!ok() || at_ == text_.size() || text_[at_] != expected) return false;
  ++at_;
  return true;
}

JsonReader::Kind JsonReader::Peek() {
  if (!ok()) return Kind::kNone;
  SkipBlanks();
  switch (Look()) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBoolean;
    case 'n':
      return Kind::kNull;
    default:
      if (Look() == '-' || IsDigit(Look())) return Kind::kNumber;
      Fail("expected a value");
      return Kind::kNone;
  }
}

void JsonReader::Enter(char open) {
  if (!ok()) return;
  SkipBlanks();
  if (!Take(open)) return Fail(open == '{' ? "expected '{'" : "expected '['");
  entered_ = true;
}

bool JsonReader::Next(char close) {
  if (!ok()) return false;
  SkipBlanks();
  const bool first = entered_;
  entered_ = false;
  if (Take(close)) return false;
  if (!first && !Take(',')) {
    Fail(close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
    return false;
  }
  return true;
}

bool JsonReader::ReadMember(std::string_view& name) {
  if (!Next('}')) return false;
  name = ReadString();
  SkipBlanks();
  if (ok() && !Take(':')) Fail("expected ':'");
  return ok();
}

// Takes the characters of a string up to a quote or a backslash.
bool JsonReader::TakePlain() {
  while (at_ < text_.size()) {
    const auto byte = static_cast<uint8_t>(text_[at_]);
    if (byte == '"' || byte == '\\') return true;
    if (byte < ' ') {
      Fail("a control character inside of a string must be escaped");
      return false;
    }
    const size_t bytes = byte < 0x80 ? 1 : base::Utf8CharacterBytes(text_.substr(at_));
    if (bytes == 0) {
      Fail("invalid UTF-8");
      return false;
    }
    at_ += bytes;
  }
  Fail("the string does not end");
  return false;
}

std::string_view JsonReader::ReadString() {
  if (!ok()) return {};
  SkipBlanks();
  if (!Take('"')) {
    Fail("expected a string");
    return {};
  }
  size_t begin = at_;
  if (!TakePlain()) return {};
  if (Take('"')) return text_.substr(begin, at_ - 1 - begin);
  std::string& spelled = store_.emplace_back();
  while (true) {
    spelled.append(text_.substr(begin, at_ - begin));
    if (Take('"')) return spelled;
    TakeEscape(spelled);
    begin = at_;
    if (!ok() || !TakePlain()) return {};
  }
}

// Reads one escape; the backslash is next.
void JsonReader::TakeEscape(std::string& to) {
  const size_t begin = at_++;
  const char escape = Look();
  ++at_;
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const size_t index = kEscapes.find(escape);
  if (index != std::string_view::npos) return to.push_back(kMeanings[index]);
  if (escape != 'u') {
    at_ = begin;
    return Fail("no such escape");
  }
  uint32_t code_point = TakeHex4();
  if (ok() && base::IsSurrogate(code_point)) {
    // A high surrogate and a low one make a character together.
    const bool pair = code_point < 0xdc00 && text_.substr(at_).starts_with("\\u");
    if (pair) at_ += 2;
    const uint32_t low = pair ? TakeHex4() : 0;
    if (ok() && (low < 0xdc00 || low > 0xdfff)) {
      at_ = begin;
      return Fail("half of a surrogate pair");
    }
    code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
  }
  if (ok()) base::AppendUtf8(code_point, to);
}

uint32_t JsonReader::TakeHex4() {
  uint32_t number = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = base::HexDigit(Look());
    if (digit < 0) {
      Fail("expected four hexadecimal digits");
      return 0;
    }
    number = number * 16 + static_cast<uint32_t>(digit);
    ++at_;
  }
  return number;
}

void JsonReader::TakeDigits() {
  if (!IsDigit(Look())) return Fail("expected a digit");
  while (IsDigit(Look())) ++at_;
}

JsonReader::Number JsonReader::ReadNumber() {
  Number number;
  if (Peek() != Kind::kNumber) {
    Fail("expected a number");
    return number;
  }
  const size_t begin = at_;
  bool whole = true;
  if (Look() == '-') ++at_;
  if (!Take('0')) TakeDigits();
  if (Take('.')) {
    whole = false;
    TakeDigits();
  }
  if (Take('e') || Take('E')) {
    whole = false;
    if (!Take('+')) (void)Take('-');
    TakeDigits();
  }
  if (!ok()) return number;
  const char* const first = text_.data() + begin;
  const char* const last = text_.data() + at_;
  if (whole && std::from_chars(first, last, number.integer).ec == std::errc()) {
    number.form = Number::Form::kInteger;
    number.real = static_cast<double>(number.integer);
  } else if (std::from_chars(first, last, number.real).ec == std::errc()) {
    number.form = Number::Form::kFloat;
  }
  return number;
}

void JsonReader::TakeWord(std::string_view word) {
  if (!text_.substr(at_).starts_with(word)) return Fail("expected a value");
  at_ += word.size();
}

bool JsonReader::ReadBoolean() {
  if (Peek() != Kind::kBoolean) {
    Fail("expected true or false");
    return false;
  }
  const bool boolean = Look() == 't';
  TakeWord(boolean ? "true" : "false");
  return boolean;
}

void JsonReader::Skip() {
  std::string_view name;
  switch (Peek()) {
    case Kind::kNone:
      return;
    case Kind::kObject:
      EnterObject();
      while (ReadMember(name)) Skip();
      return;
    case Kind::kArray:
      EnterArray();
      while (NextElement()) Skip();
      return;
    case Kind::kString:
      (void)ReadString();
      return;
    case Kind::kNumber:
      (void)ReadNumber();
      return;
    case Kind::kBoolean:
      (void)ReadBoolean();
      return;
    case Kind::kNull:
      return TakeWord("null");
  }
}

}  // namespace corelane::proto
