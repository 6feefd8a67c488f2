// A start with another number of lanes, crashed at every file operation, by a power loss and by the
// death of the process, and then done again. Whatever the number of lanes then, all keys are there.
// The same for a start that salvages a damaged log: all keys but the damaged one are there, and so
// is the damaged log.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "env/clock.h"
#include "env/file_system.h"
#include "fault/simulated_disk.h"
#include "shard/slice_opener.h"
#include "storage/placement.h"

namespace corelane::shard {
namespace {

class ReshapeCrashTest : public testing::Test {
 protected:
  using Model = std::map<std::string, std::string>;

  // What a server does; OK with all that is in the slices in `found`. `more` is put and synced.
  Status Start(fault::SimulatedDisk& disk, uint32_t lanes, const Model& more, Model& found);
  static void Collect(storage::Engine& engine, Model& found);

  // A disk with 100 keys on two lanes.
  void Fill(fault::SimulatedDisk& disk, Model& model);
  // The damaged log is where it was, or kept aside.
  static void ExpectKept(fault::SimulatedDisk& disk, const std::string& damaged);

  static constexpr const char* kGeneration = "/data/gen-000001";
  static constexpr const char* kSegment = "/lane-0000/000000000001.wal";

  env::ManualClock clock_;
  bool salvage_ = false;
};

void ReshapeCrashTest::Collect(storage::Engine& engine, Model& found) {
  storage::WalkCursor cursor = storage::kWalkStart;
  do {
    cursor = engine.VisitStripe(cursor, [&](const storage::EntryView& entry) {
      found[std::string(entry.key)] = entry.value.bytes;
    });
  } while (cursor != storage::kWalkStart);
}

Status ReshapeCrashTest::Start(fault::SimulatedDisk& disk, uint32_t lanes, const Model& more,
                               Model& found) {
  SliceOpenerOptions options;
  options.files = &disk;
  options.clock = &clock_;
  options.directory = "/data";
  options.lanes = lanes;
  options.fsync = wal::FsyncMode::kOs;
  options.segment_bytes = wal::kSegmentBytesMin;
  options.salvage = salvage_;
  options.announce = false;
  options.new_hash_seed = 7;
  Result<std::unique_ptr<SliceOpener>> opener = SliceOpener::Open(options);
  if (!opener.ok()) return opener.status();
  for (uint32_t lane = 0; lane < lanes; ++lane) RETURN_IF_ERROR((*opener)->Recover(lane));
  std::vector<SliceParts> slices;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    Result<SliceParts> parts = (*opener)->OpenParts(lane, nullptr);
    if (!parts.ok()) return parts.status();
    Collect(*parts->engine, found);
    slices.push_back(std::move(*parts));
  }
  RETURN_IF_ERROR((*opener)->Finish());
  for (const auto& [key, value] : more) {
    wal::LaneLog& log = *slices[storage::LaneOf(base::KeyHash(key, 7), lanes)].log;
    EXPECT_EQ(log.Admit(1, key.size() + value.size()), wal::Admission::kOk);
    log.AppendPut(key, {.bytes = value});
  }
  for (const SliceParts& slice : slices) RETURN_IF_ERROR(slice.log->Close());
  return OkStatus();
}

void ReshapeCrashTest::Fill(fault::SimulatedDisk& disk, Model& model) {
  for (int i = 0; i < 100; ++i) model["key" + std::to_string(i)] = std::string(300, 'v');
  Model nothing;
  ASSERT_TRUE(Start(disk, 2, model, nothing).ok());
}

void ReshapeCrashTest::ExpectKept(fault::SimulatedDisk& disk, const std::string& damaged) {
  const auto kept = env::ReadFile(disk, kGeneration + std::string(".damaged") + kSegment, 1 << 20);
  ASSERT_TRUE(kept.ok()) << kept.status().ToString();
  // Closing a log gives its unused room back without a sync: zeros may be there again.
  ASSERT_TRUE(kept->starts_with(damaged)) << kept->size() << " bytes, not " << damaged.size();
  EXPECT_EQ(kept->find_first_not_of('\0', damaged.size()), std::string::npos);
}

TEST_F(ReshapeCrashTest, EveryOperation) {
  Model model;
  fault::SimulatedDisk before;
  Fill(before, model);
  base::Random random(11);
  bool crashed = true;
  uint64_t at = 0;
  while (crashed) {
    ++at;
    for (const bool power_loss : {true, false}) {
      SCOPED_TRACE(testing::Message() << "operation " << at << (power_loss ? ", power" : ", kill"));
      const auto disk = before.Fork();
      disk->CrashAt(at);
      Model found;
      static_cast<void>(Start(*disk, 3, {}, found));
      crashed = disk->crashed();
      // Twice, so that what the second one has read must be on the disk as well.
      for (const bool kill : {!power_loss, false}) {
        kill ? disk->KillProcess() : disk->LosePower(random);
        found.clear();
        const Status status = Start(*disk, random.OneIn(2) ? 3 : 2, {}, found);
        ASSERT_TRUE(status.ok()) << status.ToString();
        ASSERT_EQ(found, model);
      }
    }
  }
  EXPECT_GT(at, 50U);
}

TEST_F(ReshapeCrashTest, EveryOperationOfASalvage) {
  Model model;
  fault::SimulatedDisk before;
  Fill(before, model);
  // In the value of the first frame of lane 0.
  const std::string segment = std::string(kGeneration) + kSegment;
  ASSERT_TRUE(before.FlipBit(segment, 64 + 100, 3).ok());
  const std::string damaged = env::ReadFile(before, segment, 1 << 20).value();
  const auto lost = std::find_if(model.begin(), model.end(), [](const auto& entry) {
    return storage::LaneOf(base::KeyHash(entry.first, 7), 2) == 0;
  });
  model.erase(lost);
  Model found;
  const Status strict = Start(before, 2, {}, found);
  ASSERT_EQ(strict.code(), StatusCode::kCorruption);
  EXPECT_NE(strict.message().find("--recover=salvage"), std::string::npos) << strict.ToString();
  salvage_ = true;
  base::Random random(11);
  bool crashed = true;
  uint64_t at = 0;
  for (at = 1; crashed; ++at) {
    for (const bool power_loss : {true, false}) {
      SCOPED_TRACE(testing::Message() << "operation " << at << (power_loss ? ", power" : ", kill"));
      const auto disk = before.Fork();
      disk->CrashAt(at);
      static_cast<void>(Start(*disk, 2, {}, found));
      crashed = disk->crashed();
      for (const bool kill : {!power_loss, false}) {
        kill ? disk->KillProcess() : disk->LosePower(random);
        found.clear();
        const Status status = Start(*disk, random.OneIn(4) ? 3 : 2, {}, found);
        ASSERT_TRUE(status.ok()) << status.ToString();
        ASSERT_EQ(found, model);
        ASSERT_NO_FATAL_FAILURE(ExpectKept(*disk, damaged));
      }
    }
  }
  EXPECT_GT(at, 40U);
  // What was salvaged is sound.
  const auto disk = before.Fork();
  ASSERT_TRUE(Start(*disk, 2, {}, found).ok());
  salvage_ = false;
  found.clear();
  ASSERT_TRUE(Start(*disk, 2, {}, found).ok());
  EXPECT_EQ(found, model);
}

}  // namespace
}  // namespace corelane::shard
