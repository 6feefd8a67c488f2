#include "loadgen/rate_search.h"

#include <algorithm>
#include <cmath>

namespace corelane::loadgen {

RateSearch::RateSearch(const RateSearchOptions& options)
    : options_(options), next_(std::ceil(options.from_per_s)) {}

// What lies in the middle of what held and what did not.
double RateSearch::Between() const { return std::ceil(std::sqrt(*held_ * *failed_)); }

std::optional<double> RateSearch::Next() const {
  const bool close =
      held_ && failed_ && (*failed_ <= *held_ * (1 + options_.precision) || Between() >= *failed_);
  const bool at_top = held_ && *held_ >= options_.to_per_s;
  const bool at_bottom = failed_ && *failed_ <= std::ceil(options_.lowest_per_s);
  if (close || at_top || at_bottom) return std::nullopt;
  return next_;
}

void RateSearch::Tell(bool holds) {
  if (!holds && !failed_once_) {
    failed_once_ = true;
    return;
  }
  failed_once_ = false;
  (holds ? held_ : failed_) = next_;
  if (held_ && failed_) {
    next_ = Between();
  } else {
    next_ = held_ ? std::min(*held_ * 2, std::ceil(options_.to_per_s))
                  : std::max(std::ceil(*failed_ / 2), std::ceil(options_.lowest_per_s));
  }
}

}  // namespace corelane::loadgen
