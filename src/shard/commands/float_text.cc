#include "shard/commands/float_text.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

#include "base/check.h"

namespace corelane::shard {
namespace {

constexpr int kDigitsAfterThePoint = 17;

// The white space of C, which strtold() would skip.
bool IsBlank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

}  // namespace

bool ParseFloat(std::string_view text, long double& number) {
  if (text.empty() || text.size() > kFloatTextBytesMax || IsBlank(text[0])) return false;
  std::array<char, kFloatTextBytesMax + 1> bytes;
  std::memcpy(bytes.data(), text.data(), text.size());
  bytes[text.size()] = '\0';
  char* end = nullptr;
  errno = 0;
  number = std::strtold(bytes.data(), &end);
  if (end != bytes.data() + text.size() || std::isnan(number)) return false;
  // A number too small for full precision is in range; one that became 0 or infinite is not.
  return errno != ERANGE || (number != 0 && !std::isinf(number));
}

std::string_view FormatFloat(long double number,
                             std::array<char, kFloatTextBytesMax + 1>& scratch) {
  const auto result = std::to_chars(scratch.data(), scratch.data() + scratch.size(), number,
                                    std::chars_format::fixed, kDigitsAfterThePoint);
  CHECK(result.ec == std::errc());
  std::string_view text(scratch.data(), static_cast<size_t>(result.ptr - scratch.data()));
  text = text.substr(0, text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.remove_suffix(1);
  return text == "-0" ? "0" : text;
}

}  // namespace corelane::shard
