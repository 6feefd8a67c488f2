#include "loadgen/distributions.h"

#include <algorithm>
#include <cmath>

namespace corelane::loadgen {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;

// Where the rising function `cdf` reaches `probability`. Bisection is slower than Newton's method
// and cannot go astray.
template <typename Cdf>
double Invert(const Cdf& cdf, double probability) {
  double low = -1;
  double high = 1;
  while (cdf(low) > probability) low *= 2;
  while (cdf(high) < probability) high *= 2;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    (cdf(middle) < probability ? low : high) = middle;
  }
}

}  // namespace

// The distribution is symmetric. The half below the middle is searched, because there a small
// probability keeps its digits.
double NormalQuantile(double probability) {
  const double tail = std::min(probability, 1 - probability);
  const auto cdf = [](double z) { return std::erfc(-z * kSqrtHalf) / 2; };
  const double found = Invert(cdf, tail);
  return probability < 0.5 ? found : -found;
}

}  // namespace corelane::loadgen
