#include "loadgen/value_sizes.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "base/check.h"
#include "base/status_macros.h"
#include "loadgen/number_text.h"

namespace corelane::loadgen {
namespace {

constexpr std::string_view kLognormal = "lognormal:";
constexpr size_t kRangesMax = 1000;
constexpr double kSigmaMax = 10;
constexpr double kOneWeight[] = {1};

Status Wrong(std::string_view what) { return Status(StatusCode::kBadArgument, std::string(what)); }

// Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958; the second of its two
// numbers is not kept, so that a ValueSizes has no state.
double NextNormal(base::Random& random) {
  const double radius = std::sqrt(-2 * std::log1p(-random.Fraction()));
  return radius * std::cos(2 * std::numbers::pi * random.Fraction());
}

}  // namespace

ValueSizes::ValueSizes(uint32_t bytes)
    : ranges_{{bytes, bytes}}, which_(kOneWeight), bytes_min_(bytes), bytes_max_(bytes) {
  CHECK(bytes <= kValueBytesHardMax);
}

Result<ValueSizes> ValueSizes::Parse(std::string_view text) {
  ValueSizes sizes;
  const Status status = text.substr(0, kLognormal.size()) == kLognormal
                            ? sizes.ParseLognormal(text.substr(kLognormal.size()))
                            : sizes.ParseRanges(text);
  if (status.ok()) return sizes;
  return Status(status.code(), "value sizes \"" + std::string(text) + "\": " + status.message() +
                                   "; write a size, FROM-TO, several of them with weights "
                                   "(64:9,1kb-2kb:1), or lognormal:MEDIAN:SIGMA[:MAX]");
}

Status ValueSizes::ParseRange(std::string_view text, Range& range) {
  const size_t dash = text.find('-');
  const Result<uint32_t> from = ParseValueBytes(text.substr(0, dash));
  if (!from.ok()) return from.status();
  range = {*from, *from};
  if (dash == std::string_view::npos) return OkStatus();
  const Result<uint32_t> to = ParseValueBytes(text.substr(dash + 1));
  if (!to.ok()) return to.status();
  range.bytes_max = *to;
  return *to < *from ? Wrong("a range ends before it begins") : OkStatus();
}

Status ValueSizes::ParseRanges(std::string_view text) {
  ranges_.clear();
  std::vector<double> weights;
  bytes_min_ = static_cast<uint32_t>(kValueBytesHardMax);
  bytes_max_ = 0;
  for (const std::string_view part : SplitAt(text, ',')) {
    if (ranges_.size() == kRangesMax) return Wrong("there are more than 1000 sizes");
    const size_t colon = part.find(':');
    Range& range = ranges_.emplace_back();
    RETURN_IF_ERROR(ParseRange(part.substr(0, colon), range));
    double weight = 1;
    if (colon != std::string_view::npos) {
      const Result<double> parsed = ParsePlainNumber(part.substr(colon + 1));
      if (!parsed.ok()) return parsed.status();
      weight = *parsed;
    }
    weights.push_back(weight);
    if (weight == 0) continue;
    bytes_min_ = std::min(bytes_min_, range.bytes_min);
    bytes_max_ = std::max(bytes_max_, range.bytes_max);
  }
  if (std::all_of(weights.begin(), weights.end(), [](double weight) { return weight == 0; })) {
    return Wrong("all weights are 0");
  }
  which_ = WeightedChoice(weights);
  return OkStatus();
}

Status ValueSizes::ParseLognormal(std::string_view text) {
  const std::vector<std::string_view> parts = SplitAt(text, ':');
  if (parts.size() != 2 && parts.size() != 3) return Wrong("MEDIAN and SIGMA are missing");
  const Result<uint32_t> median = ParseValueBytes(parts[0]);
  if (!median.ok()) return median.status();
  const Result<double> sigma = ParsePlainNumber(parts[1]);
  if (!sigma.ok()) return sigma.status();
  bytes_max_ = static_cast<uint32_t>(kValueBytesDefault);
  if (parts.size() == 3) {
    const Result<uint32_t> max = ParseValueBytes(parts[2]);
    if (!max.ok()) return max.status();
    bytes_max_ = *max;
  }
  if (*median == 0 || *median > bytes_max_) return Wrong("the median is 0, or over the maximum");
  if (*sigma > kSigmaMax) return Wrong("sigma is over 10");
  ranges_.clear();
  median_bytes_ = *median;
  sigma_ = *sigma;
  bytes_min_ = 1;
  return OkStatus();
}

uint32_t ValueSizes::Next(base::Random& random) const {
  if (ranges_.empty()) {
    const double bytes = median_bytes_ * std::exp(sigma_ * NextNormal(random));
    return static_cast<uint32_t>(
        std::clamp(std::round(bytes), 1.0, static_cast<double>(bytes_max_)));
  }
  const Range& range = ranges_.size() == 1 ? ranges_[0] : ranges_[which_.Next(random)];
  if (range.bytes_min == range.bytes_max) return range.bytes_min;
  return static_cast<uint32_t>(random.Between(range.bytes_min, range.bytes_max));
}

}  // namespace corelane::loadgen
