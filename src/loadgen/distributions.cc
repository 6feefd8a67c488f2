#include "loadgen/distributions.h"

#include <algorithm>
#include <cmath>

namespace corelane::loadgen {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752440;

// The continued fraction of the incomplete beta function (Abramowitz and Stegun, "Handbook of
// Mathematical Functions", 26.5.8) by Lentz's method as in Press et al., "Numerical Recipes", 6.4.
// It converges fast for x < (a + 1) / (a + b + 2), in about sqrt(max(a, b)) steps.
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  constexpr double kPrecision = 1e-15;
  constexpr int kStepsMax = 100'000;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int step = 1; step <= kStepsMax; ++step) {
    const double m = step;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < kPrecision) break;
  }
  return fraction;
}

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

// I_x(a, b), where y is 1 - x: the caller may know it better than subtraction does.
double IncompleteBetaOf(double a, double b, double x, double y) {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  // The factor before the fraction is the same for (a, b, x) and (b, a, y).
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log(y));
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, y) / b;
}

}  // namespace

double IncompleteBeta(double a, double b, double x) { return IncompleteBetaOf(a, b, x, 1 - x); }

// Abramowitz and Stegun, 26.7.1.
double StudentCdf(double t, double degrees) {
  const double sum = degrees + t * t;
  const double outside = IncompleteBetaOf(degrees / 2, 0.5, degrees / sum, t * t / sum);
  return t < 0 ? outside / 2 : 1 - outside / 2;
}

// Both distributions are symmetric. The half below the middle is searched, because there a small
// probability keeps its digits.
double NormalQuantile(double probability) {
  const double tail = std::min(probability, 1 - probability);
  const auto cdf = [](double z) { return std::erfc(-z * kSqrtHalf) / 2; };
  const double found = Invert(cdf, tail);
  return probability < 0.5 ? found : -found;
}

double StudentQuantile(double probability, double degrees) {
  const double tail = std::min(probability, 1 - probability);
  const auto cdf = [degrees](double t) { return StudentCdf(t, degrees); };
  const double found = Invert(cdf, tail);
  return probability < 0.5 ? found : -found;
}

}  // namespace corelane::loadgen
