#include "loadgen/block_bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "loadgen/order_statistics.h"

namespace corelane::loadgen {
namespace {

using base::Histogram;

double Gaussian(base::Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.Fraction()));
  return radius * std::cos(2 * std::acos(-1.0) * random.Fraction());
}

// Windows whose level wanders: each keeps `memory` of the distance of the one before to the middle.
// The logarithms of the samples are normal around ln(kMiddleNanos), whatever the memory.
constexpr int64_t kMiddleNanos = 1500;
struct Series {
  std::vector<SparseHistogram> windows;
  Histogram whole;
};
Series MakeRun(uint64_t seed, size_t windows, int samples, double memory) {
  constexpr double kWander = 0.2;
  base::Random random(seed);
  Series run;
  double level = kWander * Gaussian(random);
  Histogram window;
  for (size_t i = 0; i < windows; ++i) {
    window.Reset();
    for (int j = 0; j < samples; ++j) {
      const double value =
          static_cast<double>(kMiddleNanos) * std::exp(level + kWander * Gaussian(random));
      window.Record(std::lround(value));
    }
    run.windows.emplace_back(window).AddTo(run.whole);
    level = memory * level + std::sqrt(1 - memory * memory) * kWander * Gaussian(random);
  }
  return run;
}

std::vector<PercentileInterval> Intervals(const Series& run, const std::vector<double>& percentiles,
                                          const BootstrapOptions& options) {
  return BootstrapPercentiles(run.windows, percentiles, options).value();
}

TEST(BlockBootstrapTest, DefaultBlocks) {
  EXPECT_EQ(DefaultBlockWindows(1), 1u);
  EXPECT_EQ(DefaultBlockWindows(kBootstrapWindowsMin), 3u);
  EXPECT_EQ(DefaultBlockWindows(1000), 10u);
  // Whatever the number of windows, the default leaves blocks enough.
  for (size_t windows = kBootstrapWindowsMin; windows < 5000; ++windows) {
    ASSERT_GE(windows / DefaultBlockWindows(windows), kBootstrapBlocksMin);
  }
}

TEST(BlockBootstrapTest, TheSeedDecides) {
  const Series run = MakeRun(1, 60, 50, 0.5);
  const std::vector<double> percentiles = {50, 99};
  const auto first = Intervals(run, percentiles, {.seed = 7, .resamples = 200});
  const auto again = Intervals(run, percentiles, {.seed = 7, .resamples = 200});
  const auto other = Intervals(run, percentiles, {.seed = 8, .resamples = 200});
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].low_ns, again[0].low_ns);
  EXPECT_EQ(first[1].high_ns, again[1].high_ns);
  EXPECT_NE(first[0].low_ns, other[0].low_ns);
}

// In any order of asking, and the figure itself is that of the whole run.
TEST(BlockBootstrapTest, PercentilesAreThoseOfTheWholeRun) {
  const Series run = MakeRun(2, 40, 100, 0.5);
  const std::vector<double> percentiles = {99.9, 50, 100, 0, 90, 50};
  const auto intervals = Intervals(run, percentiles, {.resamples = 100});
  ASSERT_EQ(intervals.size(), percentiles.size());
  for (size_t i = 0; i < percentiles.size(); ++i) {
    EXPECT_EQ(intervals[i].percent, percentiles[i]);
    EXPECT_EQ(intervals[i].value_ns, run.whole.ValueAtPercentile(percentiles[i]));
    EXPECT_LE(intervals[i].low_ns, intervals[i].value_ns);
    EXPECT_GE(intervals[i].high_ns, intervals[i].value_ns);
  }
  EXPECT_EQ(intervals[1].low_ns, intervals[5].low_ns);
}

// Windows that are all alike leave nothing to chance.
TEST(BlockBootstrapTest, EqualWindowsHaveNoSpread) {
  Histogram window;
  for (int64_t value = 1; value <= 100; ++value) window.Record(value);
  const std::vector<SparseHistogram> windows(30, SparseHistogram(window));
  const std::vector<double> percentiles = {90};
  const auto intervals = BootstrapPercentiles(windows, percentiles, {.resamples = 100}).value();
  EXPECT_EQ(intervals[0].low_ns, 90);
  EXPECT_EQ(intervals[0].high_ns, 90);
}

// By hand: one window of 30 is slow and has more than all samples of the others together, so the
// median is slow exactly where the window is drawn. At blocks of one it is missing from a resample
// with probability (29/30)^30 = 0.362, so both medians are within the middle 95 %.
TEST(BlockBootstrapTest, OneSlowWindowIsInTheInterval) {
  Histogram fast;
  fast.RecordMany(10, 10);
  Histogram slow;
  slow.RecordMany(1000, 1000);
  std::vector<SparseHistogram> windows(29, SparseHistogram(fast));
  windows.emplace_back(slow);
  const std::vector<double> percentiles = {50};
  const auto wide = BootstrapPercentiles(windows, percentiles, {.block_windows = 1}).value();
  EXPECT_EQ(wide[0].value_ns, 1000);
  EXPECT_EQ(wide[0].low_ns, 10);
  EXPECT_EQ(wide[0].high_ns, 1000);
  // At a confidence of 20 %, 40 % of the resamples are below: more than the 36.2 % that are fast.
  const auto narrow =
      BootstrapPercentiles(windows, percentiles, {.block_windows = 1, .confidence = 0.2}).value();
  EXPECT_EQ(narrow[0].low_ns, 1000);
}

TEST(BlockBootstrapTest, EmptyWindowsAreWindowsAllTheSame) {
  Histogram some;
  some.RecordMany(10, 5);
  std::vector<SparseHistogram> windows(29);
  windows.emplace_back(some);
  const std::vector<double> percentiles = {50};
  const auto intervals = BootstrapPercentiles(windows, percentiles, {.resamples = 100}).value();
  EXPECT_EQ(intervals[0].low_ns, 10);
  EXPECT_EQ(intervals[0].high_ns, 10);
}

TEST(BlockBootstrapTest, RefusesWhatWouldSayLittle) {
  const std::vector<double> percentiles = {50};
  const auto code_of = [&](const Series& run, const BootstrapOptions& options) {
    return BootstrapPercentiles(run.windows, percentiles, options).code();
  };
  const Series run = MakeRun(1, kBootstrapWindowsMin, 5, 0.5);
  EXPECT_EQ(code_of(run, {.resamples = 39}), StatusCode::kOk);
  EXPECT_EQ(code_of(run, {.resamples = 38}), StatusCode::kBadArgument);
  EXPECT_EQ(code_of(run, {.resamples = 100, .block_windows = 3}), StatusCode::kOk);
  EXPECT_EQ(code_of(run, {.resamples = 100, .block_windows = 4}), StatusCode::kBadArgument);
  const Series few = MakeRun(1, kBootstrapWindowsMin - 1, 5, 0.5);
  EXPECT_EQ(code_of(few, {}), StatusCode::kBadArgument);
  const Series nothing = {std::vector<SparseHistogram>(kBootstrapWindowsMin), Histogram()};
  EXPECT_EQ(code_of(nothing, {}), StatusCode::kBadArgument);
}

// Independent samples: the interval is about as wide as that of order statistics.
TEST(BlockBootstrapTest, AgreesWithOrderStatisticsOnIndependentSamples) {
  base::Random random(3);
  Series run;
  for (int i = 0; i < 100; ++i) {
    Histogram window;
    for (int j = 0; j < 100; ++j) window.Record(random.Between(1, 2000));
    run.windows.emplace_back(window);
    run.whole.Merge(window);
  }
  const auto of_blocks = Intervals(run, {90}, {.resamples = 500})[0];
  const auto of_ranks = IntervalAtPercentile(run.whole, 90).value();
  const auto width = [](const PercentileInterval& interval) {
    return static_cast<double>(interval.high_ns - interval.low_ns);
  };
  EXPECT_GT(width(of_blocks), 0.6 * width(of_ranks));
  EXPECT_LT(width(of_blocks), 1.5 * width(of_ranks));
}

// What blocks are for: of runs whose level wanders, the interval holds the true median far more
// often than that of order statistics, which takes all samples for independent, and than one of
// single windows, which takes the windows for it.
TEST(BlockBootstrapTest, HoldsTheTruthOfRunsThatWander) {
  constexpr int kRuns = 100;
  int blocks = 0;
  int windows = 0;
  int ranks = 0;
  const auto holds = [](const PercentileInterval& interval) {
    return interval.low_ns <= kMiddleNanos && kMiddleNanos <= interval.high_ns;
  };
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    const Series run = MakeRun(seed, 80, 20, 0.6);
    blocks += holds(Intervals(run, {50}, {.seed = seed, .resamples = 100, .block_windows = 8})[0]);
    windows += holds(Intervals(run, {50}, {.seed = seed, .resamples = 100, .block_windows = 1})[0]);
    ranks += holds(IntervalAtPercentile(run.whole, 50).value());
  }
  EXPECT_GE(blocks, 82);
  EXPECT_LE(windows, blocks - 8);
  EXPECT_LE(ranks, 60);
}

}  // namespace
}  // namespace corelane::loadgen
