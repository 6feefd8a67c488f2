#include "loadgen/zipf.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace corelane::loadgen {
namespace {

// Near 0 the two quotients are 0 / 0; there the first terms of their series are exact enough.
constexpr double kNearZero = 1e-8;

// log(1 + x) / x
double LogQuotient(double x) { return std::abs(x) > kNearZero ? std::log1p(x) / x : 1 - x / 2; }

// (e^x - 1) / x
double ExpQuotient(double x) { return std::abs(x) > kNearZero ? std::expm1(x) / x : 1 + x / 2; }

}  // namespace

ZipfSampler::ZipfSampler(double theta, uint64_t ranks) : theta_(theta) {
  CHECK(theta > 0 && theta < 2);
  area_begin_ = Integral(1.5) - 1;
  sure_ = 2 - InverseIntegral(Integral(2.5) - Curve(2));
  set_ranks(ranks);
}

void ZipfSampler::set_ranks(uint64_t ranks) {
  CHECK(ranks > 0 && ranks <= kRanksMax);
  ranks_ = ranks;
  area_end_ = Integral(static_cast<double>(ranks) + 0.5);
}

double ZipfSampler::Curve(double x) const { return std::exp(-theta_ * std::log(x)); }

// (x^(1 - theta) - 1) / (1 - theta), which is log x where theta is 1: written so that it has no gap
// there.
double ZipfSampler::Integral(double x) const {
  const double log_x = std::log(x);
  return ExpQuotient((1 - theta_) * log_x) * log_x;
}

double ZipfSampler::InverseIntegral(double area) const {
  // By rounding it can be a hair below -1, where the logarithm ends.
  const double scaled = std::max(area * (1 - theta_), -1.0);
  return std::exp(LogQuotient(scaled) * area);
}

uint64_t ZipfSampler::Next(base::Random& random) const {
  const auto ranks = static_cast<double>(ranks_);
  while (true) {
    const double area = area_end_ + random.Fraction() * (area_begin_ - area_end_);
    const double x = InverseIntegral(area);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, ranks);
    if (rank - x <= sure_ || area >= Integral(rank + 0.5) - Curve(rank)) {
      return static_cast<uint64_t>(rank) - 1;
    }
  }
}

}  // namespace corelane::loadgen
