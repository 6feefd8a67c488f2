#include "kv/value.h"

#include <charconv>
#include <cstring>
#include <string_view>
#include <system_error>

#include "base/bytes.h"

namespace corelane::kv {

bool IsWellFormed(ValueType type, std::string_view bytes) {
  switch (type) {
    case ValueType::kString:
    case ValueType::kBinary:
      return true;
    case ValueType::kInteger:
    case ValueType::kFloat:
      return bytes.size() == 8;
    case ValueType::kBoolean:
      return bytes.size() == 1 && (bytes[0] == 0 || bytes[0] == 1);
  }
  return false;
}

ScalarBytes::ScalarBytes(int64_t integer) { base::StoreLittle(bytes_.data(), integer); }
ScalarBytes::ScalarBytes(double real) { std::memcpy(bytes_.data(), &real, sizeof(real)); }

int64_t IntegerOf(std::string_view eight_bytes) {
  return base::LoadLittle<int64_t>(eight_bytes.data());
}

double FloatOf(std::string_view eight_bytes) {
  double real;
  std::memcpy(&real, eight_bytes.data(), sizeof(real));
  return real;
}

std::string_view TextOf(const ValueView& value, std::array<char, kScalarTextBytesMax>& scratch) {
  char* const begin = scratch.data();
  char* const end = begin + scratch.size();
  switch (value.type) {
    case ValueType::kString:
    case ValueType::kBinary:
      return value.bytes;
    case ValueType::kInteger: {
      const auto result = std::to_chars(begin, end, IntegerOf(value.bytes));
      return {begin, static_cast<size_t>(result.ptr - begin)};
    }
    case ValueType::kFloat: {
      const auto result = std::to_chars(begin, end, FloatOf(value.bytes));
      return {begin, static_cast<size_t>(result.ptr - begin)};
    }
    case ValueType::kBoolean:
      return value.bytes[0] != 0 ? "1" : "0";
  }
  return {};
}

bool ParseInteger(std::string_view text, int64_t& integer) {
  if (text.empty()) return false;
  const std::string_view digits = text[0] == '-' ? text.substr(1) : text;
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return false;
  if (digits[0] == '0' && text.size() > 1) return false;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), integer);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace corelane::kv
