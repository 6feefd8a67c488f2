// The shared mode: many threads on one engine, by way of the stripes' guards.
// Run under TSan too.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine_test_util.h"
#include "storage/striped_engine.h"

namespace corelane::storage {
namespace {

constexpr int kThreads = 4;

template <typename Work>
void InThreads(Work work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(SharedEngine, ThreadsInsertIntoTheSameStripesWhileTheySplit) {
  StripedEngine engine(kTestSeed, Sharing::kShared);
  constexpr uint64_t kKeysPerThread = 30'000;
  InThreads([&engine](int thread) {
    for (uint64_t i = 0; i < kKeysPerThread; ++i) {
      const std::string key = KeyName(i * kThreads + static_cast<uint64_t>(thread));
      const HashedKey hashed = Hashed(key);
      const StripeGuard guard = engine.Lock(hashed.hash);
      ASSERT_EQ(engine.Put(hashed, Text(key)), PutResult::kInserted);
      kv::ValueView value;
      ASSERT_TRUE(engine.Get(hashed, 0, &value));
      ASSERT_EQ(value.bytes, key);
    }
  });
  EXPECT_EQ(engine.Stats().entries, kThreads * kKeysPerThread);
  EXPECT_GT(engine.Stats().stripe_splits, 300u);
  EXPECT_EQ(engine.Stats().stripes, 256 + engine.Stats().stripe_splits);
  const auto met = WalkAll(engine);
  EXPECT_EQ(met.size(), kThreads * kKeysPerThread);
  for (const auto& [key, times] : met) ASSERT_EQ(times, 1) << key;
}

// All threads count in the same few keys: an update that is lost shows in the
// sum.
TEST(SharedEngine, ReadModifyWriteUnderTheGuardLosesNothing) {
  StripedEngine engine(kTestSeed, Sharing::kShared);
  constexpr int kRounds = 20'000;
  constexpr uint64_t kKeys = 5;
  InThreads([&engine](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      const std::string key = KeyName(static_cast<uint64_t>(i + thread) % kKeys);
      const HashedKey hashed = Hashed(key);
      const StripeGuard guard = engine.Lock(hashed.hash);
      kv::ValueView value;
      const int64_t count = engine.Get(hashed, 0, &value) ? kv::IntegerOf(value.bytes) : 0;
      const kv::ScalarBytes next(count + 1);
      ASSERT_NE(engine.Put(hashed, {kv::ValueType::kInteger, next.view(), kv::kNoExpiry, 0}),
                PutResult::kOutOfMemory);
    }
  });
  int64_t sum = 0;
  WalkCursor cursor = kWalkStart;
  do {
    cursor = engine.VisitStripe(
        cursor, [&sum](const EntryView& entry) { sum += kv::IntegerOf(entry.value.bytes); });
  } while (cursor != kWalkStart);
  EXPECT_EQ(sum, int64_t{kThreads} * kRounds);
}

TEST(SharedEngine, EverythingAtOnceKeepsTheBooks) {
  StripedEngine engine(kTestSeed, Sharing::kShared);
  std::atomic<int> writers{kThreads};
  std::thread walker([&engine, &writers] {
    WalkCursor walk = kWalkStart;
    WalkCursor sweep = kWalkStart;
    while (writers.load() > 0) {
      walk = engine.VisitStripe(
          walk, [](const EntryView& entry) { ASSERT_EQ(entry.hash, Hashed(entry.key).hash); });
      sweep = engine.SweepStripe(sweep, 500);
      EXPECT_GE(engine.Stats().stripes, 256u);
    }
  });
  InThreads([&engine, &writers](int thread) {
    std::mt19937_64 random(static_cast<uint64_t>(thread));
    for (int i = 0; i < 40'000; ++i) {
      const std::string key = KeyName(random() % 30'000);
      const HashedKey hashed = Hashed(key);
      const StripeGuard guard = engine.Lock(hashed.hash);
      switch (random() % 4) {
        case 0:
          engine.Erase(hashed, 400);
          break;
        case 1:
          static_cast<void>(engine.SetExpiry(hashed, 400, 450));
          break;
        default: {
          const kv::ExpiryMillis expiry = random() % 2 == 0 ? kv::kNoExpiry : 300;
          ASSERT_NE(engine.Put(hashed, Text(std::string(random() % 50, 'v'), expiry)),
                    PutResult::kOutOfMemory);
        }
      }
    }
    writers.fetch_sub(1);
  });
  walker.join();

  uint64_t bytes = 0;
  WalkCursor cursor = kWalkStart;
  do {
    cursor = engine.VisitStripe(cursor, [&bytes](const EntryView& entry) {
      bytes += entry.key.size() + entry.value.bytes.size();
    });
  } while (cursor != kWalkStart);
  EXPECT_EQ(engine.Stats().data_bytes, bytes);
  EXPECT_EQ(engine.Stats().entries, WalkAll(engine).size());
}

TEST(SharedEngine, ClearEmptiesEveryStripe) {
  StripedEngine engine(kTestSeed, Sharing::kShared);
  for (uint64_t i = 0; i < 60'000; ++i) {
    const std::string key = KeyName(i);
    const HashedKey hashed = Hashed(key);
    const StripeGuard guard = engine.Lock(hashed.hash);
    ASSERT_EQ(engine.Put(hashed, Text(key, 5)), PutResult::kInserted);
  }
  engine.Clear();
  EXPECT_FALSE(engine.Reclaim(1));
  const EngineStats stats = engine.Stats();
  EXPECT_EQ(stats.entries, 0u);
  EXPECT_EQ(stats.entries_with_expiry, 0u);
  EXPECT_EQ(stats.data_bytes, 0u);
  EXPECT_EQ(stats.table_capacity, 0u);
  EXPECT_TRUE(WalkAll(engine).empty());
}

}  // namespace
}  // namespace corelane::storage
