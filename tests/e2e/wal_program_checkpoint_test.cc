// corelane-wal on directories with checkpoints.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "wal/checkpoint_file.h"
#include "wal_program_fixture.h"

namespace corelane::e2e {
namespace {

class WalProgramCheckpointTest : public WalProgramTest {
 protected:
  // Lane 0 with two entries at sequence number 3, which is where segment 1 ends, and two frames
  // behind them in segment 2. Segment 1 is still there, as is an older checkpoint.
  void MakeCheckpoint() {
    MakeDirectory(1);
    {
      const auto log = OpenLog(0);
      for (int i = 0; i < 2; ++i) Put(*log, "a" + std::to_string(i), {.bytes = "value"});
      ASSERT_TRUE(log->Close().ok());
    }
    const wal::LaneIdentity lane{.directory = LanePath(0), .lane = 0, .generation = 1};
    auto file = wal::CheckpointFile::Create(files_, lane,
                                            {.number = 7, .salt = 5, .seq = 3, .first_segment = 2});
    ASSERT_TRUE(file.ok());
    const std::string raw =
        Entry("a0", {.bytes = "value"}) +
        Entry("a1", {.bytes = "value", .expires_at = 4'000'000'000'000, .client_flags = 42});
    ASSERT_TRUE((*file)->Append(raw, 2).ok());
    ASSERT_TRUE((*file)->Commit(3).ok());
    wal::LaneLogOptions options = Options(0);
    options.next_seq = 4;
    options.next_segment = 2;
    const auto log = wal::OpenLaneLog(options).value();
    Put(*log, "a0", {.bytes = "newer"});
    ASSERT_TRUE(log->Close().ok());
    Write(LanePath(0) + "/" + wal::CheckpointName(6), "an older one");
  }
  static std::string Entry(std::string_view key, kv::ValueView value) {
    value.created_at_s = kCreatedAt;
    std::string bytes(wal::CheckpointEntryBytes(key, value), '\0');
    wal::EncodeCheckpointEntry(key, value, bytes.data());
    return bytes;
  }
  [[nodiscard]] std::string CheckpointPath() const {
    return LanePath(0) + "/" + wal::CheckpointName(7);
  }
};

TEST_F(WalProgramCheckpointTest, DumpTellsTheEntriesAndTheFramesBehindThem) {
  MakeCheckpoint();
  const Printed printed = Run({"dump", data_, "--values"});
  EXPECT_EQ(printed.exit_code, 0) << printed;
  EXPECT_EQ(printed.out,
            "lane=0 checkpoint=7 offset=64 seq=3 type=entry key=\"a0\" value_type=string "
            "value_bytes=5 value=\"value\" created_at=2023-11-14T22:13:20Z\n"
            "lane=0 checkpoint=7 offset=64 seq=3 type=entry key=\"a1\" value_type=string "
            "value_bytes=5 value=\"value\" created_at=2023-11-14T22:13:20Z "
            "expires_at=2096-10-02T07:06:40Z expires_at_ms=4000000000000 client_flags=42 "
            "marks=none\n"
            "lane=0 segment=2 offset=64 seq=4 type=put key=\"a0\" value_type=string "
            "value_bytes=5 value=\"newer\" created_at=2023-11-14T22:13:20Z\n"
            "lane=0 segment=2 offset=96 seq=5 type=durable-mark durable_seq=4\n");
  EXPECT_EQ(Lines(Run({"dump", data_, "--limit=1"}).out), 1u);
  EXPECT_EQ(Lines(Run({"dump", data_, "--from-seq=4"}).out), 2u);
  const Printed json = Run({"dump", data_, "--json", "--limit=1"});
  const auto entry = nlohmann::json::parse(json.out);
  EXPECT_EQ(entry["type"], "entry");
  EXPECT_EQ(entry["checkpoint"], 7);
  EXPECT_FALSE(entry.contains("segment"));
  EXPECT_EQ(entry["bytes"], 12 + 2 + 5);
}

TEST_F(WalProgramCheckpointTest, VerifyTellsWhatCountsAndWhatGoes) {
  MakeCheckpoint();
  const auto before = Snapshot();
  const Printed printed = Run({"verify", data_});
  EXPECT_EQ(printed.exit_code, 0) << printed;
  EXPECT_EQ(printed.out,
            "generation=1 lanes=1\n"
            "lane=0 checkpoint=7 entries=2 segments=2 frames=2 first_seq=4 last_seq=5 end=clean\n"
            "lane=0 superseded=000000000006.ckpt: does not count, and goes at the next start\n"
            "lane=0 superseded=000000000001.wal: does not count, and goes at the next start\n"
            "OK\n");
  // Nothing torn: the rest is the business of a start.
  EXPECT_EQ(Run({"truncate-torn", data_}).out, "lane 0: nothing to cut\n");
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(WalProgramCheckpointTest, DamageToACheckpointIsNamedAndNothingIsCut) {
  MakeCheckpoint();
  Flip(CheckpointPath(), 90);
  const auto before = Snapshot();
  const Printed printed = Run({"verify", data_});
  EXPECT_EQ(printed.exit_code, 1) << printed;
  EXPECT_TRUE(Contains(printed.err,
                       "corrupt block in " + CheckpointPath() + " at offset 64: checksum mismatch"))
      << printed;
  const Printed cut = Run({"truncate-torn", data_});
  EXPECT_EQ(cut.exit_code, 1) << cut;
  EXPECT_TRUE(Contains(cut.err, "nothing was changed")) << cut;
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(WalProgramCheckpointTest, ATornTailBehindACheckpointIsCutAndWhatIsBeforeItGoes) {
  MakeCheckpoint();
  std::filesystem::resize_file(SegmentPath(0, 2), kHeaderBytes + kSmallFrameBytes + 3);
  const Printed cut = Run({"truncate-torn", data_});
  EXPECT_EQ(cut.exit_code, 0) << cut;
  EXPECT_TRUE(Contains(cut.out, "removing " + SegmentPath(0, 1) + ", which does not count\n"))
      << cut;
  EXPECT_TRUE(Contains(cut.out, "ends after sequence number 4\n")) << cut;
  EXPECT_FALSE(std::filesystem::exists(SegmentPath(0, 1)));
  EXPECT_TRUE(std::filesystem::exists(CheckpointPath()));
  EXPECT_EQ(Run({"verify", data_}).out,
            "generation=1 lanes=1\n"
            "lane=0 checkpoint=7 entries=2 segments=1 frames=1 first_seq=4 last_seq=4 end=clean\n"
            "OK\n");
}

TEST_F(WalProgramCheckpointTest, StatsCountEntriesAndFrames) {
  MakeCheckpoint();
  const Printed printed = Run({"stats", data_, "--json"});
  ASSERT_EQ(printed.exit_code, 0) << printed;
  const auto lane = nlohmann::json::parse(printed.out)["lanes"][0];
  EXPECT_EQ(lane["checkpoint"], nlohmann::json({{"number", 7}, {"seq", 3}, {"first_segment", 2}}));
  EXPECT_EQ(lane["checkpoint_bytes"], std::filesystem::file_size(CheckpointPath()));
  EXPECT_EQ(lane["entries"], 2);
  EXPECT_EQ(lane["entry_bytes"], 19 + 35);
  EXPECT_EQ(lane["frames"], 2);
  EXPECT_EQ(lane["live_keys"], 2);
  // The entry of a1, the frame of a0.
  EXPECT_EQ(lane["live_bytes"], 35 + 32);
  EXPECT_EQ(lane["garbage_bytes"], 19 + 32);
  const Printed text = Run({"stats", data_});
  EXPECT_TRUE(Contains(text.out, " bytes; 2 entries, 54 bytes\n")) << text;
  EXPECT_TRUE(Contains(text.out, "sequence number 3, as checkpoint 7, for segments from 2 on\n"))
      << text;
}

}  // namespace
}  // namespace corelane::e2e
