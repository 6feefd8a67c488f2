#include "storage/striped_engine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine_test_util.h"

namespace corelane::storage {
namespace {

TEST(StripedEngine, StartsEmpty) {
  const auto engine = MakeStripedEngine(kTestSeed);
  EXPECT_EQ(GetText(*engine, "a"), "(none)");
  EXPECT_EQ(engine->Stats().entries, 0u);
  EXPECT_EQ(engine->Stats().stripes, 256u);
  EXPECT_EQ(engine->Stats().load_factor(), 0.0);
  EXPECT_TRUE(WalkAll(*engine).empty());
}

TEST(StripedEngine, SweepPassesOverABoundedNumberOfStripesAtATime) {
  const auto engine = MakeStripedEngine(kTestSeed);
  int calls = 0;
  WalkCursor cursor = kWalkStart;
  do {
    cursor = engine->SweepStripe(cursor, 0);
    ++calls;
  } while (cursor != kWalkStart);
  EXPECT_GE(calls, 256 / (kSweepSkippedStripesMax + 1));
  EXPECT_LT(calls, 256);
}

TEST(StripedEngine, GrowsByManySplitsAndKeepsEveryKey) {
  const auto engine = MakeStripedEngine(kTestSeed);
  constexpr uint64_t kKeys = 120'000;
  for (uint64_t i = 0; i < kKeys; ++i) {
    const std::string key = KeyName(i);
    ASSERT_EQ(engine->Put(Hashed(key), Text(key)), PutResult::kInserted);
  }
  const EngineStats stats = engine->Stats();
  EXPECT_EQ(stats.entries, kKeys);
  EXPECT_EQ(stats.stripes, 256 + stats.stripe_splits);
  EXPECT_GT(stats.stripes, kKeys / kStripeEntriesMax);
  EXPECT_LT(stats.stripes, kKeys / 80);
  EXPECT_GT(stats.load_factor(), 0.4);
  EXPECT_LE(stats.load_factor(), 0.875);
  for (uint64_t i = 0; i < kKeys; ++i) ASSERT_EQ(GetText(*engine, KeyName(i)), KeyName(i));
  const auto met = WalkAll(*engine);
  EXPECT_EQ(met.size(), kKeys);
  for (const auto& [key, times] : met) ASSERT_EQ(times, 1) << key;
}

TEST(StripedEngine, LoadStaysLevelWhileItGrows) {
  const auto engine = MakeStripedEngine(kTestSeed);
  constexpr uint64_t kFirst = 80'000;
  for (uint64_t i = 0; i < 2 * kFirst; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("")), PutResult::kInserted);
    if (i < kFirst || i % 5'000 != 0) continue;
    // Stripes that all filled alike would swing between 0.44 and 0.87.
    EXPECT_GT(engine->Stats().load_factor(), 0.58) << i;
    EXPECT_LT(engine->Stats().load_factor(), 0.70) << i;
  }
}

TEST(StripedEngine, StripesThatMayNotSplitGrow) {
  StripedEngine engine(kTestSeed, Sharing::kExclusive, /*stripe_depth_max=*/9);
  constexpr uint64_t kKeys = 150'000;  // 300 a stripe and more
  for (uint64_t i = 0; i < kKeys; ++i) {
    ASSERT_EQ(engine.Put(Hashed(KeyName(i)), Text("v")), PutResult::kInserted);
  }
  EXPECT_EQ(engine.Stats().stripes, 512u);
  for (uint64_t i = 0; i < kKeys; ++i) ASSERT_TRUE(engine.Get(Hashed(KeyName(i)), 0, nullptr));
  EXPECT_EQ(WalkAll(engine).size(), kKeys);
}

// The keys of one root slot of 256 only, as if somebody had found out the seed:
// one sub-directory grows, the others do not.
TEST(StripedEngine, OneRootSlotCanHoldAllKeys) {
  const auto engine = MakeStripedEngine(kTestSeed);
  std::vector<std::string> keys;
  for (uint64_t i = 0; keys.size() < 3'000; ++i) {
    std::string key = KeyName(i);
    if (RootIndexOf(PositionOf(Hashed(key).hash)) == 255) keys.push_back(std::move(key));
  }
  for (const std::string& key : keys) {
    ASSERT_EQ(engine->Put(Hashed(key), Text(key)), PutResult::kInserted);
  }
  for (const std::string& key : keys) ASSERT_EQ(GetText(*engine, key), key);
  EXPECT_LT(engine->Stats().stripes, 256u + 64u);
  EXPECT_EQ(WalkAll(*engine).size(), keys.size());
}

TEST(StripedEngine, ClearEmptiesAtOnceAndReclaimGivesBackInSlices) {
  const auto engine = MakeStripedEngine(kTestSeed);
  constexpr uint64_t kKeys = 50'000;
  for (uint64_t i = 0; i < kKeys; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("old", 500)), PutResult::kInserted);
  }
  engine->Clear();
  EXPECT_EQ(engine->Stats().entries, 0u);
  EXPECT_EQ(engine->Stats().entries_with_expiry, 0u);
  EXPECT_EQ(engine->Stats().data_bytes, 0u);
  EXPECT_EQ(engine->Stats().table_capacity, 0u);
  EXPECT_EQ(engine->Stats().stripes, 256u);
  EXPECT_TRUE(WalkAll(*engine).empty());

  int slices = 1;
  uint64_t next = 0;
  while (engine->Reclaim(1'000)) {
    ++slices;
    for (int i = 0; i < 700; ++i, ++next) {
      EXPECT_EQ(GetText(*engine, KeyName(next)), "(none)");
      ASSERT_EQ(engine->Put(Hashed(KeyName(next)), Text("new")), PutResult::kInserted);
    }
  }
  EXPECT_GE(slices, 50);
  EXPECT_EQ(engine->Stats().entries, next);
  EXPECT_EQ(engine->Stats().data_bytes, [&] {
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < next; ++i) bytes += KeyName(i).size() + 3;
    return bytes;
  }());
  for (uint64_t i = 0; i < next; ++i) ASSERT_EQ(GetText(*engine, KeyName(i)), "new");
  EXPECT_FALSE(engine->Reclaim(1));
}

TEST(StripedEngine, HugeValuesAreLeftToReclaim) {
  const auto engine = MakeStripedEngine(kTestSeed);
  const std::string huge(2 * kHugeEntryBytes, 'h');
  ASSERT_EQ(engine->Put(Hashed("erased"), Text(huge)), PutResult::kInserted);
  ASSERT_EQ(engine->Put(Hashed("replaced"), Text(huge)), PutResult::kInserted);
  EXPECT_FALSE(engine->Reclaim(100));
  EXPECT_TRUE(engine->Erase(Hashed("erased"), 0));
  ASSERT_EQ(engine->Put(Hashed("replaced"), Text("small")), PutResult::kReplaced);
  EXPECT_EQ(engine->Stats().data_bytes, std::string("replacedsmall").size());
  EXPECT_TRUE(engine->Reclaim(100));
  EXPECT_FALSE(engine->Reclaim(100));
}

TEST(StripedEngine, ChurnDoesNotGrowTheTable) {
  const auto engine = MakeStripedEngine(kTestSeed);
  constexpr uint64_t kLiving = 20'000;
  for (uint64_t i = 0; i < 6 * kLiving; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("v")), PutResult::kInserted);
    if (i >= kLiving) {
      EXPECT_TRUE(engine->Erase(Hashed(KeyName(i - kLiving)), 0));
    }
  }
  EXPECT_EQ(engine->Stats().entries, kLiving);
  EXPECT_GT(engine->Stats().load_factor(), 0.35);
}

TEST(StripedEngine, AnEmptiedTableGivesItsSlotsBack) {
  const auto engine = MakeStripedEngine(kTestSeed);
  constexpr uint64_t kKeys = 50'000;
  for (uint64_t i = 0; i < kKeys; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("v")), PutResult::kInserted);
  }
  const uint64_t full = engine->Stats().table_capacity;
  for (uint64_t i = 0; i < kKeys; ++i) EXPECT_TRUE(engine->Erase(Hashed(KeyName(i)), 0));
  EXPECT_LT(engine->Stats().table_capacity, full / 8);
}

}  // namespace
}  // namespace corelane::storage
