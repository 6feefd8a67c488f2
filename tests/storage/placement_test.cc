#include "storage/placement.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "engine_test_util.h"

namespace corelane::storage {
namespace {

TEST(Placement, PositionsKeepTheOrderOfHashesAndFillTheSpace) {
  EXPECT_EQ(PositionOf(0), 0u);
  EXPECT_EQ(PositionOf(~uint64_t{0}), ~uint64_t{0});
  EXPECT_GT(PositionOf(1), 0u);
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t hash = random();
    const uint64_t step = uint64_t{1} << (random() % 40);
    if (hash > ~uint64_t{0} - step) continue;
    ASSERT_LE(PositionOf(hash), PositionOf(hash + step)) << hash << " " << step;
    ASSERT_LE(PositionOf(hash), PositionOf(hash + 1)) << hash;
  }
}

TEST(Placement, KeysAreTwiceAsDenseAtTheEndOfTheSpace) {
  std::vector<int> counts(kRootSlots);
  constexpr int kKeys = 1'000'000;
  for (uint64_t i = 0; i < kKeys; ++i) {
    ++counts[RootIndexOf(PositionOf(base::KeyHash(KeyName(i), kTestSeed)))];
  }
  int first = 0;
  int last = 0;
  for (size_t i = 0; i < 16; ++i) {
    first += counts[i];
    last += counts[kRootSlots - 1 - i];
  }
  EXPECT_NEAR(static_cast<double>(last) / first, 2.0, 0.15);
}

TEST(Placement, LanesShareAlikeInEveryPartOfTheSpace) {
  constexpr uint32_t kLanes = 3;
  std::vector<std::vector<int>> counts(4, std::vector<int>(kLanes));
  for (uint64_t i = 0; i < 120'000; ++i) {
    const uint64_t hash = base::KeyHash(KeyName(i), kTestSeed);
    const uint32_t lane = LaneOf(hash, kLanes);
    ASSERT_LT(lane, kLanes);
    ++counts[hash >> 62][lane];
  }
  for (const auto& quarter : counts) {
    for (const int count : quarter) EXPECT_NEAR(count, 10'000, 500);
  }
}

TEST(Placement, OneLaneTakesAllAndTheLastLaneIsReached) {
  EXPECT_EQ(LaneOf(0xffffffff, 1), 0u);
  EXPECT_EQ(LaneOf(0xffffffff, 256), 255u);
  EXPECT_EQ(LaneOf(0xffffffff00000000, 256), 0u);
}

}  // namespace
}  // namespace corelane::storage
