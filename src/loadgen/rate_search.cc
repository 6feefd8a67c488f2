#include "loadgen/rate_search.h"

#include <algorithm>
#include <cmath>

namespace corelane::loadgen {

RateSearch::RateSearch(const RateSearchOptions& options)
    : options_(options),
      next_(std::clamp(options.from_per_s, options.lowest_per_s,
                       std::max(options.lowest_per_s, options.to_per_s))) {}

std::optional<double> RateSearch::Next() const {
  const bool close = held_ && failed_ && *failed_ <= *held_ * (1 + options_.precision);
  const bool at_top = held_ && *held_ >= options_.to_per_s;
  const bool hopeless = !held_ && next_ < options_.lowest_per_s;
  if (close || at_top || hopeless) return std::nullopt;
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
    next_ = std::sqrt(*held_ * *failed_);
  } else {
    next_ = held_ ? std::min(*held_ * 2, options_.to_per_s) : *failed_ / 2;
  }
}

}  // namespace corelane::loadgen
