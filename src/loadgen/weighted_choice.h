#pragma once

// WeightedChoice: one of a handful of things, each as often as its weight says. A plain value; used
// by one thread.

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/random.h"

namespace corelane::loadgen {

class WeightedChoice {
 public:
  // None of the weights is negative; at least one is over 0.
  explicit WeightedChoice(std::span<const double> weights) {
    double sum = 0;
    for (const double weight : weights) ends_.push_back(sum += weight);
  }

  // The index of one whose weight is not 0.
  [[nodiscard]] size_t Next(base::Random& random) const {
    // Never the whole sum, however it is rounded: the fraction ends 2^-53 before 1. So something
    // with a weight ends behind the point.
    const double point = random.Fraction() * ends_.back();
    const auto found = std::upper_bound(ends_.begin(), ends_.end(), point);
    return static_cast<size_t>(found - ends_.begin());
  }

 private:
  std::vector<double> ends_;
};

}  // namespace corelane::loadgen
