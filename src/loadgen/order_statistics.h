#pragma once

// The confidence interval of a percentile from order statistics: how far the percentile of the
// samples may be from that of the system, for no better reason than that there were so few samples.
//
// Of n independent samples, the number that falls below the true p-quantile is binomial, B(n, p),
// whatever the distribution of the samples. The l-th and the u-th smallest sample therefore hold
// the quantile between them with probability P(l <= B < u) (Le Boudec, "Performance Evaluation of
// Computer and Communication Systems", chapter 2; David and Nagaraja, "Order Statistics", 3rd
// ed., 7.1). Both tails get half of what the confidence leaves: l is the largest rank with
// P(B < l) <= (1 - confidence) / 2, u the smallest with P(B >= u) <= (1 - confidence) / 2.
//
// Where the u-th sample would have to be beyond the largest, or the l-th before the smallest, the
// samples cannot carry the percentile, and there is no interval rather than a wrong one.
//
// Latencies that follow each other are not independent: a stall hits many at once. This interval is
// then too narrow; block_bootstrap.h has the one that minds it. Pure functions, any thread.

#include <cstdint>
#include <optional>

#include "base/histogram.h"
#include "loadgen/percentile_interval.h"

namespace corelane::loadgen {

// Ranks count from 1, the smallest sample.
struct RankInterval {
  uint64_t low = 0;
  uint64_t high = 0;
};

// `percent` is in [0, 100], `confidence` in (0, 1), wherever they appear below.

// The fewest samples whose percentile has an interval; UINT64_MAX where no number is enough (0 and
// 100). p99.999 at 95 % takes 368,887.
[[nodiscard]] uint64_t SamplesNeeded(double percent, double confidence = kUsualConfidence);
[[nodiscard]] bool Carries(uint64_t samples, double percent, double confidence = kUsualConfidence);

// The ranks l and u of `samples` samples. By ExactRanks() while the variance n p (1 - p) of the
// binomial is at most kExactVarianceMax, by NormalRanks() above. The variance decides and not n,
// because a million samples have only ten values above p99.999, which is nowhere near normal. The
// switch is where it no longer shows: both ways agree to a rank, and the interval is some 4000
// ranks wide. The exact way would cost time in proportion to the root of the variance.
inline constexpr double kExactVarianceMax = 1e6;
[[nodiscard]] std::optional<RankInterval> RanksAround(uint64_t samples, double percent,
                                                      double confidence = kUsualConfidence);

// By adding up the terms of the binomial distribution.
[[nodiscard]] std::optional<RankInterval> ExactRanks(uint64_t samples, double percent,
                                                     double confidence);
// By the normal distribution with continuity correction, and the term for the skewness of the
// binomial from the expansion of Cornish and Fisher ("Moments and Cumulants in the Specification of
// Distributions", 1938): without it the ranks of high percentiles are half a rank off.
[[nodiscard]] std::optional<RankInterval> NormalRanks(uint64_t samples, double percent,
                                                      double confidence);

// The percentile of what the histogram has recorded, and the values at the ranks around it, to the
// three digits of the histogram. None where the samples do not carry it.
[[nodiscard]] std::optional<PercentileInterval> IntervalAtPercentile(
    const base::Histogram& histogram, double percent, double confidence = kUsualConfidence);

}  // namespace corelane::loadgen
