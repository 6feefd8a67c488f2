#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace corelane::base {
namespace {

TEST(HistogramTest, EmptyHasNoFigures) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Min(), 0);
  EXPECT_EQ(histogram.Max(), 0);
  EXPECT_EQ(histogram.Mean(), 0);
  EXPECT_EQ(histogram.StandardDeviation(), 0);
  EXPECT_EQ(histogram.ValueAtPercentile(99), 0);
}

TEST(HistogramTest, BucketsTileTheRangeWithThreeDigits) {
  Random random(1);
  Histogram histogram;
  for (int64_t value : {1, 2, 2047, 2048, 2049, 4095, 4096, 1'000'000}) histogram.Record(value);
  for (int i = 0; i < 20'000; ++i) {
    const int bits = static_cast<int>(random.Uniform(42));
    histogram.Record(1 + static_cast<int64_t>(random.Uniform(uint64_t{1} << bits)));
  }
  int64_t behind = -1;
  uint64_t total = 0;
  histogram.ForEachBucket([&](const Histogram::Bucket& bucket) {
    EXPECT_GT(bucket.lowest, behind);
    EXPECT_LE(static_cast<double>(bucket.highest - bucket.lowest),
              static_cast<double>(bucket.lowest) / 1000);
    behind = bucket.highest;
    total += bucket.count;
  });
  EXPECT_EQ(total, histogram.count());
}

// Every bucket begins right behind the one before it: no value is lost between two.
TEST(HistogramTest, LayoutHasNoGaps) {
  using Layout = Histogram::Layout;
  for (size_t index = 0; index <= Layout::IndexOf(Histogram::kHighestNanos); ++index) {
    const int64_t lowest = Layout::LowestOf(index);
    ASSERT_EQ(Layout::IndexOf(lowest), index);
    ASSERT_EQ(Layout::IndexOf(Layout::LowestOf(index + 1) - 1), index);
  }
}

TEST(HistogramTest, PercentilesOfAKnownRow) {
  Histogram histogram;
  for (int64_t value = 1; value <= 1000; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.ValueAtPercentile(0), 1);
  EXPECT_EQ(histogram.ValueAtPercentile(0.1), 1);
  EXPECT_EQ(histogram.ValueAtPercentile(50), 500);
  EXPECT_EQ(histogram.ValueAtPercentile(95), 950);
  EXPECT_EQ(histogram.ValueAtPercentile(99), 990);
  EXPECT_EQ(histogram.ValueAtPercentile(99.9), 999);
  EXPECT_EQ(histogram.ValueAtPercentile(99.91), 1000);
  EXPECT_EQ(histogram.ValueAtPercentile(100), 1000);
  EXPECT_EQ(histogram.Min(), 1);
  EXPECT_EQ(histogram.Max(), 1000);
  EXPECT_DOUBLE_EQ(histogram.Mean(), 500.5);
  EXPECT_NEAR(histogram.StandardDeviation(), 288.675, 0.001);
  EXPECT_EQ(histogram.CountUpTo(0), 0u);
  EXPECT_EQ(histogram.CountUpTo(250), 250u);
  EXPECT_EQ(histogram.CountUpTo(INT64_MAX), 1000u);
}

TEST(HistogramTest, PercentilesOfRandomValuesAgreeWithSorting) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    Histogram histogram;
    std::vector<int64_t> values;
    double sum = 0;
    for (int i = 0; i < 20'000; ++i) {
      values.push_back(static_cast<int64_t>(std::exp(random.Fraction() * 28)) + 1);
      histogram.Record(values.back());
      sum += static_cast<double>(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double percent : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
      const auto rank = static_cast<size_t>(std::ceil(percent * 200 - 1e-6));
      const auto exact = static_cast<double>(values[rank - 1]);
      EXPECT_NEAR(static_cast<double>(histogram.ValueAtPercentile(percent)), exact, exact / 1000);
    }
    const double mean = sum / static_cast<double>(values.size());
    EXPECT_NEAR(histogram.Mean(), mean, mean / 1000);
    EXPECT_EQ(histogram.Min(), values.front());
    EXPECT_EQ(histogram.Max(), values.back());
  }
}

TEST(HistogramTest, ValuesAtRanks) {
  Histogram histogram;
  histogram.RecordMany(10, 3);
  histogram.Record(20);
  histogram.RecordMany(100'001, 2);
  for (const uint64_t rank : {1u, 2u, 3u}) EXPECT_EQ(histogram.ValueAtRank(rank), 10);
  EXPECT_EQ(histogram.ValueAtRank(4), 20);
  // As with percentiles, a value is told as the highest of its bucket, but never above the largest.
  EXPECT_EQ(histogram.ValueAtRank(5), 100'001);
  histogram.Record(200'000);
  EXPECT_EQ(histogram.ValueAtRank(6), 100'031);
  EXPECT_EQ(histogram.ValueAtRank(7), 200'000);
}

TEST(HistogramTest, RanksOfPercentiles) {
  EXPECT_EQ(Histogram::RankAtPercentile(0, 1000), 1u);
  EXPECT_EQ(Histogram::RankAtPercentile(50, 1), 1u);
  EXPECT_EQ(Histogram::RankAtPercentile(99.9, 1000), 999u);
  EXPECT_EQ(Histogram::RankAtPercentile(99.91, 1000), 1000u);
  EXPECT_EQ(Histogram::RankAtPercentile(100, 1000), 1000u);
  EXPECT_EQ(Histogram::RankAtPercentile(101, 1000), 1000u);
}

TEST(HistogramTest, ValuesOutsideTheRangeAreClampedAndCounted) {
  Histogram histogram;
  histogram.Record(0);
  histogram.Record(-5);
  histogram.Record(INT64_MIN);
  histogram.RecordMany(Histogram::kHighestNanos + 1, 2);
  histogram.Record(INT64_MAX);
  histogram.Record(Histogram::kHighestNanos);
  histogram.Record(Histogram::kLowestNanos);
  EXPECT_EQ(histogram.clamped_low(), 3u);
  EXPECT_EQ(histogram.clamped_high(), 3u);
  EXPECT_EQ(histogram.count(), 8u);
  EXPECT_EQ(histogram.Min(), 1);
  EXPECT_EQ(histogram.Max(), Histogram::kHighestNanos);
  EXPECT_EQ(histogram.ValueAtPercentile(50), 1);
  EXPECT_EQ(histogram.ValueAtPercentile(100), Histogram::kHighestNanos);
}

TEST(HistogramTest, PartsMergeToTheWhole) {
  Random random(7);
  Histogram whole;
  Histogram parts[3];
  for (int i = 0; i < 10'000; ++i) {
    const auto value = static_cast<int64_t>(random.Uniform(1'000'000'000)) - 1000;
    whole.Record(value);
    parts[random.Uniform(3)].Record(value);
  }
  parts[0].Merge(parts[1]);
  parts[0].Merge(Histogram());
  parts[0].Merge(parts[2]);
  EXPECT_EQ(parts[0].count(), whole.count());
  EXPECT_EQ(parts[0].clamped_low(), whole.clamped_low());
  EXPECT_EQ(parts[0].Min(), whole.Min());
  EXPECT_EQ(parts[0].Max(), whole.Max());
  EXPECT_EQ(parts[0].Mean(), whole.Mean());
  for (double percent = 0; percent <= 100; percent += 0.5) {
    EXPECT_EQ(parts[0].ValueAtPercentile(percent), whole.ValueAtPercentile(percent));
  }
}

TEST(HistogramTest, ManyAtOnceAndReset) {
  Histogram many;
  Histogram one_by_one;
  many.RecordMany(1234, 100);
  many.RecordMany(999'999, 3);
  for (int i = 0; i < 100; ++i) one_by_one.Record(1234);
  for (int i = 0; i < 3; ++i) one_by_one.Record(999'999);
  EXPECT_EQ(many.count(), 103u);
  EXPECT_EQ(many.Mean(), one_by_one.Mean());
  EXPECT_EQ(many.ValueAtPercentile(98), one_by_one.ValueAtPercentile(98));

  many.Reset();
  EXPECT_EQ(many.count(), 0u);
  EXPECT_EQ(many.Min(), 0);
  EXPECT_EQ(many.Max(), 0);
  many.Record(5);
  EXPECT_EQ(many.Min(), 5);
  EXPECT_EQ(many.Max(), 5);
}

}  // namespace
}  // namespace corelane::base
