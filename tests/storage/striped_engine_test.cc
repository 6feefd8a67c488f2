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

TEST(StripedEngine, GivesBackWhatWasPut) {
  const auto engine = MakeStripedEngine(kTestSeed);
  const kv::ValueView put{kv::ValueType::kBinary, "bytes", 5000, 77};
  EXPECT_EQ(engine->Put(Hashed("a"), put), PutResult::kInserted);
  kv::ValueView got;
  ASSERT_TRUE(engine->Get(Hashed("a"), 0, &got));
  EXPECT_EQ(got.type, kv::ValueType::kBinary);
  EXPECT_EQ(got.bytes, "bytes");
  EXPECT_EQ(got.expires_at, 5000);
  EXPECT_EQ(got.created_at_s, 77u);
  EXPECT_TRUE(engine->Get(Hashed("a"), 0, nullptr));
  EXPECT_FALSE(engine->Get(Hashed("b"), 0, nullptr));
}

TEST(StripedEngine, TakesEmptyKeysAndValues) {
  const auto engine = MakeStripedEngine(kTestSeed);
  EXPECT_EQ(engine->Put(Hashed(""), Text({})), PutResult::kInserted);
  EXPECT_EQ(GetText(*engine, ""), "");
  EXPECT_EQ(engine->Stats().entries, 1u);
  EXPECT_EQ(engine->Stats().data_bytes, 0u);
}

TEST(StripedEngine, OverwritesValueTypeExpiryAndCreation) {
  const auto engine = MakeStripedEngine(kTestSeed);
  const std::string longer(100, 'x');
  EXPECT_EQ(engine->Put(Hashed("a"), Text("1234")), PutResult::kInserted);
  for (const std::string& bytes : {std::string("4321"), longer, std::string("z")}) {
    for (const kv::ExpiryMillis expiry : {kv::kNoExpiry, kv::ExpiryMillis{900}}) {
      const kv::ValueView put{kv::ValueType::kBinary, bytes, expiry, 9};
      EXPECT_EQ(engine->Put(Hashed("a"), put), PutResult::kReplaced);
      kv::ValueView got;
      ASSERT_TRUE(engine->Get(Hashed("a"), 0, &got));
      EXPECT_EQ(got.bytes, bytes);
      EXPECT_EQ(got.expires_at, expiry);
      EXPECT_EQ(got.type, kv::ValueType::kBinary);
      EXPECT_EQ(got.created_at_s, 9u);
      EXPECT_EQ(engine->Stats().entries, 1u);
      EXPECT_EQ(engine->Stats().entries_with_expiry, expiry == kv::kNoExpiry ? 0u : 1u);
      EXPECT_EQ(engine->Stats().data_bytes, 1 + bytes.size());
    }
  }
}

TEST(StripedEngine, AnnotatesWithoutTouchingTheValue) {
  const auto engine = MakeStripedEngine(kTestSeed);
  EXPECT_EQ(engine->Annotate(Hashed("a"), 0, kv::kMarkStale, 1), AnnotateResult::kAbsent);
  kv::ValueView put = Text("value", 900);
  put.client_flags = 42;
  ASSERT_EQ(engine->Put(Hashed("a"), put), PutResult::kInserted);
  for (const uint64_t version : {uint64_t{5}, uint64_t{6}, uint64_t{0}}) {
    EXPECT_EQ(engine->Annotate(Hashed("a"), 0, kv::kMarkFetched, version), AnnotateResult::kSet);
    kv::ValueView got;
    ASSERT_TRUE(engine->Get(Hashed("a"), 0, &got));
    EXPECT_EQ(got.version, version);
    EXPECT_EQ(got.marks, kv::kMarkFetched);
    EXPECT_EQ(got.client_flags, 42u);
    EXPECT_EQ(got.bytes, "value");
    EXPECT_EQ(got.expires_at, 900);
    EXPECT_EQ(engine->Stats().data_bytes, 6u);
    EXPECT_EQ(engine->Stats().entries, 1u);
    EXPECT_EQ(engine->Stats().entries_with_expiry, 1u);
  }
  EXPECT_EQ(engine->Annotate(Hashed("a"), 900, kv::kMarkStale, 1), AnnotateResult::kAbsent);
}

TEST(StripedEngine, AnExpiryKeepsTheNotes) {
  const auto engine = MakeStripedEngine(kTestSeed);
  kv::ValueView put = Text("value");
  put.client_flags = 42;
  put.version = 7;
  put.marks = kv::kMarkStale;
  ASSERT_EQ(engine->Put(Hashed("a"), put), PutResult::kInserted);
  ASSERT_EQ(engine->SetExpiry(Hashed("a"), 0, 77), ExpireResult::kSet);
  kv::ValueView got;
  ASSERT_TRUE(engine->Get(Hashed("a"), 0, &got));
  EXPECT_EQ(got.expires_at, 77);
  EXPECT_EQ(got.client_flags, 42u);
  EXPECT_EQ(got.version, 7u);
  EXPECT_EQ(got.marks, kv::kMarkStale);
}

TEST(StripedEngine, PutMayReadFromTheEntryItOverwrites) {
  const auto engine = MakeStripedEngine(kTestSeed);
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (size_t from = 0; from <= text.size(); ++from) {
    for (const kv::ExpiryMillis expiry : {kv::kNoExpiry, kv::ExpiryMillis{900}}) {
      ASSERT_NE(engine->Put(Hashed("self"), Text(text)), PutResult::kOutOfMemory);
      kv::ValueView value;
      ASSERT_TRUE(engine->Get(Hashed("self"), 0, &value));
      value.bytes.remove_prefix(from);
      value.expires_at = expiry;
      ASSERT_EQ(engine->Put(Hashed("self"), value), PutResult::kReplaced);
      EXPECT_EQ(GetText(*engine, "self"), text.substr(from));
    }
  }
}

TEST(StripedEngine, PutMayReadKeyAndValueFromOtherEntries) {
  const auto engine = MakeStripedEngine(kTestSeed);
  ASSERT_EQ(engine->Put(Hashed("source"), Text("target")), PutResult::kInserted);
  kv::ValueView value;
  ASSERT_TRUE(engine->Get(Hashed("source"), 0, &value));
  EXPECT_EQ(engine->Put(Hashed(value.bytes), value), PutResult::kInserted);
  EXPECT_EQ(GetText(*engine, "target"), "target");
  EXPECT_EQ(GetText(*engine, "source"), "target");
}

TEST(StripedEngine, EraseSaysWhetherTheKeyWasThere) {
  const auto engine = MakeStripedEngine(kTestSeed);
  ASSERT_EQ(engine->Put(Hashed("a"), Text("1")), PutResult::kInserted);
  EXPECT_TRUE(engine->Erase(Hashed("a"), 0));
  EXPECT_FALSE(engine->Erase(Hashed("a"), 0));
  EXPECT_EQ(engine->Stats().data_bytes, 0u);
}

TEST(StripedEngine, AKeyIsGoneAtItsExpiryAndNotBefore) {
  const auto engine = MakeStripedEngine(kTestSeed);
  for (const char* key : {"get", "erase", "expire"}) {
    ASSERT_EQ(engine->Put(Hashed(key), Text("v", 1000)), PutResult::kInserted);
    EXPECT_TRUE(engine->Get(Hashed(key), 999, nullptr));
  }
  EXPECT_EQ(engine->Stats().entries_with_expiry, 3u);
  EXPECT_FALSE(engine->Get(Hashed("get"), 1000, nullptr));
  EXPECT_FALSE(engine->Erase(Hashed("erase"), 1000));
  EXPECT_EQ(engine->SetExpiry(Hashed("expire"), 1000, 2000), ExpireResult::kAbsent);
  const EngineStats stats = engine->Stats();
  EXPECT_EQ(stats.entries, 0u);
  EXPECT_EQ(stats.entries_with_expiry, 0u);
  EXPECT_EQ(stats.data_bytes, 0u);
  EXPECT_EQ(stats.expired_on_read, 3u);
}

TEST(StripedEngine, ExpiryCanBeSetMovedAndRemoved) {
  const auto engine = MakeStripedEngine(kTestSeed);
  EXPECT_EQ(engine->SetExpiry(Hashed("a"), 0, 5), ExpireResult::kAbsent);
  ASSERT_EQ(engine->Put(Hashed("a"), Text("value")), PutResult::kInserted);
  for (const kv::ExpiryMillis expiry :
       {kv::ExpiryMillis{10}, kv::ExpiryMillis{20}, kv::kNoExpiry, kv::kNoExpiry}) {
    EXPECT_EQ(engine->SetExpiry(Hashed("a"), 0, expiry), ExpireResult::kSet);
    kv::ValueView value;
    ASSERT_TRUE(engine->Get(Hashed("a"), 0, &value));
    EXPECT_EQ(value.expires_at, expiry);
    EXPECT_EQ(value.bytes, "value");
    EXPECT_EQ(value.created_at_s, 1u);
    EXPECT_EQ(engine->Stats().entries_with_expiry, expiry == kv::kNoExpiry ? 0u : 1u);
  }
}

TEST(StripedEngine, SweepDropsWhatExpiredAndNothingElse) {
  const auto engine = MakeStripedEngine(kTestSeed);
  constexpr uint64_t kKeys = 30'000;
  for (uint64_t i = 0; i < kKeys; ++i) {
    // A third without expiry, a third that expires, a third that expires later.
    const kv::ExpiryMillis expiry = i % 3 == 0 ? kv::kNoExpiry : i % 3 == 1 ? 100 : 200;
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("v", expiry)), PutResult::kInserted);
  }
  WalkCursor cursor = kWalkStart;
  do {
    cursor = engine->SweepStripe(cursor, 100);
  } while (cursor != kWalkStart);
  EXPECT_EQ(engine->Stats().entries, kKeys / 3 * 2);
  EXPECT_EQ(engine->Stats().entries_with_expiry, kKeys / 3);
  EXPECT_EQ(engine->Stats().expired_by_sweep, kKeys / 3);
  for (uint64_t i = 0; i < kKeys; ++i) {
    EXPECT_EQ(engine->Get(Hashed(KeyName(i)), 0, nullptr), i % 3 != 1);
  }
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

TEST(StripedEngine, AWalkMeetsEveryKeyThatStaysWhateverHappensBetween) {
  const auto engine = MakeStripedEngine(kTestSeed);
  constexpr uint64_t kStaying = 20'000;
  for (uint64_t i = 0; i < kStaying; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("stays")), PutResult::kInserted);
  }
  std::unordered_map<std::string, int> met;
  WalkCursor cursor = kWalkStart;
  uint64_t next = kStaying;
  do {
    cursor = engine->VisitStripe(cursor, [&met](const EntryView& entry) {
      EXPECT_EQ(entry.hash, Hashed(entry.key).hash);
      ++met[std::string(entry.key)];
    });
    // New keys come, so that stripes split; every other one goes again.
    for (int i = 0; i < 400; ++i, ++next) {
      ASSERT_EQ(engine->Put(Hashed(KeyName(next)), Text("comes")), PutResult::kInserted);
      if (next % 2 == 0) {
        EXPECT_TRUE(engine->Erase(Hashed(KeyName(next)), 0));
      }
    }
  } while (cursor != kWalkStart);
  EXPECT_GT(engine->Stats().stripe_splits, 100u);
  for (uint64_t i = 0; i < kStaying; ++i) ASSERT_EQ(met[KeyName(i)], 1) << i;
  for (const auto& [key, times] : met) ASSERT_EQ(times, 1) << key;
}

TEST(StripedEngine, AnyNumberIsAWalkCursor) {
  const auto engine = MakeStripedEngine(kTestSeed);
  for (uint64_t i = 0; i < 50'000; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("v")), PutResult::kInserted);
  }
  for (const WalkCursor start : {WalkCursor{1}, ~WalkCursor{0}, WalkCursor{0x123456789abcdef}}) {
    const WalkCursor next = engine->VisitStripe(start, [](const EntryView&) {});
    EXPECT_TRUE(next > start || next == kWalkStart);
  }
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

TEST(StripedEngine, ClearedTwiceBeforeReclaim) {
  const auto engine = MakeStripedEngine(kTestSeed);
  for (int round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < 1'000; ++i) {
      ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("v")), PutResult::kInserted);
    }
    engine->Clear();
  }
  while (engine->Reclaim(10)) {
  }
  EXPECT_EQ(engine->Stats().entries, 0u);
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

TEST(StripedEngine, PrefetchChangesNothing) {
  const auto engine = MakeStripedEngine(kTestSeed);
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i < 20'000; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("v")), PutResult::kInserted);
    hashes.push_back(Hashed(KeyName(i * 2)).hash);  // every other one is a miss
  }
  engine->Prefetch({});
  for (size_t at = 0; at + Engine::kPrefetchMax <= hashes.size(); at += Engine::kPrefetchMax) {
    engine->Prefetch(std::span(hashes).subspan(at, Engine::kPrefetchMax));
  }
  engine->Prefetch(hashes);  // more than kPrefetchMax: the rest is left out
  EXPECT_EQ(engine->Stats().entries, 20'000u);
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
