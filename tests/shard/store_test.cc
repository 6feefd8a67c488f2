// The embedded store through its public header.

#include <corelane/store.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fault/temp_directory.h"

namespace corelane {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Store> OpenStore(const StoreOptions& options) {
  Result<std::unique_ptr<Store>> store = Store::Open(options);
  if (!store.ok()) {
    ADD_FAILURE() << store.status().ToString();
    std::abort();
  }
  return std::move(*store);
}

TEST(Store, PutGetDelete) {
  const auto store = OpenStore({});
  EXPECT_TRUE(store->Put("a", "1").ok());
  EXPECT_TRUE(store->Put("a", "two").ok());
  EXPECT_EQ(*store->Get("a"), "two");
  EXPECT_EQ(*store->Get("b"), std::nullopt);
  EXPECT_TRUE(*store->Contains("a"));
  EXPECT_EQ(store->Count(), 1U);
  EXPECT_EQ(store->BytesUsed(), 4U);
  EXPECT_TRUE(*store->Delete("a"));
  EXPECT_FALSE(*store->Delete("a"));
  EXPECT_EQ(store->BytesUsed(), 0U);
}

TEST(Store, TypesAndIncrements) {
  const auto store = OpenStore({});
  EXPECT_TRUE(store->PutTyped("f", 1.5).ok());
  EXPECT_TRUE(store->PutTyped("b", Binary{std::string("\0\xff", 2)}).ok());
  EXPECT_EQ((*store->GetTyped("f"))->value, Value(1.5));
  EXPECT_EQ((*store->GetTyped("b"))->value, Value(Binary{std::string("\0\xff", 2)}));
  EXPECT_EQ(*store->Get("f"), "1.5");
  EXPECT_EQ(*store->Increment("n", 5), 5);
  EXPECT_EQ(*store->Increment("n", -7), -2);
  EXPECT_EQ((*store->GetTyped("n"))->value, Value(int64_t{-2}));
  EXPECT_EQ(store->Increment("f").code(), StatusCode::kBadArgument);
  EXPECT_TRUE(store->PutTyped("m", INT64_MAX).ok());
  EXPECT_EQ(store->Increment("m").code(), StatusCode::kOverflow);
}

TEST(Store, Expiry) {
  const auto store = OpenStore({});
  EXPECT_TRUE(store->Put("gone", "v", milliseconds(0)).ok());
  EXPECT_FALSE(*store->Contains("gone"));
  EXPECT_TRUE(store->Put("k", "v", std::chrono::hours(1)).ok());
  EXPECT_GT((*store->Ttl("k"))->left, std::chrono::minutes(59));
  EXPECT_TRUE(*store->Persist("k"));
  EXPECT_FALSE(*store->Persist("k"));
  EXPECT_EQ((*store->Ttl("k"))->left, std::nullopt);
  EXPECT_EQ(*store->Ttl("gone"), std::nullopt);
  EXPECT_TRUE(*store->Expire("k", milliseconds(0)));
  EXPECT_FALSE(*store->Expire("k", milliseconds(10)));
  EXPECT_EQ(store->Count(), 0U);
  EXPECT_EQ(store->Put("k", "v", milliseconds(-1)).code(), StatusCode::kBadArgument);
}

TEST(Store, LimitsAreErrorsAndLoseNothing) {
  const auto store = OpenStore({.directory = "", .key_bytes_max = 4, .value_bytes_max = 8});
  EXPECT_TRUE(store->Put("key", "value").ok());
  EXPECT_EQ(store->Put("key", "123456789").code(), StatusCode::kValueTooLarge);
  EXPECT_EQ(store->Put("keeey", "v").code(), StatusCode::kKeyTooLarge);
  EXPECT_EQ(*store->Get("key"), "value");
  const std::vector<KeyValue> entries = {{"a", "1"}, {"toolong", "2"}, {"c", "3"}};
  EXPECT_EQ(store->MultiPut(entries), 2U);
}

TEST(Store, ListsAndScansEveryKey) {
  const auto store = OpenStore({});
  for (int i = 0; i < 3000; ++i) EXPECT_TRUE(store->Put("k" + std::to_string(i), "v").ok());
  EXPECT_TRUE(store->Put("gone", "v", milliseconds(0)).ok());
  std::vector<std::string> some(10);
  EXPECT_EQ(store->ListKeys(some), 10U);
  std::vector<std::string> all(4000);
  EXPECT_EQ(store->ListKeys(all), 3000U);
  std::vector<std::string> scanned;
  uint64_t cursor = 0;
  do {
    cursor = store->Scan(cursor, 100, scanned);
  } while (cursor != 0);
  std::sort(scanned.begin(), scanned.end());
  EXPECT_EQ(std::unique(scanned.begin(), scanned.end()) - scanned.begin(), 3000);
  const StoreStats stats = store->Stats();
  EXPECT_EQ(stats.entries, 3000U);
  EXPECT_GT(stats.table_capacity, 3000U);
  EXPECT_GT(stats.load_factor, 0.2);
}

TEST(Store, SurvivesReopeningInEveryMode) {
  for (const Sync sync : {Sync::kAlways, Sync::kEverySecond, Sync::kOs}) {
    const fault::TempDirectory directory;
    const StoreOptions options{.directory = directory.Sub("data"), .sync = sync};
    {
      const auto store = OpenStore(options);
      EXPECT_TRUE(store->Put("a", "1").ok());
      EXPECT_TRUE(store->Put("b", "2", std::chrono::hours(1)).ok());
      EXPECT_TRUE(store->Put("c", "3").ok());
      EXPECT_TRUE(*store->Delete("c"));
      EXPECT_EQ(*store->Increment("n", 3), 3);
      EXPECT_TRUE(store->Close().ok());
    }
    const auto store = OpenStore(options);
    EXPECT_EQ(*store->Get("a"), "1");
    EXPECT_GT((*store->Ttl("b"))->left, std::chrono::minutes(59));
    EXPECT_EQ(*store->Get("c"), std::nullopt);
    EXPECT_EQ(*store->Get("n"), "3");
    EXPECT_TRUE(store->Clear().ok());
    EXPECT_EQ(store->Count(), 0U);
  }
}

TEST(Store, SavesWhileOthersWrite) {
  const fault::TempDirectory directory;
  const StoreOptions options{.directory = directory.Sub("data"), .checkpoint_log_bytes = 0};
  const std::string large(5000, 'x');
  {
    const auto store = OpenStore(options);
    for (int i = 0; i < 5000; ++i) ASSERT_TRUE(store->Put("old" + std::to_string(i), "1").ok());
    ASSERT_TRUE(store->Put("large", large).ok());
    ASSERT_TRUE(store->Put("dead", "v", std::chrono::milliseconds(1)).ok());
    std::atomic<bool> stop{false};
    std::thread writer([&] {
      for (int i = 0; !stop.load(); i = (i + 1) % 5000) {
        EXPECT_TRUE(store->Put("old" + std::to_string(i), "2").ok());
        EXPECT_TRUE(store->Put("new" + std::to_string(i), "3").ok());
        EXPECT_EQ(*store->Get("old" + std::to_string(i)), "2");
      }
    });
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(store->Save().ok());
    stop.store(true);
    writer.join();
    EXPECT_TRUE(store->Put("last", "4").ok());
    EXPECT_TRUE(store->Close().ok());
  }
  EXPECT_TRUE(
      std::filesystem::exists(directory.Sub("data/gen-000001/lane-0000/000000000005.ckpt")));
  const auto store = OpenStore(options);
  EXPECT_EQ(*store->Get("large"), large);
  EXPECT_EQ(*store->Get("last"), "4");
  EXPECT_EQ(*store->Get("dead"), std::nullopt);
  uint64_t replaced = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto old = *store->Get("old" + std::to_string(i));
    ASSERT_TRUE(old == "1" || old == "2") << i;
    replaced += old == "2";
    // The writer was at most between the two.
    ASSERT_TRUE(old == "2" || *store->Get("new" + std::to_string(i)) == std::nullopt) << i;
  }
  EXPECT_GT(replaced, 0U);
}

TEST(Store, ItsLogDoesNotGrowForEver) {
  const fault::TempDirectory directory;
  StoreOptions options{.directory = directory.Sub("data"), .segment_bytes = 64 << 10};
  options.checkpoint_log_bytes = 256 << 10;
  auto store = OpenStore(options);
  const std::string first = directory.Sub("data/gen-000001/lane-0000/000000000001.wal");
  EXPECT_TRUE(std::filesystem::exists(first));
  // Its thread looks ten times a second.
  for (int i = 0; std::filesystem::exists(first) && i < 1'000'000; ++i) {
    ASSERT_TRUE(store->Put("k" + std::to_string(i % 100), std::string(1000, 'x')).ok());
  }
  EXPECT_FALSE(std::filesystem::exists(first));
  store.reset();
  EXPECT_EQ(OpenStore(options)->Count(), 100U);
}

TEST(Store, ThereIsNothingToSaveWithoutADirectory) {
  EXPECT_EQ(OpenStore({})->Save().code(), StatusCode::kError);
}

TEST(Store, OneOwnerADirectory) {
  const fault::TempDirectory directory;
  const StoreOptions options{.directory = directory.Sub("data")};
  const auto store = OpenStore(options);
  EXPECT_EQ(Store::Open(options).code(), StatusCode::kLocked);
}

// Counts from many threads on few keys: a lost update, or a frame in the wrong order, changes a
// sum.
TEST(Store, ManyThreadsManyIncrements) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  constexpr int kKeys = 5;
  const fault::TempDirectory directory;
  for (const bool with_log : {false, true}) {
    StoreOptions options{.directory = "", .sync = Sync::kOs, .segment_bytes = 1 << 20};
    if (with_log) options.directory = directory.Sub("data");
    const auto check = [&](Store& store) {
      int64_t sum = 0;
      for (int key = 0; key < kKeys; ++key) {
        sum += std::get<int64_t>((*store.GetTyped("n" + std::to_string(key)))->value);
      }
      EXPECT_EQ(sum, int64_t{kThreads} * kRounds);
    };
    {
      const auto store = OpenStore(options);
      std::vector<std::thread> threads;
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
          for (int round = 0; round < kRounds; ++round) {
            EXPECT_TRUE(store->Increment("n" + std::to_string((thread + round) % kKeys)).ok());
            EXPECT_TRUE(store->Put("t" + std::to_string(thread * kRounds + round), "v").ok());
            EXPECT_TRUE(store->Get("n0").ok());
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      check(*store);
      EXPECT_EQ(store->Count(), static_cast<uint64_t>(kThreads * kRounds + kKeys));
    }
    if (with_log) check(*OpenStore(options));
  }
}

}  // namespace
}  // namespace corelane
