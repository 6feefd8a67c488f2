#include "kv/memcache.h"

#include <cstring>
#include <string_view>

#include "base/check.h"

namespace corelane::kv {
namespace {

constexpr int64_t kRelativeExptimeSecondsMax = int64_t{60} * 60 * 24 * 30;
constexpr int64_t kMillisPerSecond = 1000;

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

struct Magnitude {
  uint64_t digits = 0;
  bool negative = false;
};

// The number at the front of `text`. False when there is none, when it does not fit, or when
// something sticks to its end.
bool ParseMagnitude(std::string_view text, Magnitude& result) {
  size_t at = 0;
  while (at < text.size() && IsBlank(text[at])) ++at;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) result.negative = text[at++] == '-';
  const size_t begin = at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    if (__builtin_mul_overflow(result.digits, uint64_t{10}, &result.digits) ||
        __builtin_add_overflow(result.digits, static_cast<uint64_t>(text[at] - '0'),
                               &result.digits)) {
      return false;
    }
  }
  return at != begin && (at == text.size() || text[at] == '\0' || IsBlank(text[at]));
}

}  // namespace

MemcacheOptions MemcacheOptions::From(std::string_view bytes) {
  CHECK(bytes.size() == sizeof(MemcacheOptions));
  MemcacheOptions options;
  std::memcpy(&options, bytes.data(), sizeof(options));
  return options;
}

bool ParseMemcacheNumber(std::string_view text, uint64_t& number) {
  Magnitude magnitude;
  if (!ParseMagnitude(text, magnitude)) return false;
  number = magnitude.negative ? 0 - magnitude.digits : magnitude.digits;
  // A small positive number that is written as a huge negative one passes there, too.
  const bool looks_negative = static_cast<int64_t>(number) < 0;
  return !looks_negative || text.find('-') == std::string_view::npos;
}

bool ParseMemcacheNumber(std::string_view text, uint32_t& number) {
  uint64_t wide = 0;
  if (!ParseMemcacheNumber(text, wide)) return false;
  number = static_cast<uint32_t>(wide);
  return true;
}

bool ParseMemcacheNumber(std::string_view text, int32_t& number) {
  constexpr uint64_t kLowest = uint64_t{1} << 63;
  Magnitude magnitude;
  if (!ParseMagnitude(text, magnitude)) return false;
  if (magnitude.digits > (magnitude.negative ? kLowest : kLowest - 1)) return false;
  const uint64_t wide = magnitude.negative ? 0 - magnitude.digits : magnitude.digits;
  number = static_cast<int32_t>(static_cast<uint32_t>(wide));
  return true;
}

ExpiryMillis MemcacheExpiry(int32_t exptime, int64_t now_ms) {
  if (exptime == 0) return kNoExpiry;
  if (exptime < 0) return now_ms;
  const int64_t millis = exptime * kMillisPerSecond;
  return exptime <= kRelativeExptimeSecondsMax ? now_ms + millis : millis;
}

}  // namespace corelane::kv
