#include "loadgen/rate_list.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "loadgen/number_text.h"

namespace corelane::loadgen {
namespace {

Status Wrong(std::string_view text, const std::string& what) {
  return Status(StatusCode::kBadArgument, absl::StrCat("\"", base::ToAbsl(text), "\" ", what));
}

Result<std::vector<double>> ParseRange(std::string_view text) {
  const size_t dash = text.find('-');
  const size_t colon = text.find(':');
  if (dash == std::string_view::npos || colon == std::string_view::npos || colon < dash) {
    return Wrong(text, "is no range of rates; write for example 10k-200k:8");
  }
  const Result<double> first = ParseRate(text.substr(0, dash));
  if (!first.ok()) return first.status();
  const Result<double> last = ParseRate(text.substr(dash + 1, colon - dash - 1));
  if (!last.ok()) return last.status();
  const Result<double> count = ParsePlainNumber(text.substr(colon + 1));
  if (!count.ok()) return count.status();
  if (*count < 2 || *count > static_cast<double>(kRatesMax) || *count != std::floor(*count)) {
    return Wrong(text, absl::StrCat("is to have 2 to ", kRatesMax, " rates"));
  }
  std::vector<double> rates;
  const auto points = static_cast<size_t>(*count);
  for (size_t i = 0; i < points; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(points - 1);
    // Whole operations a second, as people would choose them.
    rates.push_back(std::round(*first * std::pow(*last / *first, share)));
  }
  return rates;
}

Result<std::vector<double>> ParseEach(std::string_view text) {
  std::vector<double> rates;
  for (const std::string_view part : SplitAt(text, ',')) {
    const Result<double> rate = ParseRate(part);
    if (!rate.ok()) return rate.status();
    rates.push_back(*rate);
  }
  return rates;
}

}  // namespace

Result<std::vector<double>> ParseRateList(std::string_view text) {
  Result<std::vector<double>> rates =
      text.find('-') == std::string_view::npos ? ParseEach(text) : ParseRange(text);
  if (!rates.ok()) return rates;
  std::ranges::sort(*rates);
  // NaN and infinity come from a range that begins at 0.
  if (!std::ranges::all_of(*rates, [](double rate) { return rate > 0 && std::isfinite(rate); })) {
    return Wrong(text, "has a rate of 0");
  }
  if (std::ranges::adjacent_find(*rates) != rates->end()) {
    return Wrong(text, "has the same rate twice");
  }
  if (rates->size() > kRatesMax) {
    return Wrong(text, absl::StrCat("has more than ", kRatesMax, " rates"));
  }
  return rates;
}

}  // namespace corelane::loadgen
