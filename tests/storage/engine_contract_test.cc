// What every engine does, as engine.h says it.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine_test_util.h"
#include "engine_under_test.h"

namespace corelane::storage {
namespace {

class EngineContract : public testing::TestWithParam<EngineKind> {
 protected:
  const EngineUnderTest under_test_{GetParam(), kTestSeed};
  const std::unique_ptr<Engine>& engine_ = under_test_.engine;
};

TEST_P(EngineContract, StartsEmpty) {
  EXPECT_EQ(GetText(*engine_, "a"), "(none)");
  EXPECT_EQ(engine_->Stats().entries, 0u);
  EXPECT_TRUE(WalkAll(*engine_).empty());
  EXPECT_EQ(engine_->failures(), 0u);
  EXPECT_TRUE(engine_->health().ok());
}

TEST_P(EngineContract, TakesEmptyKeysAndValues) {
  Engine* const engine = engine_.get();
  EXPECT_EQ(engine->Put(Hashed(""), Text({})), PutResult::kInserted);
  EXPECT_EQ(GetText(*engine, ""), "");
  EXPECT_EQ(engine->Stats().entries, 1u);
  EXPECT_EQ(engine->Stats().data_bytes, 0u);
}

TEST_P(EngineContract, GivesBackWhatWasPut) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, OverwritesValueTypeExpiryAndCreation) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, AnnotatesWithoutTouchingTheValue) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, AnExpiryKeepsTheNotes) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, PutMayReadFromTheEntryItOverwrites) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, PutMayReadKeyAndValueFromOtherEntries) {
  Engine* const engine = engine_.get();
  ASSERT_EQ(engine->Put(Hashed("source"), Text("target")), PutResult::kInserted);
  kv::ValueView value;
  ASSERT_TRUE(engine->Get(Hashed("source"), 0, &value));
  EXPECT_EQ(engine->Put(Hashed(value.bytes), value), PutResult::kInserted);
  EXPECT_EQ(GetText(*engine, "target"), "target");
  EXPECT_EQ(GetText(*engine, "source"), "target");
}

TEST_P(EngineContract, EraseSaysWhetherTheKeyWasThere) {
  Engine* const engine = engine_.get();
  ASSERT_EQ(engine->Put(Hashed("a"), Text("1")), PutResult::kInserted);
  EXPECT_TRUE(engine->Erase(Hashed("a"), 0));
  EXPECT_FALSE(engine->Erase(Hashed("a"), 0));
  EXPECT_EQ(engine->Stats().data_bytes, 0u);
}

TEST_P(EngineContract, AKeyIsGoneAtItsExpiryAndNotBefore) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, ExpiryCanBeSetMovedAndRemoved) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, SweepDropsWhatExpiredAndNothingElse) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, AWalkMeetsEveryKeyThatStaysWhateverHappensBetween) {
  Engine* const engine = engine_.get();
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
  const EngineStats stats = engine->Stats();
  EXPECT_TRUE(stats.stripes == 0 || stats.stripe_splits > 100) << stats.stripe_splits;
  for (uint64_t i = 0; i < kStaying; ++i) ASSERT_EQ(met[KeyName(i)], 1) << i;
  for (const auto& [key, times] : met) ASSERT_EQ(times, 1) << key;
}

TEST_P(EngineContract, AnyNumberIsAWalkCursor) {
  Engine* const engine = engine_.get();
  for (uint64_t i = 0; i < 50'000; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("v")), PutResult::kInserted);
  }
  for (const WalkCursor start : {WalkCursor{1}, ~WalkCursor{0}, WalkCursor{0x123456789abcdef}}) {
    const WalkCursor next = engine->VisitStripe(start, [](const EntryView&) {});
    EXPECT_TRUE(next > start || next == kWalkStart);
    EXPECT_EQ(next & 0xff, 0u);
  }
}

TEST_P(EngineContract, ClearedTwiceBeforeReclaim) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, PrefetchChangesNothing) {
  Engine* const engine = engine_.get();
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

TEST_P(EngineContract, ViewsLiveUntilTheEngineChanges) {
  const std::string long_text(5'000, 'l');
  ASSERT_EQ(engine_->Put(Hashed("a"), Text("short")), PutResult::kInserted);
  ASSERT_EQ(engine_->Put(Hashed("b"), Text(long_text)), PutResult::kInserted);
  kv::ValueView a;
  kv::ValueView b;
  ASSERT_TRUE(engine_->Get(Hashed("a"), 0, &a));
  ASSERT_TRUE(engine_->Get(Hashed("b"), 0, &b));
  std::vector<std::string_view> keys;
  EXPECT_FALSE(engine_->Get(Hashed("c"), 0, nullptr));
  EXPECT_EQ(engine_->VisitStripe(PositionOf(Hashed("a").hash),
                                 [&keys](const EntryView& entry) { keys.push_back(entry.key); }) &
                0xff,
            0u);
  EXPECT_EQ(a.bytes, "short");
  EXPECT_EQ(b.bytes, long_text);
  ASSERT_FALSE(keys.empty());
  EXPECT_TRUE(engine_->Get(Hashed(keys[0]), 0, nullptr));
}

TEST_P(EngineContract, ClearEmptiesAtOnce) {
  for (int round = 0; round < 2; ++round) {
    for (uint64_t i = 0; i < 2'000; ++i) {
      ASSERT_EQ(engine_->Put(Hashed(KeyName(i)), Text("old", 500)), PutResult::kInserted);
    }
    engine_->Clear();
    const EngineStats stats = engine_->Stats();
    EXPECT_EQ(stats.entries, 0u);
    EXPECT_EQ(stats.entries_with_expiry, 0u);
    EXPECT_EQ(stats.data_bytes, 0u);
    EXPECT_TRUE(WalkAll(*engine_).empty());
    EXPECT_EQ(GetText(*engine_, KeyName(7)), "(none)");
    engine_->SweepStripe(kWalkStart, 1'000);
    EXPECT_EQ(engine_->Stats().expired_by_sweep, 0u);
  }
  ASSERT_EQ(engine_->Put(Hashed("a"), Text("new")), PutResult::kInserted);
  EXPECT_EQ(GetText(*engine_, "a"), "new");
}

TEST_P(EngineContract, AnExpiryBeforeThoseThatWereSweptIsSweptToo) {
  const auto sweep = [this](int64_t now_ms) {
    WalkCursor cursor = kWalkStart;
    do {
      cursor = engine_->SweepStripe(cursor, now_ms);
    } while (cursor != kWalkStart);
  };
  ASSERT_EQ(engine_->Put(Hashed("a"), Text("v", 1'000)), PutResult::kInserted);
  ASSERT_EQ(engine_->Put(Hashed("later"), Text("v", 3'000)), PutResult::kInserted);
  sweep(2'000);
  EXPECT_EQ(engine_->Stats().entries, 1u);
  ASSERT_EQ(engine_->Put(Hashed("b"), Text("v", 500)), PutResult::kInserted);
  ASSERT_EQ(engine_->SetExpiry(Hashed("later"), 0, -5), ExpireResult::kSet);
  sweep(2'000);
  EXPECT_EQ(engine_->Stats().entries, 0u);
  EXPECT_EQ(engine_->Stats().expired_by_sweep, 3u);
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineContract, testing::ValuesIn(EngineKinds()), EngineKindName);

}  // namespace
}  // namespace corelane::storage
