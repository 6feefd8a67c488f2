#pragma once

// How well numbers fit a law: the two tests that the load generator's random parts are held to.
// With fixed seeds they pass or fail for good. Pure; any thread.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace corelane::loadgen {

// Anderson and Darling's A^2 of values that should be exponential with the given mean (T. Anderson
// and D. Darling, "A Test of Goodness of Fit", 1954).
inline double AndersonDarlingExponential(std::vector<double> values, double mean) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double log_below = std::log(-std::expm1(-values[i] / mean));
    const double log_above = -values[values.size() - 1 - i] / mean;
    sum += (2 * static_cast<double>(i) + 1) * (log_below + log_above);
  }
  return -count - sum / count;
}

// One in a hundred samples of the law itself is over it, when no parameter was estimated
// (M. Stephens, "EDF Statistics for Goodness of Fit and Some Comparisons", 1974, case 0).
inline constexpr double kAndersonDarling1Percent = 3.857;

// Pearson's chi-square, cells with fewer than five expected taken together.
struct ChiSquare {
  double statistic = 0;
  double limit = 0;  // one in a thousand samples of the law itself is over it
};

inline ChiSquare ChiSquareOf(std::span<const uint64_t> counts, std::span<const double> expected) {
  ChiSquare result;
  double cells = 0;
  double rest_count = 0;
  double rest_expected = 0;
  const auto add = [&](double count, double mean) {
    result.statistic += (count - mean) * (count - mean) / mean;
    ++cells;
  };
  for (size_t i = 0; i < counts.size(); ++i) {
    rest_count += static_cast<double>(counts[i]);
    rest_expected += expected[i];
    if (rest_expected < 5) continue;
    add(rest_count, rest_expected);
    rest_count = rest_expected = 0;
  }
  if (rest_expected > 0) add(rest_count, rest_expected);
  // E. Wilson and M. Hilferty, "The Distribution of Chi-Square", 1931; 3.09 is the normal quantile.
  const double degrees = cells - 1;
  const double spread = 2 / (9 * degrees);
  result.limit = degrees * std::pow(1 - spread + 3.09 * std::sqrt(spread), 3);
  return result;
}

inline void ExpectFit(std::span<const uint64_t> counts, std::span<const double> expected) {
  const ChiSquare result = ChiSquareOf(counts, expected);
  EXPECT_LT(result.statistic, result.limit);
}

}  // namespace corelane::loadgen
