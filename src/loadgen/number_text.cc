#include "loadgen/number_text.h"

#include <corelane/limits.h>

#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"

namespace corelane::loadgen {
namespace {

struct Unit {
  std::string_view suffix;
  double factor;
};

constexpr Unit kRateUnits[] = {{"", 1}, {"k", 1e3}, {"m", 1e6}};
constexpr Unit kDurationUnits[] = {
    {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
constexpr Unit kByteUnits[] = {{"", 1}, {"b", 1}, {"kb", 1024}, {"mb", 1024 * 1024}};
constexpr Unit kNoUnits[] = {{"", 1}};

// False when it is no number, or none of the units follows.
bool ReadNumber(std::string_view text, std::span<const Unit> units, double& number) {
  // from_chars() takes a minus, "inf" and "nan" as well.
  const bool digit = !text.empty() && text[0] >= '0' && text[0] <= '9';
  if (!digit && (text.size() < 2 || text[0] != '.')) return false;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc()) return false;
  const std::string_view suffix(at, static_cast<size_t>(end - at));
  for (const Unit& unit : units) {
    if (unit.suffix != suffix) continue;
    number *= unit.factor;
    return std::isfinite(number);
  }
  return false;
}

Status Wrong(std::string_view text, std::string_view what) {
  return Status(StatusCode::kBadArgument,
                absl::StrCat("\"", base::ToAbsl(text), "\" ", base::ToAbsl(what)));
}

}  // namespace

Result<double> ParseRate(std::string_view text) {
  double rate = 0;
  if (!ReadNumber(text, kRateUnits, rate)) {
    return Wrong(text, "is no rate; write operations a second, for example 500, 2.5k or 1m");
  }
  if (rate > kRatePerSecondMax) return Wrong(text, "is over 1000m operations a second");
  return rate;
}

Result<int64_t> ParseDurationNanos(std::string_view text) {
  double duration_ns = 0;
  if (!ReadNumber(text, kDurationUnits, duration_ns)) {
    return Wrong(text, "is no duration; write for example 250us, 500ms, 10s, 5m or 24h");
  }
  if (duration_ns > static_cast<double>(kDurationNanosMax)) return Wrong(text, "is over 31 days");
  const int64_t whole = std::llround(duration_ns);
  if (whole == 0) return Wrong(text, "is no time at all");
  return whole;
}

Result<uint32_t> ParseValueBytes(std::string_view text) {
  double bytes = 0;
  if (!ReadNumber(text, kByteUnits, bytes) || bytes != std::floor(bytes)) {
    return Wrong(text, "is no size; write bytes, for example 100, 4kb or 1mb");
  }
  if (bytes > static_cast<double>(kValueBytesHardMax)) {
    return Wrong(text, "is over " + std::to_string(kValueBytesHardMax) + " bytes");
  }
  return static_cast<uint32_t>(bytes);
}

Result<double> ParsePlainNumber(std::string_view text) {
  double number = 0;
  if (!ReadNumber(text, kNoUnits, number)) return Wrong(text, "is no number");
  if (number > kPlainNumberMax) return Wrong(text, "is over 10^15");
  return number;
}

std::vector<std::string_view> SplitAt(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t end = text.find(separator); end != std::string_view::npos;
       end = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace corelane::loadgen
