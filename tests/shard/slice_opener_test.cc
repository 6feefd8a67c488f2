#include "shard/slice_opener.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
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

INSTANTIATE_TEST_SUITE_P(Engines, SliceOpenerTest, testing::ValuesIn(storage::EngineKinds()),
                         storage::EngineKindName);

}  // namespace
}  // namespace corelane::shard
