// A start with another number of lanes, crashed at every file operation, by a power loss and by the
// death of the process, and then done again. Whatever the number of lanes then, all keys are there.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "env/clock.h"
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

  env::ManualClock clock_;
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

TEST_F(ReshapeCrashTest, EveryOperation) {
  Model model;
  for (int i = 0; i < 100; ++i) model["key" + std::to_string(i)] = std::string(300, 'v');
  fault::SimulatedDisk before;
  Model nothing;
  ASSERT_TRUE(Start(before, 2, model, nothing).ok());
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

}  // namespace
}  // namespace corelane::shard
