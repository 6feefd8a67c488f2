#include "loadgen/order_statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "loadgen/distributions.h"

namespace corelane::loadgen {
namespace {

// The chance of a sample below the quantile, and of one above. The second is not computed as one
// minus the first, which would cost digits where they count.
struct Chances {
  explicit Chances(double percent) : below(percent / 100), above((100 - percent) / 100) {}
  [[nodiscard]] bool inside() const { return below > 0 && above > 0; }

  double below;
  double above;
};

double TailOf(double confidence) { return (1 - confidence) / 2; }

// The smallest n with chance^n <= tail.
double PowerNeeded(double chance, double other, double tail) {
  // The logarithm of a chance near one comes from its distance to one.
  const double logarithm = chance > 0.5 ? std::log1p(-other) : std::log(chance);
  return std::ceil(std::log(tail) / logarithm);
}

// The terms of a binomial distribution around its mode, as multiples of the largest, so that no
// factorial is ever needed: each follows from its neighbour. Terms below kSmallest have no part in
// any sum that counts.
class BinomialTerms {
 public:
  BinomialTerms(uint64_t samples, const Chances& chances) {
    constexpr double kSmallest = 1e-22;
    const auto n = static_cast<double>(samples);
    const double mode = std::min(std::floor((n + 1) * chances.below), n);
    const double odds = chances.below / chances.above;
    double term = 1;
    for (double k = mode; k > 0; --k) {
      term *= k / ((n - k + 1) * odds);
      if (term < kSmallest) break;
      terms_.push_back(term);
    }
    first_ = static_cast<uint64_t>(mode) - terms_.size();
    std::reverse(terms_.begin(), terms_.end());
    terms_.push_back(1);
    term = 1;
    for (double k = mode; k < n; ++k) {
      term *= (n - k) * odds / (k + 1);
      if (term < kSmallest) break;
      terms_.push_back(term);
    }
    for (const double each : terms_) total_ += each;
  }

  // The largest l with P(B < l) <= tail.
  [[nodiscard]] uint64_t LowRank(double tail) const {
    double sum = 0;
    size_t at = 0;
    while (at + 1 < terms_.size() && (sum += terms_[at]) <= tail * total_) ++at;
    return first_ + at;
  }

  // The smallest u with P(B >= u) <= tail.
  [[nodiscard]] uint64_t HighRank(double tail) const {
    double sum = 0;
    size_t at = terms_.size();
    while (at > 1 && (sum += terms_[at - 1]) <= tail * total_) --at;
    return first_ + at;
  }

 private:
  std::vector<double> terms_;
  uint64_t first_ = 0;  // the number of samples that terms_[0] is for
  double total_ = 0;
};

}  // namespace

// The quantile is between the smallest and the largest of n samples unless all are below it, whose
// chance is p^n, or all above, (1 - p)^n.
uint64_t SamplesNeeded(double percent, double confidence) {
  const Chances chances(percent);
  if (!chances.inside()) return UINT64_MAX;
  const double tail = TailOf(confidence);
  const double needed = std::max(PowerNeeded(chances.below, chances.above, tail),
                                 PowerNeeded(chances.above, chances.below, tail));
  constexpr double kCountMax = 0x1p63;
  return needed < kCountMax ? static_cast<uint64_t>(needed) : UINT64_MAX;
}

bool Carries(uint64_t samples, double percent, double confidence) {
  const uint64_t needed = SamplesNeeded(percent, confidence);
  return needed != UINT64_MAX && samples >= needed;
}

std::optional<RankInterval> ExactRanks(uint64_t samples, double percent, double confidence) {
  if (!Carries(samples, percent, confidence)) return std::nullopt;
  const BinomialTerms terms(samples, Chances(percent));
  const double tail = TailOf(confidence);
  // Where p^n is as good as the tail itself, rounding may still put a rank outside.
  return RankInterval{std::max<uint64_t>(terms.LowRank(tail), 1),
                      std::min(terms.HighRank(tail), samples)};
}

std::optional<RankInterval> NormalRanks(uint64_t samples, double percent, double confidence) {
  if (!Carries(samples, percent, confidence)) return std::nullopt;
  const Chances chances(percent);
  const auto n = static_cast<double>(samples);
  const double z = NormalQuantile(1 - TailOf(confidence));
  const double reach = z * std::sqrt(n * chances.below * chances.above);
  // Skewness (1 - 2p) / sqrt(n p q), times (z^2 - 1) / 6, times the standard deviation.
  const double shift = (chances.above - chances.below) * (z * z - 1) / 6;
  const double middle = n * chances.below + shift + 0.5;
  const double low = std::floor(middle - reach);
  const double high = std::ceil(middle + reach);
  return RankInterval{static_cast<uint64_t>(std::max(low, 1.0)),
                      static_cast<uint64_t>(std::min(high, n))};
}

std::optional<RankInterval> RanksAround(uint64_t samples, double percent, double confidence) {
  const Chances chances(percent);
  const double variance = static_cast<double>(samples) * chances.below * chances.above;
  return variance <= kExactVarianceMax ? ExactRanks(samples, percent, confidence)
                                       : NormalRanks(samples, percent, confidence);
}

std::optional<PercentileInterval> IntervalAtPercentile(const base::Histogram& histogram,
                                                       double percent, double confidence) {
  const auto ranks = RanksAround(histogram.count(), percent, confidence);
  if (!ranks) return std::nullopt;
  return PercentileInterval{percent, histogram.ValueAtPercentile(percent),
                            histogram.ValueAtRank(ranks->low), histogram.ValueAtRank(ranks->high)};
}

}  // namespace corelane::loadgen
