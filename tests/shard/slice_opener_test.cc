#include "shard/slice_opener.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "env/clock.h"
#include "env/posix_file_system.h"
#include "fault/temp_directory.h"
#include "storage/engine_under_test.h"
#include "storage/placement.h"

namespace corelane::shard {
namespace {

class SliceOpenerTest : public testing::TestWithParam<storage::EngineKind> {
 protected:
  using Model = std::map<std::string, std::string>;
  using OpenResult = Result<std::unique_ptr<storage::Engine>>;
  static constexpr std::string_view kStaleKey = "key7";

  SliceOpenerOptions Options(uint32_t lanes) {
    SliceOpenerOptions options;
    options.files = &files_;
    options.clock = &clock_;
    options.directory = directory_.Sub("data");
    options.lanes = lanes;
    options.fsync = wal::FsyncMode::kOs;
    options.new_hash_seed = 7;
    if (GetParam() == storage::EngineKind::kRocksDb) {
      options.open_database = [](const std::string& path, uint64_t hash_seed) {
        return storage::OpenRocksDb(storage::TestDatabase(path, hash_seed));
      };
    }
    return options;
  }

  // Opens with so many lanes, checks that what is there is `model`, puts `more` as well.
  void OpenCheckAndPut(uint32_t lanes, Model& model, const Model& more) {
    Result<std::unique_ptr<SliceOpener>> opener = SliceOpener::Open(Options(lanes));
    ASSERT_TRUE(opener.ok()) << opener.status().ToString();
    EXPECT_EQ((*opener)->hash_seed(), 7U);
    std::vector<SliceParts> slices;
    for (uint32_t lane = 0; lane < lanes; ++lane) {
      ASSERT_TRUE((*opener)->Recover(lane).ok());
    }
    for (uint32_t lane = 0; lane < lanes; ++lane) {
      Result<SliceParts> parts = (*opener)->OpenParts(lane, nullptr);
      ASSERT_TRUE(parts.ok()) << parts.status().ToString();
      slices.push_back(std::move(*parts));
    }
    ASSERT_TRUE((*opener)->Finish().ok());

    uint64_t entries = 0;
    for (const SliceParts& slice : slices) entries += slice.engine->Stats().entries;
    EXPECT_EQ(entries, model.size());
    for (const auto& [key, value] : model) {
      kv::ValueView found;
      const uint64_t hash = base::KeyHash(key, 7);
      ASSERT_TRUE(slices[storage::LaneOf(hash, lanes)].engine->Get({key, hash}, 0, &found)) << key;
      EXPECT_EQ(found.bytes, value);
      EXPECT_EQ(found.client_flags, value.size());
      EXPECT_EQ(found.marks, key == kStaleKey ? kv::kMarkStale : 0);
    }
    for (const auto& [key, value] : more) {
      wal::LaneLog& log = *slices[storage::LaneOf(base::KeyHash(key, 7), lanes)].log;
      ASSERT_EQ(log.Admit(2, 200), wal::Admission::kOk);
      kv::ValueView view;
      view.bytes = value;
      view.client_flags = static_cast<uint32_t>(value.size());
      log.AppendPut(key, view);
      if (key == kStaleKey) log.AppendMarks(key, kv::kMarkStale);
      model[key] = value;
    }
    for (const SliceParts& slice : slices) EXPECT_TRUE(slice.log->Close().ok());
  }

  // One lane with a key that came and went, and a checkpoint of that.
  void TakeCheckpoint(const SliceOpenerOptions& options) {
    Result<std::unique_ptr<SliceOpener>> opener = SliceOpener::Open(options);
    ASSERT_TRUE(opener.ok()) << opener.status().ToString();
    ASSERT_TRUE((*opener)->Recover(0).ok());
    Result<SliceParts> parts = (*opener)->OpenParts(0, nullptr);
    ASSERT_TRUE(parts.ok()) << parts.status().ToString();
    ASSERT_EQ(parts->log->Admit(2, 200), wal::Admission::kOk);
    parts->log->AppendPut("key", {.bytes = "value"});
    const uint64_t seq = parts->log->AppendErase("key");
    ASSERT_TRUE(parts->log->Close().ok());
    parts->checkpoints->Begin(seq, 1);
    parts->checkpoints->Finish(seq);
    while (parts->checkpoints->state() == wal::CheckpointState::kWriting) {
      std::this_thread::yield();
    }
    ASSERT_EQ(parts->checkpoints->state(), wal::CheckpointState::kDone);
  }

  // A start with these options is refused, as this and with these words.
  void ExpectRefusal(const SliceOpenerOptions& options, StatusCode code,
                     const std::vector<std::string>& words) {
    Status status = OpenAndRecover(options);
    EXPECT_EQ(status.code(), code) << status.ToString();
    for (const std::string& word : words) {
      EXPECT_NE(status.message().find(word), std::string::npos) << word << ": " << status.message();
    }
  }

  static Status OpenAndRecover(const SliceOpenerOptions& options) {
    Result<std::unique_ptr<SliceOpener>> opener = SliceOpener::Open(options);
    if (!opener.ok()) return opener.status();
    Status status;
    for (uint32_t lane = 0; status.ok() && lane < options.lanes; ++lane) {
      status = (*opener)->Recover(lane);
    }
    return status;
  }

  [[nodiscard]] SliceOpenerOptions InMemory(uint32_t lanes) {
    SliceOpenerOptions options = Options(lanes);
    options.open_database = nullptr;
    return options;
  }

  [[nodiscard]] std::string LanePath(int lane) const {
    return directory_.Sub("data") + "/gen-000001/lane-000" + std::to_string(lane);
  }

  // The first frame of the lane, which was synced at an orderly end.
  void DamageLog(int lane) const {
    std::fstream log(LanePath(lane) + "/000000000001.wal",
                     std::ios::binary | std::ios::in | std::ios::out);
    log.seekp(64 + 24);
    log << "#";
    ASSERT_TRUE(log.good());
  }

  // Every file of the database that says what is in it, with its bytes.
  [[nodiscard]] std::map<std::string, std::string> DatabaseFiles(int lane) const {
    std::map<std::string, std::string> files;
    for (const auto& file : std::filesystem::directory_iterator(LanePath(lane) + "/rocksdb")) {
      const std::string name = file.path().filename().string();
      if (name.find("LOG") != std::string::npos) continue;
      std::ifstream in(file.path(), std::ios::binary);
      files[name] = {std::istreambuf_iterator<char>(in), {}};
    }
    return files;
  }

  const fault::TempDirectory directory_;
  env::PosixFileSystem files_;
  env::SystemClock clock_;
};

TEST_P(SliceOpenerTest, RestartsWithOtherNumbersOfLanesKeepEverything) {
  Model model;
  Model first;
  for (int i = 0; i < 500; ++i) first["key" + std::to_string(i)] = "v" + std::to_string(i);
  OpenCheckAndPut(1, model, first);
  OpenCheckAndPut(1, model, {{"key3", "new"}});
  OpenCheckAndPut(4, model, {{"key4", "newer"}, {"x", "y"}});
  OpenCheckAndPut(3, model, {});
  OpenCheckAndPut(1, model, {{"key4", "newest"}});
  OpenCheckAndPut(8, model, {});
}

TEST_P(SliceOpenerTest, WithoutALogThereAreNoFiles) {
  SliceOpenerOptions options = Options(2);
  options.fsync = std::nullopt;
  Result<std::unique_ptr<SliceOpener>> opener = SliceOpener::Open(options);
  if (options.open_database) {
    EXPECT_EQ(opener.code(), StatusCode::kBadArgument);
    EXPECT_FALSE(*files_.Exists(options.directory));
    return;
  }
  ASSERT_TRUE(opener.ok());
  ASSERT_TRUE((*opener)->Recover(0).ok());
  Result<SliceParts> parts = (*opener)->OpenParts(0, nullptr);
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->log, nullptr);
  EXPECT_FALSE(*files_.Exists(options.directory));
}

// Whatever the number of lanes asked for.
TEST_P(SliceOpenerTest, ADatabaseIsNotPassedOver) {
  Model model;
  OpenCheckAndPut(2, model, {{"a", "1"}, {"b", "2"}});
  for (const uint32_t lanes : {2U, 3U}) {
    SliceOpenerOptions options = Options(lanes);
    options.open_database = nullptr;
    const Result<std::unique_ptr<SliceOpener>> opener = SliceOpener::Open(options);
    if (GetParam() == storage::EngineKind::kMemory && lanes == 2) {
      EXPECT_TRUE(opener.ok()) << opener.status().ToString();
    } else if (GetParam() == storage::EngineKind::kRocksDb) {
      EXPECT_EQ(opener.code(), StatusCode::kIncompatible);
      EXPECT_NE(opener.status().message().find("--engine=rocksdb"), std::string::npos);
    }
  }
  OpenCheckAndPut(GetParam() == storage::EngineKind::kMemory ? 3 : 2, model, {});
}

TEST_P(SliceOpenerTest, DamageInAnyLaneIsFoundBeforeADatabaseIsMade) {
  if (GetParam() == storage::EngineKind::kMemory) GTEST_SKIP() << "it has no databases";
  {
    const Result<std::unique_ptr<SliceOpener>> opener = SliceOpener::Open(InMemory(2));
    ASSERT_TRUE(opener.ok());
    for (const uint32_t lane : {0U, 1U}) {
      ASSERT_TRUE((*opener)->Recover(lane).ok());
      Result<SliceParts> parts = (*opener)->OpenParts(lane, nullptr);
      ASSERT_TRUE(parts.ok());
      ASSERT_EQ(parts->log->Admit(2, 200), wal::Admission::kOk);
      parts->log->AppendPut("damaged", {.bytes = "1"});
      parts->log->AppendPut("sound", {.bytes = "2"});
      ASSERT_TRUE(parts->log->Close().ok());
    }
  }
  DamageLog(1);
  for (const uint32_t lanes : {2U, 3U}) {
    ExpectRefusal(Options(lanes), StatusCode::kCorruption,
                  {"nothing was changed", "--recover=salvage, which keeps what is sound"});
    EXPECT_FALSE(*files_.Exists(LanePath(0) + "/rocksdb"));
  }
  // What has no database yet is salvaged as ever.
  SliceOpenerOptions options = Options(1);
  options.salvage = true;
  const Result<std::unique_ptr<SliceOpener>> opener = SliceOpener::Open(options);
  ASSERT_TRUE(opener.ok()) << opener.status().ToString();
  ASSERT_TRUE((*opener)->Recover(0).ok());
  const Result<SliceParts> parts = (*opener)->OpenParts(0, nullptr);
  ASSERT_TRUE(parts.ok());
  EXPECT_TRUE(parts->engine->Get({"sound", base::KeyHash("sound", 7)}, 0, nullptr));
}

TEST_P(SliceOpenerTest, ADamagedLogChangesNoDatabase) {
  if (GetParam() == storage::EngineKind::kMemory) GTEST_SKIP() << "it has no databases";
  Model model;
  OpenCheckAndPut(2, model, {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", "5"}});
  OpenCheckAndPut(2, model, {});
  DamageLog(1);
  const auto before = DatabaseFiles(0);
  for (const bool salvage : {false, true}) {
    SliceOpenerOptions options = Options(2);
    options.salvage = salvage;
    ExpectRefusal(options, StatusCode::kCorruption,
                  {"nothing was changed", "restore " + LanePath(1), "not databases"});
    EXPECT_EQ(DatabaseFiles(0), before);
  }
}

TEST_P(SliceOpenerTest, ADatabaseThatIsGoneIsNotAnEmptyOne) {
  if (GetParam() == storage::EngineKind::kMemory) GTEST_SKIP() << "it has no databases";
  TakeCheckpoint(Options(1));
  EXPECT_TRUE(OpenAndRecover(Options(1)).ok());
  std::filesystem::remove(LanePath(0) + "/rocksdb/CURRENT");
  ExpectRefusal(Options(1), StatusCode::kCorruption, {LanePath(0) + "/rocksdb", "restore"});
  std::filesystem::remove_all(LanePath(0) + "/rocksdb");
  for (const uint32_t lanes : {1U, 2U}) {
    ExpectRefusal(Options(lanes), StatusCode::kCorruption, {LanePath(0) + "/rocksdb", "restore"});
    ExpectRefusal(InMemory(lanes), StatusCode::kIncompatible, {LanePath(0), "--engine=rocksdb"});
    EXPECT_FALSE(*files_.Exists(LanePath(0) + "/rocksdb"));
  }
}

TEST_P(SliceOpenerTest, ACheckpointOfNothingFromMemoryIsForEitherEngine) {
  TakeCheckpoint(InMemory(1));
  EXPECT_TRUE(OpenAndRecover(InMemory(1)).ok());
  EXPECT_TRUE(OpenAndRecover(Options(1)).ok());
}

TEST_P(SliceOpenerTest, AnEngineThatFailsIsNoDamageOfTheLog) {
  if (GetParam() == storage::EngineKind::kMemory) GTEST_SKIP() << "it has no databases";
  Model model;
  OpenCheckAndPut(1, model, {{"a", "1"}});
  SliceOpenerOptions options = Options(1);
  options.open_database = [](const std::string& path, uint64_t) -> OpenResult {
    return Status(StatusCode::kCorruption, path + " is odd");
  };
  ExpectRefusal(options, StatusCode::kCorruption,
                {"is odd", "restore " + LanePath(0), "salvage does not repair databases"});
}

INSTANTIATE_TEST_SUITE_P(Engines, SliceOpenerTest, testing::ValuesIn(storage::EngineKinds()),
                         storage::EngineKindName);

}  // namespace
}  // namespace corelane::shard
