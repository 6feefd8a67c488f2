#include "loadgen/heat_map.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "base/histogram.h"

namespace corelane::loadgen {
namespace {

TEST(HeatMap, APowerOfTenBeginsABucket) {
  int64_t nanos = 1;
  for (uint32_t decade = 0; decade <= 12; ++decade, nanos *= 10) {
    EXPECT_EQ(HeatIndexOf(nanos), decade * kHeatBucketsPerDecade) << nanos;
    if (nanos >= 1'000) {
      EXPECT_EQ(HeatIndexOf(nanos - 1), decade * kHeatBucketsPerDecade - 1) << nanos;
    }
  }
}

TEST(HeatMap, IndexesNeverFall) {
  uint32_t before = 0;
  for (int64_t nanos = 1; nanos < 10'000'000'000; nanos += 1 + nanos / 50) {
    const uint32_t index = HeatIndexOf(nanos);
    EXPECT_GE(index, before) << nanos;
    EXPECT_LE(index, before + kHeatBucketsPerDecade) << nanos;
    before = index;
  }
}

TEST(HeatMap, KeepsEveryCount) {
  base::Histogram histogram;
  histogram.RecordMany(100'000, 5);  // 100 us, where a bucket begins
  histogram.RecordMany(105'000, 7);  // the same bucket
  histogram.RecordMany(1'500'000, 2);
  const std::vector<HeatBucket> heat = HeatOf(SparseHistogram(histogram));
  const std::vector<HeatBucket> expected = {{5 * kHeatBucketsPerDecade, 12},
                                            {HeatIndexOf(1'500'000), 2}};
  EXPECT_EQ(heat, expected);
}

TEST(HeatMap, OfNothingIsEmpty) { EXPECT_TRUE(HeatOf(SparseHistogram()).empty()); }

}  // namespace
}  // namespace corelane::loadgen
