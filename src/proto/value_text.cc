#include "proto/value_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>

#include "base/utf8.h"

namespace corelane::proto {
namespace {

using Scratch = std::array<char, kv::kScalarTextBytesMax>;

constexpr std::string_view kBlanks = " \t\v\f\r";

// Floats outside of this range are shown with an exponent.
constexpr double kPlainFloatMin = 1e-5;
constexpr double kPlainFloatEnd = 1e16;

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

// Takes "Word( ... )" apart; false when `text` is something else.
bool TakeInside(std::string_view& text, std::string_view word, std::string_view close) {
  if (!text.starts_with(word) || !text.ends_with(close) ||
      text.size() < word.size() + close.size()) {
    return false;
  }
  text = text.substr(word.size(), text.size() - word.size() - close.size());
  return true;
}

// to_chars() writes 1e+16 and 1e-07; this leaves 1e16 and 1e-7.
char* PlainExponent(char* begin, char* end) {
  char* from = begin;
  while (from != end && *from != 'e') ++from;
  if (from == end) return end;
  char* to = ++from;
  if (*from == '-') ++to;
  ++from;  // the sign, which is always there
  while (from + 1 < end && *from == '0') ++from;
  while (from != end) *to++ = *from++;
  return to;
}

void AppendHexEscape(std::string_view open, uint32_t number, std::string_view close,
                     base::Buffer& out) {
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number, 16).ptr;
  out.Append(open);
  out.Append({digits, static_cast<size_t>(end - digits)});
  out.Append(close);
}

// `character` is one character of UTF-8.
bool NeedsEscape(std::string_view character) {
  const auto first = static_cast<uint8_t>(character[0]);
  // The control characters U+0080 to U+009F begin with c2.
  if (first == 0xc2) return static_cast<uint8_t>(character[1]) < 0xa0;
  return first < 0x20 || first == 0x7f || first == '"' || first == '\\';
}

// `character` is one that NeedsEscape().
void AppendEscape(std::string_view character, base::Buffer& out) {
  switch (character[0]) {
    case '"':
      return out.Append("\\\"");
    case '\\':
      return out.Append("\\\\");
    case '\n':
      return out.Append("\\n");
    case '\r':
      return out.Append("\\r");
    case '\t':
      return out.Append("\\t");
    default:
      // The second byte of a late control character is its number.
      return AppendHexEscape("\\u{", static_cast<uint8_t>(character.back()), "}", out);
  }
}

void AppendQuoted(std::string_view text, base::Buffer& out) {
  out.Append('"');
  size_t shown = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = base::Utf8CharacterBytes(text.substr(at));
    if (bytes != 0 && !NeedsEscape(text.substr(at, bytes))) {
      at += bytes;
      continue;
    }
    out.Append(text.substr(shown, at - shown));
    if (bytes == 0) {
      AppendHexEscape("\\x", static_cast<uint8_t>(text[at]), "", out);
    } else {
      AppendEscape(text.substr(at, bytes), out);
    }
    at += bytes == 0 ? 1 : bytes;
    shown = at;
  }
  out.Append(text.substr(shown));
  out.Append('"');
}

// Reads the hexadecimal digits at `at`, `digits_max` of them at most, and moves behind them. False:
// there is none.
bool TakeHex(std::string_view text, size_t digits_max, size_t& at, uint32_t& number) {
  const size_t begin = at;
  number = 0;
  for (; at < text.size() && at - begin < digits_max; ++at) {
    const int digit = base::HexDigit(text[at]);
    if (digit < 0) break;
    number = number * 16 + static_cast<uint32_t>(digit);
  }
  return at != begin;
}

// Reads the escape at `at`, which stands behind the backslash, and moves behind it.
bool TakeEscape(std::string_view text, size_t& at, std::string& to) {
  if (at == text.size()) return false;
  uint32_t number = 0;
  switch (text[at++]) {
    case '"':
      return to.push_back('"'), true;
    case '\\':
      return to.push_back('\\'), true;
    case 'n':
      return to.push_back('\n'), true;
    case 'r':
      return to.push_back('\r'), true;
    case 't':
      return to.push_back('\t'), true;
    case 'x': {
      constexpr size_t kDigits = 2;
      const size_t begin = at;
      if (!TakeHex(text, kDigits, at, number) || at - begin != kDigits) return false;
      return to.push_back(static_cast<char>(number)), true;
    }
    case 'u': {
      constexpr size_t kDigitsMax = 6;
      if (at == text.size() || text[at++] != '{') return false;
      if (!TakeHex(text, kDigitsMax, at, number)) return false;
      if (at == text.size() || text[at++] != '}') return false;
      if (number > base::kCodePointMax || base::IsSurrogate(number)) return false;
      return base::AppendUtf8(number, to), true;
    }
    default:
      return false;
  }
}

bool ReadQuoted(std::string_view text, std::string& to) {
  text = Trim(text);
  if (!TakeInside(text, "\"", "\"")) return false;
  for (size_t at = 0; at < text.size();) {
    const size_t special = std::min(text.find_first_of("\"\\", at), text.size());
    to.append(text.substr(at, special - at));
    at = special;
    if (at == text.size()) break;
    if (text[at++] == '"' || !TakeEscape(text, at, to)) return false;
  }
  return true;
}

// "1, 2, 255", or nothing at all.
bool ReadBytes(std::string_view text, std::string& to) {
  text = Trim(text);
  if (text.empty()) return true;
  while (true) {
    const size_t comma = text.find(',');
    int64_t number = 0;
    if (!kv::ParseInteger(Trim(text.substr(0, comma)), number)) return false;
    if (number < 0 || number > std::numeric_limits<uint8_t>::max()) return false;
    to.push_back(static_cast<char>(number));
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string_view FloatText(double real, Scratch& scratch) {
  if (std::isnan(real)) return "NaN";
  if (std::isinf(real)) return real > 0 ? "inf" : "-inf";
  char* const begin = scratch.data();
  // Two bytes are left for a decimal point.
  char* const limit = begin + scratch.size() - 2;
  const double size = std::abs(real);
  if (size != 0 && (size < kPlainFloatMin || size >= kPlainFloatEnd)) {
    char* const end = std::to_chars(begin, limit, real, std::chars_format::scientific).ptr;
    return {begin, static_cast<size_t>(PlainExponent(begin, end) - begin)};
  }
  char* end = std::to_chars(begin, limit, real, std::chars_format::fixed).ptr;
  if (std::find(begin, end, '.') == end) {
    *end++ = '.';
    *end++ = '0';
  }
  return {begin, static_cast<size_t>(end - begin)};
}

bool ParseFloat(std::string_view text, double& real) {
  if (text == "NaN") {
    real = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (text == "inf" || text == "-inf") {
    const double infinity = std::numeric_limits<double>::infinity();
    real = text[0] == '-' ? -infinity : infinity;
    return true;
  }
  // from_chars() takes other words as well, such as "nan(2)".
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), real);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

void AppendByteList(std::string_view bytes, std::string_view separator, base::Buffer& out) {
  out.Append('[');
  for (size_t i = 0; i < bytes.size(); ++i) {
    constexpr size_t kDigitsMax = 3;
    if (i != 0) out.Append(separator);
    char* const at = out.Reserve(kDigitsMax);
    const auto end = std::to_chars(at, at + kDigitsMax, static_cast<uint8_t>(bytes[i])).ptr;
    out.Commit(static_cast<size_t>(end - at));
  }
  out.Append(']');
}

void AppendValueText(const kv::ValueView& value, base::Buffer& out) {
  Scratch scratch;
  switch (value.type) {
    case kv::ValueType::kString:
      out.Append("String(");
      AppendQuoted(value.bytes, out);
      break;
    case kv::ValueType::kInteger:
      out.Append("Integer(");
      out.Append(kv::TextOf(value, scratch));
      break;
    case kv::ValueType::kFloat:
      out.Append("Float(");
      out.Append(FloatText(kv::FloatOf(value.bytes), scratch));
      break;
    case kv::ValueType::kBoolean:
      out.Append("Boolean(");
      out.Append(value.bytes[0] != 0 ? "true" : "false");
      break;
    case kv::ValueType::kBinary:
      out.Append("Binary(");
      AppendByteList(value.bytes, ", ", out);
      break;
  }
  out.Append(')');
}

bool ParseValueText(std::string_view text, std::deque<std::string>& store, kv::ValueView& value) {
  text = Trim(text);
  std::string& spelled = store.emplace_back();
  bool good = false;
  if (TakeInside(text, "String(", ")")) {
    value.type = kv::ValueType::kString;
    good = ReadQuoted(text, spelled);
  } else if (TakeInside(text, "Integer(", ")")) {
    int64_t integer = 0;
    value.type = kv::ValueType::kInteger;
    good = kv::ParseInteger(Trim(text), integer);
    spelled = kv::ScalarBytes(integer).view();
  } else if (TakeInside(text, "Float(", ")")) {
    double real = 0;
    value.type = kv::ValueType::kFloat;
    good = ParseFloat(Trim(text), real);
    spelled = kv::ScalarBytes(real).view();
  } else if (TakeInside(text, "Boolean(", ")")) {
    text = Trim(text);
    value.type = kv::ValueType::kBoolean;
    good = text == "true" || text == "false";
    spelled.push_back(text == "true" ? '\1' : '\0');
  } else if (TakeInside(text, "Binary(", ")")) {
    value.type = kv::ValueType::kBinary;
    text = Trim(text);
    good = TakeInside(text, "[", "]") && ReadBytes(text, spelled);
  }
  value.bytes = spelled;
  return good;
}

}  // namespace corelane::proto
