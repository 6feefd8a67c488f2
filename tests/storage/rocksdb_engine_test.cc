// What the RocksDB engine does beyond engine.h: it comes back after an end, orderly or not, and a
// database that cannot be read is not an empty one.

#include "storage/rocksdb_engine.h"

#include <gtest/gtest.h>
#include <rocksdb/utilities/stackable_db.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "engine_test_util.h"
#include "engine_under_test.h"

namespace corelane::storage {
namespace {

using OpenedEngine = std::unique_ptr<RocksDbEngine>;

// A database that can be told to refuse writes, and spoils the bytes of a read once they are
// released.
class RefusingDatabase final : public rocksdb::StackableDB {
 public:
  using StackableDB::Get;
  using StackableDB::StackableDB;

  rocksdb::Status Write(const rocksdb::WriteOptions& options,
                        rocksdb::WriteBatch* updates) override {
    return refuse ? rocksdb::Status::IOError("refused") : StackableDB::Write(options, updates);
  }
  rocksdb::Status Get(const rocksdb::ReadOptions& options, rocksdb::ColumnFamilyHandle* family,
                      const rocksdb::Slice& key, rocksdb::PinnableSlice* value) override {
    rocksdb::PinnableSlice found;
    const rocksdb::Status status = StackableDB::Get(options, family, key, &found);
    if (!status.ok()) return status;
    std::string& kept = kept_.emplace_back(found.ToString());
    value->PinSlice(
        kept,
        [](void* bytes, void*) {
          for (char& byte : *static_cast<std::string*>(bytes)) byte = '#';
        },
        &kept, nullptr);
    return status;
  }

  bool refuse = false;

 private:
  std::deque<std::string> kept_;
};

class RocksDbEngineTest : public testing::Test {
 protected:
  OpenedEngine Open(const std::string& name = "database") {
    Result<OpenedEngine> engine =
        RocksDbEngine::Open(TestDatabase(directory_.Sub(name), kTestSeed));
    EXPECT_TRUE(engine.ok()) << engine.status().ToString();
    return engine.ok() ? std::move(*engine) : nullptr;
  }

  // What the death of the process would leave: the files as they are now.
  std::string CopyFiles() {
    const std::string to = "copy" + std::to_string(++copies_);
    std::filesystem::copy(directory_.Sub("database"), directory_.Sub(to));
    return to;
  }

  // Something for which every walk, count and sum is easy to tell: key i has i % 100 bytes.
  static void PutMany(Engine& engine, uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) {
      const std::string bytes(i % 100, 'v');
      const kv::ExpiryMillis expires_at = i % 4 == 0 ? static_cast<int64_t>(i) : kv::kNoExpiry;
      ASSERT_NE(engine.Put(Hashed(KeyName(i)), Text(bytes, expires_at)), PutResult::kOutOfMemory);
    }
  }

  static RecordCounters CountersOf(const Engine& engine) {
    const EngineStats stats = engine.Stats();
    return {stats.entries, stats.entries_with_expiry, stats.data_bytes};
  }

  static RecordCounters Counted(Engine& engine) {
    RecordCounters counted;
    WalkCursor cursor = kWalkStart;
    do {
      cursor = engine.VisitStripe(cursor, [&counted](const EntryView& entry) {
        ++counted.entries;
        if (entry.value.expires_at != kv::kNoExpiry) ++counted.entries_with_expiry;
        counted.data_bytes += entry.key.size() + entry.value.bytes.size();
      });
      engine.Reclaim(1);
    } while (cursor != kWalkStart);
    return counted;
  }

  // Writes nonsense into the middle of all tables, where the entries are.
  void DamageTables() {
    size_t damaged = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_.Sub("database"))) {
      if (file.path().extension() != ".sst") continue;
      std::fstream table(file.path(), std::ios::binary | std::ios::in | std::ios::out);
      table.seekp(static_cast<std::streamoff>(file.file_size() / 2));
      table << std::string(100, '#');
      ++damaged;
    }
    EXPECT_GT(damaged, 0u);
  }

  fault::TempDirectory directory_;
  int copies_ = 0;
};

TEST_F(RocksDbEngineTest, EverythingIsThereAfterAnOrderlyEnd) {
  RecordCounters before;
  {
    const OpenedEngine engine = Open();
    PutMany(*engine, 0, 3'000);
    EXPECT_TRUE(engine->Erase(Hashed(KeyName(1)), 0));
    ASSERT_EQ(engine->SetExpiry(Hashed(KeyName(4)), 0, kv::kNoExpiry), ExpireResult::kSet);
    ASSERT_EQ(engine->Annotate(Hashed(KeyName(2)), 0, kv::kMarkStale, 9), AnnotateResult::kSet);
    before = CountersOf(*engine);
    EXPECT_EQ(before.entries, 2'999u);
    EXPECT_EQ(before.entries_with_expiry, 749u);
  }
  const OpenedEngine engine = Open();
  EXPECT_EQ(CountersOf(*engine), before);
  EXPECT_EQ(Counted(*engine), before);
  kv::ValueView value;
  ASSERT_TRUE(engine->Get(Hashed(KeyName(2)), 0, &value));
  EXPECT_EQ(value.marks, kv::kMarkStale);
  EXPECT_EQ(value.version, 9u);
  ASSERT_TRUE(engine->Get(Hashed(KeyName(8)), 0, &value));
  EXPECT_EQ(value.expires_at, 8);
  EXPECT_FALSE(engine->Get(Hashed(KeyName(1)), 0, nullptr));
}

TEST_F(RocksDbEngineTest, WhatExpiredMeanwhileIsGone) {
  {
    const OpenedEngine engine = Open();
    PutMany(*engine, 0, 1'000);
  }
  const OpenedEngine engine = Open();
  EXPECT_FALSE(engine->Get(Hashed(KeyName(400)), 500, nullptr));
  EXPECT_TRUE(engine->Get(Hashed(KeyName(504)), 500, nullptr));
  WalkCursor cursor = kWalkStart;
  int calls = 0;
  do {
    cursor = engine->SweepStripe(cursor, 500);
    ++calls;
  } while (cursor != kWalkStart);
  EXPECT_EQ(engine->Stats().expired_on_read, 1u);
  EXPECT_EQ(engine->Stats().expired_by_sweep, 125u);
  EXPECT_EQ(calls, 2) << "a call drops " << kSweptTogether;
  EXPECT_EQ(engine->Stats().entries, 874u);
  EXPECT_EQ(Counted(*engine), CountersOf(*engine));
}

TEST_F(RocksDbEngineTest, WhatWasPersistedSurvivesAKill) {
  const OpenedEngine engine = Open();
  PutMany(*engine, 0, 500);
  ASSERT_TRUE(engine->Persist().ok());
  const RecordCounters persisted = CountersOf(*engine);
  PutMany(*engine, 500, 600);
  EXPECT_TRUE(engine->Erase(Hashed(KeyName(1)), 0));
  const OpenedEngine after = Open(CopyFiles());
  EXPECT_EQ(CountersOf(*after), persisted);
  EXPECT_EQ(Counted(*after), persisted);
  EXPECT_TRUE(after->Get(Hashed(KeyName(1)), 0, nullptr));
}

TEST_F(RocksDbEngineTest, AnyThreadMayPersist) {
  const OpenedEngine engine = Open();
  PutMany(*engine, 0, 1'000);
  std::atomic<bool> done = false;
  Status persisted;
  std::thread other([&] {
    persisted = engine->Persist();
    done = true;
  });
  uint64_t next = 1'000;
  while (!done) PutMany(*engine, next, next + 50), next += 50;
  other.join();
  ASSERT_TRUE(persisted.ok()) << persisted.ToString();
  const OpenedEngine after = Open(CopyFiles());
  EXPECT_GE(after->Stats().entries, 1'000u);
  EXPECT_EQ(Counted(*after), CountersOf(*after));
}

// More than the write buffers hold: the database has written some of it by itself, when it liked.
// What is there is how things stood at one moment, and all changes once more make it whole.
TEST_F(RocksDbEngineTest, AfterAKillAPrefixIsThereAndTheLogMakesItWhole) {
  constexpr uint64_t kKeys = 30'000;
  const auto change = [](Engine& engine) {
    PutMany(engine, 0, kKeys);
    for (uint64_t i = 0; i < kKeys; i += 3) engine.Erase(Hashed(KeyName(i)), 0);
    engine.Clear();
    PutMany(engine, kKeys / 2, 2 * kKeys);
    for (uint64_t i = kKeys; i < 2 * kKeys; i += 3) engine.Erase(Hashed(KeyName(i)), 0);
    PutMany(engine, kKeys, kKeys + 10);
  };
  const OpenedEngine engine = Open();
  change(*engine);
  const OpenedEngine after = Open(CopyFiles());
  EXPECT_EQ(Counted(*after), CountersOf(*after));
  EXPECT_GT(after->Stats().entries, 0u);
  EXPECT_NE(CountersOf(*after), CountersOf(*engine));
  change(*after);
  EXPECT_EQ(CountersOf(*after), CountersOf(*engine));
  EXPECT_EQ(Counted(*after), CountersOf(*engine));
  EXPECT_EQ(WalkAll(*after), WalkAll(*engine));
}

TEST_F(RocksDbEngineTest, ManyThatExpireAtOnceAreSweptInPieces) {
  const OpenedEngine engine = Open();
  for (uint64_t i = 0; i < 1'000; ++i) {
    ASSERT_EQ(engine->Put(Hashed(KeyName(i)), Text("v", 77)), PutResult::kInserted);
  }
  WalkCursor cursor = kWalkStart;
  uint64_t left = 1'000;
  do {
    cursor = engine->SweepStripe(cursor, 77);
    EXPECT_LE(left - engine->Stats().entries, kSweptTogether);
    left = engine->Stats().entries;
  } while (cursor != kWalkStart);
  EXPECT_EQ(left, 0u);
}

TEST_F(RocksDbEngineTest, ADamagedTableIsNotAnEmptyOne) {
  {
    const OpenedEngine engine = Open();
    PutMany(*engine, 0, 2'000);
  }
  DamageTables();
  const OpenedEngine engine = Open();
  ASSERT_NE(engine, nullptr);
  uint64_t found = 0;
  uint64_t i = 0;
  for (; engine->failures() == 0 && i < 2'000; ++i) {
    found += engine->Get(Hashed(KeyName(i)), -1, nullptr) ? 1 : 0;
  }
  ASSERT_EQ(engine->failures(), 1u);
  EXPECT_EQ(found, i - 1) << "a key was called absent before";
  EXPECT_EQ(engine->health().code(), StatusCode::kCorruption) << engine->health().ToString();
  EXPECT_NE(engine->health().message().find(directory_.Sub("database")), std::string::npos);

  const RecordCounters before = CountersOf(*engine);
  EXPECT_EQ(engine->Put(Hashed("new"), Text("v")), PutResult::kOutOfMemory);
  EXPECT_EQ(engine->SetExpiry(Hashed("new"), 0, 1), ExpireResult::kOutOfMemory);
  EXPECT_EQ(engine->Annotate(Hashed("new"), 0, 0, 1), AnnotateResult::kOutOfMemory);
  EXPECT_FALSE(engine->Erase(Hashed("new"), 0));
  engine->Clear();
  EXPECT_EQ(engine->failures(), 6u);
  EXPECT_EQ(CountersOf(*engine), before);
  EXPECT_FALSE(engine->Get(Hashed("new"), 0, nullptr));
}

// The reply of a read may still be on its way when something else is refused.
TEST_F(RocksDbEngineTest, AChangeThatFailedLeavesTheViewsOfReads) {
  rocksdb::Options raw_options;
  raw_options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(raw_options, directory_.Sub("database"), &raw).ok());
  auto owned = std::make_unique<RefusingDatabase>(raw);
  RefusingDatabase& database = *owned;
  RocksDbEngine engine(TestDatabase(directory_.Sub("database"), kTestSeed), std::move(owned));
  ASSERT_EQ(engine.Put(Hashed("key"), Text("value")), PutResult::kInserted);
  kv::ValueView value;
  ASSERT_TRUE(engine.Get(Hashed("key"), 0, &value));
  database.refuse = true;
  EXPECT_EQ(engine.Annotate(Hashed("key"), 0, kv::kMarkStale, 1), AnnotateResult::kOutOfMemory);
  EXPECT_EQ(value.bytes, "value");
  EXPECT_EQ(engine.failures(), 1u);
}

TEST_F(RocksDbEngineTest, AWalkOverADamagedTableFails) {
  {
    const OpenedEngine engine = Open();
    PutMany(*engine, 0, 2'000);
  }
  DamageTables();
  const OpenedEngine engine = Open();
  ASSERT_NE(engine, nullptr);
  EXPECT_LT(WalkAll(*engine).size(), 2'000u);
  EXPECT_EQ(engine->failures(), 1u);
}

TEST_F(RocksDbEngineTest, WhatIsLeftOfADatabaseIsNotMadeAnEmptyOne) {
  {
    const OpenedEngine engine = Open();
    PutMany(*engine, 0, 100);
  }
  const std::string copy = CopyFiles();
  std::filesystem::remove(directory_.Sub("database") + "/CURRENT");
  const auto refused = RocksDbEngine::Open(TestDatabase(directory_.Sub("database"), kTestSeed));
  EXPECT_EQ(refused.code(), StatusCode::kCorruption);
  EXPECT_NE(refused.status().message().find("CURRENT"), std::string::npos);
  EXPECT_EQ(Open(copy)->Stats().entries, 100u);
}

// As RocksDB leaves it when it dies while it makes one.
TEST_F(RocksDbEngineTest, OneThatWasNeverMadeIsMade) {
  std::filesystem::create_directory(directory_.Sub("database"));
  std::ofstream(directory_.Sub("database") + "/MANIFEST-000001") << "not yet";
  const OpenedEngine engine = Open();
  ASSERT_NE(engine, nullptr);
  EXPECT_EQ(engine->Stats().entries, 0u);
}

TEST_F(RocksDbEngineTest, TwoCannotHaveOneDatabase) {
  const OpenedEngine engine = Open();
  const auto second = RocksDbEngine::Open(TestDatabase(directory_.Sub("database"), kTestSeed));
  EXPECT_EQ(second.code(), StatusCode::kLocked) << second.status().ToString();
}

TEST_F(RocksDbEngineTest, ADatabaseOfAnotherDirectoryIsRefused) {
  Open().reset();
  const auto other = RocksDbEngine::Open(TestDatabase(directory_.Sub("database"), kTestSeed + 1));
  EXPECT_EQ(other.code(), StatusCode::kCorruption);
  EXPECT_NE(other.status().message().find("another hash seed"), std::string::npos);
}

TEST_F(RocksDbEngineTest, WhatANewerVersionWroteIsRefused) {
  Open().reset();
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, directory_.Sub("database"), &raw).ok());
  const std::unique_ptr<rocksdb::DB> database(raw);
  std::string data_key;
  EncodeDataKey(PositionOf(Hashed("odd").hash), "odd", data_key);
  ASSERT_TRUE(database->Put({}, data_key, std::string(9, '\xff')).ok());
  ASSERT_TRUE(database->Close().ok());
  {
    const OpenedEngine engine = Open();
    EXPECT_FALSE(engine->Get(Hashed("other"), 0, nullptr));
    EXPECT_EQ(engine->failures(), 0u);
    EXPECT_FALSE(engine->Get(Hashed("odd"), 0, nullptr));
    EXPECT_EQ(engine->failures(), 1u);
  }
  ASSERT_TRUE(rocksdb::DB::Open({}, directory_.Sub("database"), &raw).ok());
  const std::unique_ptr<rocksdb::DB> again(raw);
  const auto newer = EncodeDatabaseFormat({kRocksDbFormatVersion + 1, kTestSeed});
  ASSERT_TRUE(again->Put({}, std::string(1, kFormatSpace), {newer.data(), newer.size()}).ok());
  ASSERT_TRUE(again->Close().ok());
  const auto refused = RocksDbEngine::Open(TestDatabase(directory_.Sub("database"), kTestSeed));
  EXPECT_EQ(refused.code(), StatusCode::kIncompatible) << refused.status().ToString();
}

}  // namespace
}  // namespace corelane::storage
