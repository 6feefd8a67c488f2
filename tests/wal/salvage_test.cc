#include "wal/salvage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/random.h"
#include "wal/checkpoint_file.h"
#include "wal/recovery.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

// What is handed on, in its order: "3" for frame 3, "e:k1" for an entry.
class OrderVisitor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& frame) override {
    absl::StrAppend(&order, frame.seq, " ");
    if (frame.value.bytes != absl::StrFormat("v%u", frame.seq)) {
      return Status(StatusCode::kError, "a wrong frame was handed on");
    }
    return OkStatus();
  }
  Status OnEntry(const Frame& entry, uint64_t /*block_offset*/) override {
    absl::StrAppend(&order, "e:", std::string(entry.key), " ");
    return OkStatus();
  }
  std::string order;
};

std::string Entry(std::string_view key, size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  const kv::ValueView view{.bytes = value, .created_at_s = 5};
  std::string bytes(CheckpointEntryBytes(key, view), '\0');
  EncodeCheckpointEntry(key, view, bytes.data());
  return bytes;
}

class SalvageTest : public WalTest {
 protected:
  // Frames are puts of v<seq>, each of 32 bytes and more.
  static std::string Segment(uint64_t number, uint64_t first_seq, uint64_t last_seq,
                             uint64_t durable_seq = 0) {
    const uint64_t salt = number * 1000003;
    std::string bytes(kSegmentHeaderBytes, '\0');
    EncodeSegmentHeader({.number = number, .salt = salt, .durable_seq = durable_seq}, bytes.data());
    for (uint64_t seq = first_seq; seq <= last_seq; ++seq) {
      const std::string value = absl::StrFormat("v%u", seq);
      Frame frame{.type = FrameType::kPut, .seq = seq, .key = "key"};
      frame.value.bytes = value;
      std::string encoded(EncodedFrameBytes(frame), '\0');
      EncodeFrame(frame, FrameChecksumSeed(salt, bytes.size()), encoded.data());
      EXPECT_EQ(encoded.size(), kFrameBytes);
      bytes += encoded;
    }
    return bytes;
  }
  void WriteSegment(uint64_t number, uint64_t first_seq, uint64_t last_seq) {
    WriteBytes(SegmentPath(number), Segment(number, first_seq, last_seq));
  }
  // Three blocks with one entry each: a, b, c.
  void WriteCheckpoint(const CheckpointStart& start, uint64_t end_seq) {
    auto file = CheckpointFile::Create(files_, lane_, start);
    ASSERT_TRUE(file.ok());
    for (const char* const key : {"a", "b", "c"}) {
      ASSERT_TRUE((*file)->Append(Entry(absl::StrCat(key, start.number), 200), 1).ok());
    }
    ASSERT_TRUE((*file)->Commit(end_seq).ok());
  }
  [[nodiscard]] std::string CheckpointPath(uint64_t number) const {
    return directory_.Sub(CheckpointName(number));
  }
  static void Damage(const std::string& path, size_t offset) {
    std::string bytes = ReadBytes(path);
    bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 0x20);
    WriteBytes(path, bytes);
  }
  // Salvages; `order` is what must be handed on.
  SalvageReport Salvage(const std::string& order) {
    OrderVisitor visitor;
    Result<SalvageReport> report = SalvageLane(files_, lane_, visitor);
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(visitor.order, order);
    return report.ok() ? std::move(*report) : SalvageReport{};
  }
  [[nodiscard]] std::string Missing(const std::string& which) const {
    return directory_.path() + ": " + which;
  }

  static constexpr size_t kFrameBytes = 32;
};

using Lines = std::vector<std::string>;

TEST_F(SalvageTest, GoodFramesBeforeAndBehindABadOneAreKept) {
  WriteSegment(1, 1, 5);
  WriteSegment(2, 6, 8);
  Damage(SegmentPath(1), kSegmentHeaderBytes + 2 * kFrameBytes + 28);
  const SalvageReport report = Salvage("1 2 4 5 6 7 8 ");
  EXPECT_EQ(report.lines, (Lines{absl::StrFormat("%s at offset 128: checksum mismatch; 32 bytes "
                                                 "dropped",
                                                 SegmentPath(1)),
                                 Missing("frame 3 is missing")}));
  EXPECT_EQ(report.frames, 7u);
  EXPECT_EQ(report.missing_frames, 1u);
  EXPECT_EQ(report.dropped_bytes, kFrameBytes);
}

TEST_F(SalvageTest, AMissingSegmentIsSaidWithItsFrames) {
  WriteSegment(1, 1, 2);
  WriteSegment(3, 6, 7);
  const SalvageReport report = Salvage("1 2 6 7 ");
  EXPECT_EQ(report.lines, (Lines{"segment " + SegmentPath(2) + " is missing",
                                 Missing("frames 3 to 5 are missing")}));
}

TEST_F(SalvageTest, WhatWasDurableAndIsGoneAtTheEndIsSaid) {
  WriteBytes(SegmentPath(1), Segment(1, 1, 2, 6));
  EXPECT_EQ(Salvage("1 2 ").lines, (Lines{Missing("frames 3 to 6 are missing")}));
}

TEST_F(SalvageTest, FramesBehindABadSegmentHeaderAreKept) {
  WriteSegment(1, 1, 2);
  WriteSegment(2, 3, 4);
  Damage(SegmentPath(1), 24);  // the generation
  const SalvageReport report = Salvage("1 2 3 4 ");
  EXPECT_EQ(report.lines, (Lines{SegmentPath(1) + ": checksum mismatch in the segment header; its "
                                                  "frames are read all the same"}));
  // With another salt nothing in it can be told.
  WriteSegment(1, 1, 2);
  Damage(SegmentPath(1), 32);
  EXPECT_EQ(Salvage("3 4 ").missing_frames, 2u);
}

TEST_F(SalvageTest, AMisplacedSegmentIsLeftOut) {
  WriteSegment(1, 1, 2);
  WriteBytes(SegmentPath(2), ReadBytes(SegmentPath(1)));
  WriteSegment(3, 3, 4);
  const SalvageReport report = Salvage("1 2 3 4 ");
  EXPECT_EQ(report.lines,
            (Lines{SegmentPath(2) + " at offset 0: a misplaced file; 128 bytes dropped"}));
}

TEST_F(SalvageTest, WholeBlocksOfADamagedCheckpointAreKept) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 5);
  WriteSegment(2, 4, 6);
  const std::string good = ReadBytes(CheckpointPath(1));
  const size_t second = kCheckpointHeaderBytes + kBlockHeaderBytes +
                        AnnouncedPayloadBytes(good.data() + kCheckpointHeaderBytes);
  const size_t third = second + kBlockHeaderBytes + AnnouncedPayloadBytes(good.data() + second);
  Damage(CheckpointPath(1), second + kBlockHeaderBytes + 3);
  // Without a whole checkpoint even frame 4 can help.
  SalvageReport report = Salvage("4 e:a1 e:c1 5 6 ");
  EXPECT_EQ(
      report.lines,
      (Lines{absl::StrFormat("%s at offset %u: checksum mismatch; %u bytes dropped",
                             CheckpointPath(1), second, third - second),
             CheckpointPath(1) + ": 1 of 3 keys are missing, unless the log behind has them"}));
  EXPECT_EQ(report.entries, 2u);
  // A length that is wrong hides nothing of what follows.
  WriteBytes(CheckpointPath(1), good);
  Damage(CheckpointPath(1), second + 5);
  EXPECT_EQ(Salvage("4 e:a1 e:c1 5 6 ").dropped_bytes, third - second);
  // Without its end.
  WriteBytes(CheckpointPath(1), good.substr(0, third));
  report = Salvage("4 e:a1 e:b1 5 6 ");
  EXPECT_EQ(report.lines.back(),
            CheckpointPath(1) + ": the end is missing, and with it how many keys there were");
}

TEST_F(SalvageTest, BlocksBehindABadCheckpointHeaderAreKept) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 5);
  WriteSegment(2, 4, 6);
  Damage(CheckpointPath(1), 40);  // the sequence number: where it belongs is not known
  EXPECT_EQ(Salvage("e:a1 e:b1 e:c1 4 5 6 ").lines.size(), 2u);
}

TEST_F(SalvageTest, AnOlderCheckpointIsWhereItBegins) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 2, .first_segment = 1}, 2);
  WriteSegment(1, 1, 4);
  WriteCheckpoint({.number = 2, .salt = 8, .seq = 4, .first_segment = 2}, 4);
  WriteSegment(2, 5, 6);
  Damage(CheckpointPath(2), kCheckpointHeaderBytes + kBlockHeaderBytes + 3);
  EXPECT_EQ(Salvage("e:a1 e:b1 e:c1 3 4 e:b2 e:c2 5 6 ").missing_frames, 0u);
  // And when the log between the two is gone, it is all that there is.
  ASSERT_TRUE(files_.Remove(SegmentPath(1)).ok());
  const SalvageReport report = Salvage("e:a1 e:b1 e:c1 e:b2 e:c2 5 6 ");
  EXPECT_EQ(report.lines.front(), "segment " + SegmentPath(1) + " is missing");
  EXPECT_EQ(report.missing_frames, 2u);
}

TEST_F(SalvageTest, FilesOfANewerVersionAreNotDamaged) {
  std::string bytes = Segment(1, 1, 2);
  bytes[8] = 2;
  WriteBytes(SegmentPath(1), bytes);
  OrderVisitor visitor;
  EXPECT_EQ(SalvageLane(files_, lane_, visitor).code(), StatusCode::kIncompatible);
}

TEST_F(SalvageTest, TheReportIsBounded) {
  WriteSegment(1, 1, 200);
  std::string bytes = ReadBytes(SegmentPath(1));
  for (size_t frame = 1; frame < 200; frame += 2) {
    bytes[kSegmentHeaderBytes + frame * kFrameBytes] ^= 1;
  }
  WriteBytes(SegmentPath(1), bytes);
  OrderVisitor visitor;
  const auto report = SalvageLane(files_, lane_, visitor);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->lines.size(), SalvageReport::kLinesMax);
  // The last bad frame has nothing behind it that says that it was there.
  EXPECT_EQ(report->lines_left_out, 100 + 99 - SalvageReport::kLinesMax);
  EXPECT_EQ(report->frames, 100u);
  EXPECT_EQ(report->missing_frames, 99u);
}

TEST_F(SalvageTest, ASoundLaneIsWhatRecoveryMakesOfIt) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 5);
  WriteSegment(2, 3, 6);
  WriteBytes(SegmentPath(3), std::string(5000, '\0'));
  OrderVisitor recovered;
  ASSERT_TRUE(RecoverLane(files_, lane_, recovered).ok());
  EXPECT_TRUE(Salvage(recovered.order).lines.empty());
}

// Any damage: what is handed on is what was written, in its order; what is missing is said.
TEST_F(SalvageTest, NothingThatWasNotWrittenIsEverHandedOn) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 5);
  WriteSegment(2, 3, 10);
  WriteSegment(3, 11, 20);
  const std::vector<std::string> paths = {CheckpointPath(1), SegmentPath(2), SegmentPath(3)};
  std::map<std::string, std::string> good;
  for (const std::string& path : paths) good[path] = ReadBytes(path);
  base::Random random(5);
  for (int run = 0; run < 120; ++run) {
    for (const std::string& path : paths) {
      std::string bytes = good[path];
      for (uint64_t flips = random.Uniform(4); flips > 0; --flips) {
        char& byte = bytes[random.Uniform(bytes.size())];
        byte = static_cast<char>(byte ^ (1 << random.Uniform(8)));
      }
      if (random.OneIn(8)) bytes.resize(random.Uniform(bytes.size()));
      WriteBytes(path, bytes);
    }
    OrderVisitor visitor;
    const auto report = SalvageLane(files_, lane_, visitor);
    if (report.code() == StatusCode::kIncompatible) continue;  // a version, by chance
    ASSERT_TRUE(report.ok()) << run << " " << report.status().ToString();
    OrderVisitor strict;
    if (RecoverLane(files_, lane_, strict).ok()) continue;
    EXPECT_FALSE(report->lines.empty()) << run;
  }
}

}  // namespace
}  // namespace corelane::wal
