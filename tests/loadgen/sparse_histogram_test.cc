#include "loadgen/sparse_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.h"

namespace corelane::loadgen {
namespace {

using base::Histogram;

Histogram RandomHistogram(uint64_t seed, int values) {
  base::Random random(seed);
  Histogram histogram;
  for (int i = 0; i < values; ++i) {
    histogram.Record(static_cast<int64_t>(std::exp(random.Fraction() * 20)));
  }
  return histogram;
}

void ExpectEqual(const Histogram& left, const Histogram& right) {
  EXPECT_EQ(left.count(), right.count());
  EXPECT_EQ(left.Min(), right.Min());
  EXPECT_EQ(left.Max(), right.Max());
  EXPECT_EQ(left.clamped_low(), right.clamped_low());
  EXPECT_EQ(left.clamped_high(), right.clamped_high());
  std::vector<std::pair<int64_t, uint64_t>> left_buckets;
  std::vector<std::pair<int64_t, uint64_t>> right_buckets;
  left.ForEachBucket([&](const auto& each) { left_buckets.emplace_back(each.lowest, each.count); });
  right.ForEachBucket(
      [&](const auto& each) { right_buckets.emplace_back(each.lowest, each.count); });
  EXPECT_EQ(left_buckets, right_buckets);
}

Histogram Thaw(const SparseHistogram& sparse) {
  Histogram histogram;
  sparse.AddTo(histogram);
  return histogram;
}

TEST(SparseHistogramTest, EmptyIsEmpty) {
  const SparseHistogram sparse{Histogram()};
  EXPECT_TRUE(sparse.empty());
  EXPECT_EQ(sparse.buckets(), 0u);
  EXPECT_EQ(sparse.Min(), 0);
  EXPECT_EQ(sparse.Max(), 0);
  ExpectEqual(Thaw(sparse), Histogram());
}

TEST(SparseHistogramTest, HoldsTheBucketsInOrder) {
  Histogram histogram;
  histogram.RecordMany(5, 2);
  histogram.Record(100'001);
  const SparseHistogram sparse(histogram);
  std::vector<std::pair<size_t, uint64_t>> buckets;
  sparse.ForEachBucket([&](size_t index, uint64_t count) { buckets.emplace_back(index, count); });
  const std::vector<std::pair<size_t, uint64_t>> wanted = {
      {5, 2}, {Histogram::Layout::IndexOf(100'001), 1}};
  EXPECT_EQ(buckets, wanted);
  EXPECT_EQ(sparse.count(), 3u);
  EXPECT_EQ(sparse.HighestOf(5), 5);
  EXPECT_EQ(sparse.HighestOf(wanted[1].first), 100'001);
}

TEST(SparseHistogramTest, ThereAndBackLosesNothing) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Histogram histogram = RandomHistogram(seed, 3000);
    ExpectEqual(Thaw(SparseHistogram(histogram)), histogram);
  }
}

// The smallest and the largest value in one bucket, alone or with others, in range or not.
TEST(SparseHistogramTest, ExactEndsAndClampedValuesSurvive) {
  constexpr int64_t kHighest = Histogram::kHighestNanos;
  const std::vector<std::vector<int64_t>> rows = {
      {100'005},
      {100'005, 100'005},
      {100'002, 100'005},
      {100'002, 100'005, 100'006},
      {1},
      {0},
      {-3, 0, 1, 1, 2},
      {0, kHighest + 1},
      {kHighest - 1, kHighest, kHighest + 1},
      {kHighest - 1, kHighest - 1},
      {1, 2'000'001, kHighest},
  };
  for (const std::vector<int64_t>& row : rows) {
    SCOPED_TRACE(testing::PrintToString(row));
    Histogram histogram;
    for (const int64_t value : row) histogram.Record(value);
    ExpectEqual(Thaw(SparseHistogram(histogram)), histogram);
  }
}

TEST(SparseHistogramTest, PartsMergeToTheWhole) {
  Histogram whole;
  SparseHistogram merged;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const Histogram part = RandomHistogram(seed, static_cast<int>(seed) * 50);
    whole.Merge(part);
    merged.Merge(SparseHistogram(part));
    merged.Merge(SparseHistogram());
  }
  ExpectEqual(Thaw(merged), whole);
  EXPECT_EQ(merged.buckets(), SparseHistogram(whole).buckets());
}

TEST(SparseHistogramTest, AddsToWhatIsThere) {
  Histogram sum = RandomHistogram(1, 500);
  const Histogram more = RandomHistogram(2, 500);
  SparseHistogram(more).AddTo(sum);
  Histogram wanted = RandomHistogram(1, 500);
  wanted.Merge(more);
  ExpectEqual(sum, wanted);
}

}  // namespace
}  // namespace corelane::loadgen
