#pragma once

// The confidence interval of percentiles by a block bootstrap over windows of time, for latencies
// that depend on what happened just before, as those of every server do.
//
// The run is cut into windows (of a second, say). A run like it is made by drawing blocks of
// windows that follow each other, with replacement, until there are as many windows as before; its
// percentiles are taken; and after a thousand such runs the middle 95 % of each percentile are its
// interval. Because whole blocks are drawn, what depends on its past within a block keeps doing so.
//
// Blocks are moving ones (Künsch, "The Jackknife and the Bootstrap for General Stationary
// Observations", 1989), and the row is closed to a circle, so that the windows at the ends are
// drawn as often as the others (Politis and Romano, "A Circular Block-Resampling Procedure for
// Stationary Data", 1992). The interval is the percentile interval of Efron and Tibshirani, "An
// Introduction to the Bootstrap", chapter 13.
//
// No bootstrap sees a tail that the run has not: a percentile that the samples do not carry (see
// order_statistics.h) gets an interval here that ends at the largest value and means nothing. Ask
// Carries() first. The run should be stationary: warm-up belongs in front of it.
//
// Pure functions, any thread. The time goes with resamples x windows x buckets in a window that are
// not empty: a thousand resamples of ten minutes in windows of a second take one to three seconds.
// Of a much longer run, neighbouring windows are best merged first.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "loadgen/percentile_interval.h"
#include "loadgen/sparse_histogram.h"

namespace corelane::loadgen {

// Fewer windows than this are refused, and fewer whole blocks: the resamples of a handful of blocks
// differ in a handful of ways, and their spread says little.
inline constexpr size_t kBootstrapWindowsMin = 30;
inline constexpr size_t kBootstrapBlocksMin = 10;

struct BootstrapOptions {
  uint64_t seed = 1;  // the same seed gives the same interval
  size_t resamples = 1000;
  size_t block_windows = 0;  // 0: DefaultBlockWindows()
  double confidence = kUsualConfidence;
};

// The cube root of the number of windows: what the best length grows with, for the variance of the
// resampled figure to come out right (both papers above).
[[nodiscard]] size_t DefaultBlockWindows(size_t windows);

// The intervals of all `percentiles` from the same resamples, in the order of the percentiles.
// kBadArgument where there are too few windows, blocks or resamples, or nothing in the windows.
[[nodiscard]] Result<std::vector<PercentileInterval>> BootstrapPercentiles(
    std::span<const SparseHistogram> windows, std::span<const double> percentiles,
    const BootstrapOptions& options);

}  // namespace corelane::loadgen
