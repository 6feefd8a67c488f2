#include "loadgen/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "goodness_of_fit.h"

namespace corelane::loadgen {
namespace {

// An operation that outlives the next one.
struct Kept {
  OpKind kind;
  std::vector<uint64_t> keys;
  uint32_t value_bytes;
  uint32_t ttl_ms;
  bool operator==(const Kept&) const = default;
};

std::vector<Kept> Operations(const WorkloadOptions& options, int count) {
  Workload workload(options);
  std::vector<Kept> kept;
  Operation operation;
  for (int i = 0; i < count; ++i) {
    workload.Next(operation);
    kept.push_back({operation.kind,
                    {operation.keys.begin(), operation.keys.end()},
                    operation.value_bytes,
                    operation.ttl_ms});
  }
  return kept;
}

WorkloadOptions Options(std::string_view mix, uint64_t keys = 100) {
  WorkloadOptions options;
  const Result<OpMix> parsed = ParseMix(mix);
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  options.mix = *parsed;
  options.keys = keys;
  return options;
}

double ShareOf(const std::vector<Kept>& operations, OpKind kind) {
  const auto count = std::count_if(operations.begin(), operations.end(),
                                   [&](const Kept& kept) { return kept.kind == kind; });
  return static_cast<double>(count) / static_cast<double>(operations.size());
}

TEST(WorkloadTest, KindsComeAsOftenAsTheMixSays) {
  const std::vector<Kept> operations =
      Operations(Options("read=50,update=20,insert=5,multi-read=5,multi-write=5,"
                         "read-modify-write=5,delete=5,expire=5"),
                 50'000);
  std::vector<uint64_t> counts(kMixKinds, 0);
  for (const Kept& kept : operations) ++counts[static_cast<size_t>(kept.kind)];
  ExpectFit(counts, std::vector<double>{25e3, 10e3, 2.5e3, 2.5e3, 2.5e3, 2.5e3, 2.5e3, 2.5e3});
}

TEST(WorkloadTest, EachKindHasWhatItNeedsAndNoMore) {
  WorkloadOptions options = Options(
      "read=1,update=1,insert=1,multi-read=1,multi-write=1,read-modify-write=1,delete=1,expire=1");
  options.multi_keys_min = 2;
  options.multi_keys_max = 4;
  options.value_sizes = ValueSizes(33);
  options.write_ttl = {5, 7};
  options.expire_ttl = {1000, 2000};
  std::set<size_t> lengths;
  for (const Kept& kept : Operations(options, 10'000)) {
    const bool multi = kept.kind == OpKind::kReadMulti || kept.kind == OpKind::kWriteMulti;
    if (multi) {
      lengths.insert(kept.keys.size());
    } else {
      ASSERT_EQ(kept.keys.size(), 1u);
    }
    const bool writes_value =
        Writes(kept.kind) && kept.kind != OpKind::kDelete && kept.kind != OpKind::kExpire;
    ASSERT_EQ(kept.value_bytes, writes_value ? 33u : 0u);
    if (kept.kind == OpKind::kExpire) {
      ASSERT_TRUE(kept.ttl_ms >= 1000 && kept.ttl_ms <= 2000);
    } else if (writes_value) {
      ASSERT_TRUE(kept.ttl_ms >= 5 && kept.ttl_ms <= 7);
    } else {
      ASSERT_EQ(kept.ttl_ms, 0u);
    }
  }
  EXPECT_EQ(lengths, (std::set<size_t>{2, 3, 4}));
}

TEST(WorkloadTest, TheSeedAndTheThreadMakeTheOperations) {
  WorkloadOptions options = Options("read=1,update=1,insert=1,multi-read=1");
  options.threads = 2;
  const std::vector<Kept> operations = Operations(options, 1000);
  EXPECT_EQ(Operations(options, 1000), operations);
  options.thread = 1;
  EXPECT_NE(Operations(options, 1000), operations);
  options.thread = 0;
  options.seed = 2;
  EXPECT_NE(Operations(options, 1000), operations);
}

TEST(WorkloadTest, ThreadsInsertNewKeysThatNobodyElseDoes) {
  WorkloadOptions options = Options("insert=1", 10);
  options.threads = 3;
  std::set<uint64_t> inserted;
  for (uint32_t thread = 0; thread < 3; ++thread) {
    options.thread = thread;
    uint64_t expected = 10 + thread;
    for (const Kept& kept : Operations(options, 100)) {
      EXPECT_EQ(kept.keys[0], expected);
      expected += 3;
      inserted.insert(kept.keys[0]);
    }
  }
  EXPECT_EQ(inserted.size(), 300u);
  EXPECT_EQ(*inserted.begin(), 10u);
  EXPECT_EQ(*inserted.rbegin(), 309u);
}

// A key that exists is one of the load phase or one that this thread has inserted before.
TEST(WorkloadTest, ReadsAskForKeysThatExist) {
  for (const std::string_view distribution : {"uniform", "zipfian", "latest"}) {
    WorkloadOptions options = Options("read=60,multi-read=20,insert=20", 50);
    options.chooser = *ParseKeyDistribution(distribution);
    options.threads = 4;
    options.thread = 2;
    std::set<uint64_t> known;
    for (uint64_t key = 0; key < 50; ++key) known.insert(key);
    uint64_t of_inserted = 0;
    for (const Kept& kept : Operations(options, 5000)) {
      for (const uint64_t key : kept.keys) {
        if (kept.kind == OpKind::kInsert) {
          ASSERT_TRUE(known.insert(key).second);
        } else {
          ASSERT_TRUE(known.contains(key)) << key;
          of_inserted += key >= 50 ? 1 : 0;
        }
      }
    }
    EXPECT_GT(of_inserted, 1000u) << distribution;
  }
}

TEST(WorkloadTest, InsertsBeginAgainWhenNumbersRunOut) {
  WorkloadOptions options = Options("insert=1", 10);
  options.key_number_max = 24;  // 15 and on are for misses
  std::vector<uint64_t> keys;
  for (const Kept& kept : Operations(options, 7)) keys.push_back(kept.keys[0]);
  EXPECT_EQ(keys, (std::vector<uint64_t>{10, 11, 12, 13, 14, 10, 11}));
}

TEST(WorkloadTest, MissesAskBeyondAllKeys) {
  for (const bool neighbours : {false, true}) {
    WorkloadOptions options = Options("read=1,multi-read=1,update=1", 100);
    options.hit_rate = 0.9;
    options.multi_neighbours = neighbours;
    options.multi_keys_min = options.multi_keys_max = 2;
    double misses = 0;
    double read = 0;
    for (const Kept& kept : Operations(options, 30'000)) {
      for (const uint64_t key : kept.keys) {
        const bool miss = key >= 100;
        ASSERT_FALSE(miss && Writes(kept.kind));
        ASSERT_TRUE(!miss || key > options.key_number_max - 100);
        ASSERT_LE(key, options.key_number_max);
        misses += miss ? 1 : 0;
        read += Writes(kept.kind) ? 0 : 1;
      }
    }
    EXPECT_NEAR(misses / read, 0.1, 0.01);
  }
}

TEST(WorkloadTest, NeighboursFollowOneAnotherAndGoRound) {
  WorkloadOptions options = Options("multi-read=1", 20);
  options.multi_neighbours = true;
  options.multi_keys_min = options.multi_keys_max = 5;
  bool went_round = false;
  for (const Kept& kept : Operations(options, 200)) {
    for (size_t i = 1; i < kept.keys.size(); ++i) {
      ASSERT_EQ(kept.keys[i], (kept.keys[i - 1] + 1) % 20);
      went_round |= kept.keys[i] == 0;
    }
  }
  EXPECT_TRUE(went_round);
}

TEST(WorkloadTest, OwnKeysOnly) {
  WorkloadOptions options = Options("read=1,update=1,multi-write=1,insert=1", 10);
  options.own_keys_only = true;
  options.multi_neighbours = true;
  options.threads = 3;
  for (uint32_t thread = 0; thread < 3; ++thread) {
    options.thread = thread;
    std::set<uint64_t> loaded;
    for (const Kept& kept : Operations(options, 2000)) {
      for (const uint64_t key : kept.keys) {
        ASSERT_TRUE(options.share().Owns(key));
        if (key < 10) loaded.insert(key);
      }
    }
    EXPECT_EQ(loaded.size(), options.share().loaded());
  }
}

TEST(LoadPhaseTest, ThreadsTogetherWriteEachKeyOnce) {
  WorkloadOptions options = Options("read=1", 10);
  options.threads = 3;
  options.value_sizes = *ValueSizes::Parse("10-20");
  std::vector<int> written(10, 0);
  for (uint32_t thread = 0; thread < 3; ++thread) {
    options.thread = thread;
    LoadPhase load(options);
    Operation operation;
    uint64_t expected = thread;
    uint64_t left = load.left();
    while (load.Next(operation)) {
      EXPECT_EQ(load.left(), --left);
      ASSERT_EQ(operation.kind, OpKind::kInsert);
      ASSERT_EQ(operation.keys.size(), 1u);
      EXPECT_EQ(operation.keys[0], expected);
      EXPECT_TRUE(operation.value_bytes >= 10 && operation.value_bytes <= 20);
      EXPECT_EQ(operation.ttl_ms, 0u);
      ++written[operation.keys[0]];
      expected += 3;
    }
    EXPECT_TRUE(load.done());
    EXPECT_FALSE(load.Next(operation));
  }
  EXPECT_EQ(written, std::vector<int>(10, 1));
}

TEST(YcsbTest, TheCoreWorkloads) {
  const auto operations = [](std::string_view letter) {
    WorkloadOptions options;
    options.keys = 1000;
    const Status status = SetYcsb(letter, options);
    EXPECT_TRUE(status.ok());
    EXPECT_TRUE(CheckWorkload(options).ok());
    return Operations(options, 20'000);
  };
  EXPECT_NEAR(ShareOf(operations("a"), OpKind::kUpdate), 0.5, 0.02);
  EXPECT_NEAR(ShareOf(operations("b"), OpKind::kUpdate), 0.05, 0.01);
  EXPECT_EQ(ShareOf(operations("c"), OpKind::kRead), 1);
  EXPECT_NEAR(ShareOf(operations("d"), OpKind::kInsert), 0.05, 0.01);
  EXPECT_NEAR(ShareOf(operations("f"), OpKind::kReadModifyWrite), 0.5, 0.02);
  const std::vector<Kept> scans = operations("e");
  EXPECT_NEAR(ShareOf(scans, OpKind::kReadMulti), 0.95, 0.01);
  std::set<size_t> lengths;
  for (const Kept& kept : scans) lengths.insert(kept.keys.size());
  EXPECT_EQ(lengths.size(), 100u);
  EXPECT_EQ(*lengths.rbegin(), 100u);
  WorkloadOptions options;
  EXPECT_FALSE(SetYcsb("g", options).ok());
}

TEST(YcsbTest, DReadsWhatIsNewest) {
  WorkloadOptions options;
  options.keys = 1000;
  ASSERT_TRUE(SetYcsb("d", options).ok());
  uint64_t newest = 999;
  double near = 0;
  double reads = 0;
  for (const Kept& kept : Operations(options, 20'000)) {
    if (kept.kind == OpKind::kInsert) newest = kept.keys[0];
    if (kept.kind != OpKind::kRead) continue;
    ++reads;
    near += kept.keys[0] + 10 > newest ? 1 : 0;
  }
  // The first ten of 1000 to 2000 ranks: between 2.95 / 8.0 and 2.95 / 7.4.
  EXPECT_NEAR(near / reads, 0.38, 0.03);
}

TEST(WorkloadTest, MixErrorsSayWhatIsWrong) {
  const auto message = [](std::string_view text) { return ParseMix(text).status().message(); };
  EXPECT_NE(message("").find("has no weight"), std::string::npos);
  EXPECT_NE(message("read").find("\"read\" has no weight"), std::string::npos);
  EXPECT_NE(message("red=1").find("there is no operation \"red\""), std::string::npos);
  EXPECT_NE(message("red=1").find("read, update, insert"), std::string::npos);
  EXPECT_NE(message("read=1,read=2").find("comes twice"), std::string::npos);
  EXPECT_NE(message("read=-1").find("\"-1\" is no number"), std::string::npos);
  EXPECT_NE(message("read=0").find("all weights are 0"), std::string::npos);
}

TEST(WorkloadTest, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_TRUE(CheckWorkload(WorkloadOptions()).ok());
  const auto refused = [](const auto& change) {
    WorkloadOptions options = Options("read=1,insert=1,expire=1");
    EXPECT_TRUE(CheckWorkload(options).ok());
    change(options);
    return CheckWorkload(options).code() == StatusCode::kBadArgument;
  };
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.keys = 0; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.threads = 0; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.thread = 1; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.threads = 101; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.mix = {}; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.mix[0] = -1; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.multi_keys_min = 0; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.multi_keys_min = 11; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.multi_keys_max = 1 << 20; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.hit_rate = 1.5; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.write_ttl = {2, 1}; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.expire_ttl = {0, 1}; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.chooser.theta = 0; }));
  EXPECT_TRUE(refused([](WorkloadOptions& options) { options.key_number_max = 198; }));
}

}  // namespace
}  // namespace corelane::loadgen
