#include "wal/recovery.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "fault/simulated_disk.h"
#include "wal/file_window.h"
#include "wal/format.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

// Builds segments byte by byte, to have them exactly as a test wants them.
class RecoveryTest : public WalTest {
 protected:
  void StartSegment(uint64_t durable_seq) {
    segments_.emplace_back(kSegmentHeaderBytes, '\0');
    EncodeSegmentHeader(
        {.number = segments_.size(), .salt = SaltOf(segments_.size()), .durable_seq = durable_seq},
        segments_.back().data());
  }
  void Add(Frame frame) {
    std::string& bytes = segments_.back();
    frame.seq = ++seq_;
    std::string encoded(EncodedFrameBytes(frame), '\0');
    EncodeFrame(frame, FrameChecksumSeed(SaltOf(segments_.size()), bytes.size()), encoded.data());
    ends_.push_back(bytes.size() + encoded.size());
    bytes += encoded;
  }
  void AddPut(std::string_view key, std::string_view value) {
    Frame frame{.type = FrameType::kPut, .key = key};
    frame.value.bytes = value;
    Add(frame);
  }
  void AddMark(uint64_t durable_seq) {
    Add({.type = FrameType::kDurableMark, .durable_seq = durable_seq});
  }
  void WriteAll() {
    for (size_t i = 0; i < segments_.size(); ++i) WriteBytes(SegmentPath(i + 1), segments_[i]);
  }
  static uint64_t SaltOf(uint64_t number) { return number * 1000003; }

  std::vector<std::string> segments_;
  std::vector<size_t> ends_;  // file offset behind each frame
  uint64_t seq_ = 0;
};

TEST_F(RecoveryTest, AnEmptyDirectoryIsAnEmptyLog) {
  KeepingVisitor visitor;
  const auto recovery = Recover(visitor);
  ASSERT_TRUE(recovery.ok());
  EXPECT_EQ(recovery->last_seq, 0u);
  EXPECT_EQ(recovery->last_segment, 0u);
  EXPECT_TRUE(CutLaneTail(files_, lane_, *recovery).ok());
}

TEST_F(RecoveryTest, EveryTruncationLeavesTheWholeFramesBeforeIt) {
  StartSegment(0);
  for (int i = 0; i < 6; ++i)
    AddPut("key" + std::to_string(i), std::string(static_cast<size_t>(i) * 3, 'v'));
  const std::string whole = segments_[0];
  for (size_t size = kSegmentHeaderBytes; size <= whole.size(); ++size) {
    WriteBytes(SegmentPath(1), whole.substr(0, size));
    KeepingVisitor visitor;
    auto recovery = Recover(visitor);
    ASSERT_TRUE(recovery.ok()) << size << recovery.status().ToString();
    const auto whole_frames = static_cast<size_t>(
        std::count_if(ends_.begin(), ends_.end(), [&](size_t end) { return end <= size; }));
    ASSERT_EQ(visitor.changes.size(), whole_frames) << size;
    ASSERT_TRUE(CutLaneTail(files_, lane_, *recovery).ok());
    if (whole_frames == 0) {
      EXPECT_FALSE(*files_.Exists(SegmentPath(1)));
    } else {
      EXPECT_EQ(ReadBytes(SegmentPath(1)), whole.substr(0, ends_[whole_frames - 1]));
    }
  }
}

TEST_F(RecoveryTest, EverySingleByteFlipEndsInATornTailOrInCorruptionAndNoWrongChange) {
  StartSegment(0);
  for (int i = 0; i < 3; ++i) AddPut("key" + std::to_string(i), "value");
  AddMark(3);
  for (int i = 3; i < 6; ++i) AddPut("key" + std::to_string(i), "value");
  WriteAll();
  KeepingVisitor all;
  ASSERT_TRUE(Recover(all).ok());
  ASSERT_EQ(all.changes.size(), 6u);
  for (size_t at = 0; at < segments_[0].size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bad = segments_[0];
      bad[at] = static_cast<char>(bad[at] ^ flip);
      WriteBytes(SegmentPath(1), bad);
      KeepingVisitor visitor;
      const auto recovery = Recover(visitor);
      // Whatever was handed on is the beginning of the truth.
      ASSERT_LE(visitor.changes.size(), all.changes.size());
      EXPECT_TRUE(std::equal(visitor.changes.begin(), visitor.changes.end(), all.changes.begin()));
      if (at < kSegmentHeaderBytes || at < ends_[2]) {
        // Below the mark: damage.
        EXPECT_FALSE(recovery.ok()) << at;
      } else {
        ASSERT_TRUE(recovery.ok()) << at << recovery.status().ToString();
        EXPECT_FALSE(recovery->torn_reason.empty());
        EXPECT_LT(visitor.changes.size(), all.changes.size() + (at < ends_[3] ? 0 : 1));
      }
    }
  }
}

TEST_F(RecoveryTest, ABadFrameBelowAMarkNamesFileAndOffsetAndChangesNothing) {
  StartSegment(0);
  for (int i = 0; i < 3; ++i) AddPut("key", "value");
  StartSegment(2);
  AddMark(3);
  AddPut("key", "value");
  segments_[0][ends_[1] + 30] = 'X';
  WriteAll();
  KeepingVisitor visitor;
  const auto recovery = Recover(visitor);
  ASSERT_EQ(recovery.code(), StatusCode::kCorruption);
  EXPECT_EQ(recovery.status().message(), "corrupt frame in " + SegmentPath(1) + " at offset " +
                                             std::to_string(ends_[1]) + ": checksum mismatch");
  EXPECT_EQ(ReadBytes(SegmentPath(1)), segments_[0]);
}

TEST_F(RecoveryTest, AVisitorThatAsksIsToldWhereEveryFrameIs) {
  class PlaceVisitor final : public FrameVisitor {
   public:
    Status OnFrame(const Frame&) override { return Status(StatusCode::kError, "not asked for"); }
    Status OnSegment(const SegmentHeader& header, uint64_t file_bytes) override {
      places +=
          "segment " + std::to_string(header.number) + " " + std::to_string(file_bytes) + "; ";
      return OkStatus();
    }
    Status OnFrameAt(const Frame& frame, uint64_t offset) override {
      places += std::to_string(frame.seq) + " at " + std::to_string(offset) + "; ";
      return OkStatus();
    }
    std::string places;
  };
  StartSegment(0);
  AddPut("a", "1");
  AddMark(1);
  StartSegment(0);
  AddPut("a", "1");
  segments_[1].resize(200, '\0');
  WriteAll();
  PlaceVisitor visitor;
  ASSERT_TRUE(RecoverLane(files_, lane_, visitor).ok());
  EXPECT_EQ(visitor.places, "segment 1 128; 1 at 64; 2 at 96; segment 2 200; 3 at 64; ");
}

TEST_F(RecoveryTest, AHoleThatNoSyncHadCoveredCutsWhatFollows) {
  StartSegment(0);
  AddPut("a", "1");
  AddMark(1);
  AddPut("b", "2");
  AddPut("c", "3");
  StartSegment(1);
  AddPut("d", "4");
  // The machine went down; the page with "b" never reached the disk.
  std::fill(segments_[0].begin() + static_cast<ptrdiff_t>(ends_[1]),
            segments_[0].begin() + static_cast<ptrdiff_t>(ends_[2]), '\0');
  WriteAll();
  KeepingVisitor visitor;
  const auto recovery = Recover(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  EXPECT_EQ(visitor.changes.size(), 1u);
  EXPECT_EQ(recovery->last_seq, 2u);
  EXPECT_EQ(recovery->lost_frames, 2u);
  EXPECT_EQ(recovery->unused_segments, std::vector<uint64_t>{2});
  ASSERT_TRUE(CutLaneTail(files_, lane_, *recovery).ok());
  EXPECT_FALSE(*files_.Exists(SegmentPath(2)));
  EXPECT_EQ(ReadBytes(SegmentPath(1)).size(), ends_[1]);
  // What is left reads the same, now without a complaint.
  KeepingVisitor again;
  const auto clean = Recover(again);
  ASSERT_TRUE(clean.ok());
  EXPECT_EQ(clean->torn_reason, "");
  EXPECT_EQ(again.changes, visitor.changes);
}

// Its bytes reach beyond what a reader loads at once.
TEST_F(RecoveryTest, ALongFirstFrameThatWasNotSyncedIsWrittenAgain) {
  StartSegment(0);
  AddPut("a", std::string(3 * FileWindow::kPieceBytes, 'v'));
  AddPut("b", "2");
  WriteAll();
  KeepingVisitor visitor;
  const auto recovery = Recover(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  ASSERT_EQ(recovery->unsynced_segments, std::vector<uint64_t>{1});
  const Status cut = CutLaneTail(files_, lane_, *recovery);
  EXPECT_TRUE(cut.ok()) << cut.ToString();
  EXPECT_TRUE(ReadBytes(SegmentPath(1)) == segments_[0]);
}

// The names of removed files need not vanish from the disk in the order of their removal.
TEST_F(RecoveryTest, ACutThatAPowerLossInterruptsCanBeRepeated) {
  StartSegment(0);
  AddPut("a", "1");
  AddPut("b", "2");
  segments_[0].back() = 'X';
  StartSegment(0);
  AddPut("c", "3");
  StartSegment(0);
  AddPut("d", "4");
  base::Random random(9);
  fault::SimulatedDisk whole;
  ASSERT_TRUE(whole.CreateDirectories(lane_.directory).ok());
  for (size_t i = 0; i < segments_.size(); ++i) {
    ASSERT_TRUE(env::WriteFileAtomically(whole, SegmentPath(i + 1), segments_[i]).ok());
  }
  for (uint64_t at = 1; at < 200; ++at) {
    const auto disk = whole.Fork();
    KeepingVisitor first;
    auto recovery = RecoverLane(*disk, lane_, first);
    ASSERT_TRUE(recovery.ok());
    ASSERT_EQ(recovery->unused_segments, (std::vector<uint64_t>{2, 3}));
    disk->CrashAt(1 + at % 10);
    static_cast<void>(CutLaneTail(*disk, lane_, *recovery));
    disk->LosePower(random);
    KeepingVisitor again;
    recovery = RecoverLane(*disk, lane_, again);
    ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
    EXPECT_EQ(again.changes, first.changes);
    EXPECT_TRUE(CutLaneTail(*disk, lane_, *recovery).ok());
  }
}

TEST_F(RecoveryTest, ALogThatEndsBelowItsLastMarkIsDamaged) {
  StartSegment(0);
  AddPut("a", "1");
  AddPut("b", "2");
  const size_t end = segments_[0].size();
  StartSegment(2);
  WriteAll();
  KeepingVisitor visitor;
  EXPECT_TRUE(Recover(visitor).ok());
  // The last frame of the first segment is gone without a trace, but the second segment knows of
  // it.
  WriteBytes(SegmentPath(1), segments_[0].substr(0, end - (ends_[1] - ends_[0])));
  EXPECT_EQ(Recover(visitor).code(), StatusCode::kCorruption);
}

TEST_F(RecoveryTest, AMissingSegmentIsCorruption) {
  for (int i = 0; i < 3; ++i) {
    StartSegment(0);
    AddPut("a", "1");
  }
  for (const uint64_t gone : {uint64_t{1}, uint64_t{2}}) {
    WriteAll();
    ASSERT_TRUE(files_.Remove(SegmentPath(gone)).ok());
    KeepingVisitor visitor;
    const auto recovery = Recover(visitor);
    ASSERT_EQ(recovery.code(), StatusCode::kCorruption);
    EXPECT_NE(recovery.status().message().find(SegmentPath(gone) + " is missing"),
              std::string::npos);
  }
}

TEST_F(RecoveryTest, AMisplacedSegmentIsCorruption) {
  StartSegment(0);
  AddPut("a", "1");
  StartSegment(0);
  AddPut("b", "2");
  WriteAll();
  WriteBytes(SegmentPath(2), segments_[0]);
  KeepingVisitor visitor;
  EXPECT_EQ(Recover(visitor).code(), StatusCode::kCorruption);
}

TEST_F(RecoveryTest, ABlankLastSegmentWasNeverUsed) {
  StartSegment(0);
  AddPut("a", "1");
  WriteAll();
  for (const size_t size : {size_t{0}, size_t{10}, size_t{5000000}}) {
    WriteBytes(SegmentPath(2), std::string(size, '\0'));
    KeepingVisitor visitor;
    const auto recovery = Recover(visitor);
    ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
    EXPECT_EQ(recovery->last_segment, 1u);
    ASSERT_TRUE(CutLaneTail(files_, lane_, *recovery).ok());
    EXPECT_FALSE(*files_.Exists(SegmentPath(2)));
  }
  // With anything in it, it is not.
  WriteBytes(SegmentPath(2), std::string(100, '\0') + "x");
  KeepingVisitor visitor;
  EXPECT_EQ(Recover(visitor).code(), StatusCode::kCorruption);
}

TEST_F(RecoveryTest, ANewerSegmentIsIncompatible) {
  StartSegment(0);
  segments_[0][8] = 2;
  WriteAll();
  KeepingVisitor visitor;
  EXPECT_EQ(Recover(visitor).code(), StatusCode::kIncompatible);
}

TEST_F(RecoveryTest, RandomDamageNeverYieldsAWrongChange) {
  const uint64_t seed = 20261120;
  base::Random random(seed);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    segments_.clear();
    ends_.clear();
    seq_ = 0;
    const uint64_t count = 1 + random.Uniform(3);
    for (uint64_t s = 0; s < count; ++s) {
      StartSegment(seq_ / 2);
      for (uint64_t i = random.Uniform(8); i > 0; --i) {
        AddPut(std::to_string(random.Next()), std::string(random.Uniform(200), 'r'));
        if (random.OneIn(5)) AddMark(seq_ / 2);
      }
    }
    for (uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(files_.RemoveRecursively(SegmentPath(n)).ok());
    WriteAll();
    KeepingVisitor truth;
    ASSERT_TRUE(Recover(truth).ok());
    std::string& hit = segments_[random.Uniform(segments_.size())];
    const size_t at = random.Uniform(hit.size());
    if (random.OneIn(3)) hit.resize(at);
    for (size_t i = at; i < std::min<size_t>(hit.size(), at + random.Uniform(64)); ++i) {
      hit[i] = static_cast<char>(random.Next());
    }
    WriteAll();
    KeepingVisitor visitor;
    const auto recovery = Recover(visitor);
    ASSERT_LE(visitor.changes.size(), truth.changes.size());
    EXPECT_TRUE(std::equal(visitor.changes.begin(), visitor.changes.end(), truth.changes.begin()));
    if (!recovery.ok()) continue;
    ASSERT_TRUE(CutLaneTail(files_, lane_, *recovery).ok());
    KeepingVisitor again;
    ASSERT_TRUE(Recover(again).ok());
    EXPECT_EQ(again.changes, visitor.changes);
  }
}

}  // namespace
}  // namespace corelane::wal
