// Random calls against a std::unordered_map, by seed. CORELANE_TEST_SEED=N runs
// one seed of your choice, which is how a failure is replayed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>

#include "engine_test_util.h"
#include "engine_under_test.h"

namespace corelane::storage {
namespace {

struct ModelValue {
  kv::ValueType type = kv::ValueType::kString;
  std::string bytes;
  kv::ExpiryMillis expires_at = kv::kNoExpiry;
  uint32_t created_at_s = 0;
};

class ModelRun {
 public:
  ModelRun(EngineKind kind, uint64_t seed)
      : seed_(seed), random_(seed), under_test_(kind, seed), engine_(*under_test_.engine) {}

  void Step() {
    if (Below(8) == 0) now_ms_ += static_cast<int64_t>(Below(3));
    const std::string key = KeyName(Below(keys_));
    switch (Below(20)) {
      case 0:
        return Sweep();
      case 1:
      case 2:
      case 3:
      case 4:
        return Get(key);
      case 5:
      case 6:
        return Erase(key);
      case 7:
      case 8:
        return SetExpiry(key);
      case 9:
        return PutOwnBytes(key);
      case 10:
        return static_cast<void>(engine_.Reclaim(Below(50)));
      case 11:
        if (Below(4'000) == 0) Clear();
        return;
      default:
        return Put(key);
    }
  }

  void CompareAll() {
    size_t met = 0;
    WalkCursor cursor = kWalkStart;
    do {
      cursor = engine_.VisitStripe(cursor, [&](const EntryView& entry) {
        const auto at = model_.find(std::string(entry.key));
        ASSERT_NE(at, model_.end());
        ExpectSame(at->second, entry.value);
        ++met;
      });
    } while (cursor != kWalkStart);
    EXPECT_EQ(met, model_.size());
    CompareStats();
  }

  void CompareStats() {
    uint64_t bytes = 0;
    uint64_t expiring = 0;
    for (const auto& [key, value] : model_) {
      bytes += key.size() + value.bytes.size();
      expiring += value.expires_at == kv::kNoExpiry ? 0 : 1;
    }
    const EngineStats stats = engine_.Stats();
    ASSERT_EQ(stats.entries, model_.size());
    ASSERT_EQ(stats.entries_with_expiry, expiring);
    ASSERT_EQ(stats.data_bytes, bytes);
    ASSERT_TRUE(stats.stripes == 0 || stats.table_capacity >= stats.entries);
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  HashedKey Hash(std::string_view key) const { return Hashed(key, seed_); }
  bool IsExpired(const ModelValue& value) const {
    return value.expires_at != kv::kNoExpiry && value.expires_at <= now_ms_;
  }
  kv::ExpiryMillis RandomExpiry() {
    return Below(3) != 0 ? kv::kNoExpiry : now_ms_ + static_cast<int64_t>(Below(3'000));
  }

  static void ExpectSame(const ModelValue& model, const kv::ValueView& value) {
    ASSERT_EQ(model.type, value.type);
    ASSERT_EQ(model.bytes, value.bytes);
    ASSERT_EQ(model.expires_at, value.expires_at);
    ASSERT_EQ(model.created_at_s, value.created_at_s);
  }

  void Put(const std::string& key) {
    ModelValue value{static_cast<kv::ValueType>(Below(2) * 4),
                     std::string(Below(40), static_cast<char>('a' + Below(26))), RandomExpiry(),
                     static_cast<uint32_t>(Below(1'000))};
    const auto result =
        engine_.Put(Hash(key), {value.type, value.bytes, value.expires_at, value.created_at_s});
    const bool fresh = model_.insert_or_assign(key, std::move(value)).second;
    ASSERT_EQ(result, fresh ? PutResult::kInserted : PutResult::kReplaced);
  }

  void PutOwnBytes(const std::string& key) {
    kv::ValueView value;
    if (!engine_.Get(Hash(key), now_ms_, &value)) return static_cast<void>(model_.erase(key));
    ModelValue& model = model_.at(key);
    value.bytes.remove_prefix(Below(value.bytes.size() + 1));
    value.expires_at = RandomExpiry();
    model.bytes = std::string(value.bytes);
    model.expires_at = value.expires_at;
    ASSERT_EQ(engine_.Put(Hash(key), value), PutResult::kReplaced);
  }

  // True when the key is alive in the model; an expired one leaves it, as it
  // leaves the engine.
  bool Touch(const std::string& key) {
    const auto at = model_.find(key);
    if (at == model_.end()) return false;
    if (!IsExpired(at->second)) return true;
    model_.erase(at);
    return false;
  }

  void Get(const std::string& key) {
    const bool alive = Touch(key);
    kv::ValueView value;
    ASSERT_EQ(engine_.Get(Hash(key), now_ms_, &value), alive);
    if (alive) ExpectSame(model_.at(key), value);
  }

  void Erase(const std::string& key) {
    const bool alive = Touch(key);
    ASSERT_EQ(engine_.Erase(Hash(key), now_ms_), alive);
    model_.erase(key);
  }

  void SetExpiry(const std::string& key) {
    const bool alive = Touch(key);
    const kv::ExpiryMillis expiry = RandomExpiry();
    ASSERT_EQ(engine_.SetExpiry(Hash(key), now_ms_, expiry),
              alive ? ExpireResult::kSet : ExpireResult::kAbsent);
    if (alive) model_.at(key).expires_at = expiry;
  }

  void Sweep() {
    if (Below(200) != 0) return;
    WalkCursor cursor = kWalkStart;
    do {
      cursor = engine_.SweepStripe(cursor, now_ms_);
    } while (cursor != kWalkStart);
    std::erase_if(model_, [this](const auto& item) { return IsExpired(item.second); });
  }

  void Clear() {
    engine_.Clear();
    model_.clear();
    // A run goes through few and many keys.
    keys_ = 100 + Below(60'000);
  }

  uint64_t seed_;
  std::mt19937_64 random_;
  const EngineUnderTest under_test_;
  Engine& engine_;
  std::unordered_map<std::string, ModelValue> model_;
  uint64_t keys_ = 40'000;
  int64_t now_ms_ = 1'000;
};

class EngineModel : public testing::TestWithParam<EngineKind> {
 protected:
  static void Run(uint64_t seed, int steps) {
    SCOPED_TRACE("replay: CORELANE_TEST_SEED=" + std::to_string(seed) +
                 " storage_test --gtest_filter='*EngineModel.*'");
    ModelRun run(GetParam(), seed);
    for (int step = 0; step < steps; ++step) {
      run.Step();
      if (step % 50'000 == 0) run.CompareAll();
      if (testing::Test::HasFatalFailure()) return;
    }
    run.CompareAll();
  }
};

TEST_P(EngineModel, BehavesLikeAMap) {
  constexpr int kSteps = 200'000;
  if (const char* const chosen = std::getenv("CORELANE_TEST_SEED")) {
    return Run(std::strtoull(chosen, nullptr, 10), kSteps);
  }
  Run(1, kSteps);
  std::random_device device;
  const uint64_t seed = device();
  RecordProperty("seed", std::to_string(seed));
  Run(seed, kSteps);
}

INSTANTIATE_TEST_SUITE_P(Engines, EngineModel, testing::ValuesIn(EngineKinds()), EngineKindName);

}  // namespace
}  // namespace corelane::storage
