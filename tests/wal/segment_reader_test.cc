#include "wal/segment_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "wal/format.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

constexpr uint64_t kSalt = 99;

class SegmentReaderTest : public WalTest {
 protected:
  SegmentReaderTest() {
    bytes_.resize(kSegmentHeaderBytes);
    EncodeSegmentHeader({.number = 1, .salt = kSalt}, bytes_.data());
  }

  void Add(Frame frame) {
    std::string encoded(EncodedFrameBytes(frame), '\0');
    EncodeFrame(frame, FrameChecksumSeed(kSalt, bytes_.size()), encoded.data());
    bytes_ += encoded;
  }

  Result<SegmentSummary> ReadAll(KeepingVisitor& visitor) {
    WriteBytes(SegmentPath(1), bytes_);
    auto file = files_.Open(SegmentPath(1), env::OpenMode::kRead);
    SegmentReader reader(**file, "x.wal");
    if (Status status = reader.Open(); !status.ok()) return status;
    return reader.Read(1, visitor);
  }

  std::string bytes_;
};

TEST_F(SegmentReaderTest, FramesMayStraddleThePiecesThatAreRead) {
  // Each frame is a bit longer than a third of a piece, so that they end anywhere.
  const std::string value(FileWindow::kPieceBytes / 3 + 1000, 'v');
  for (uint64_t seq = 1; seq <= 20; ++seq) {
    Frame frame{.type = FrameType::kPut, .seq = seq, .key = "k"};
    frame.value.bytes = value;
    Add(frame);
  }
  KeepingVisitor visitor;
  const auto summary = ReadAll(visitor);
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(summary->clean);
  ASSERT_EQ(visitor.changes.size(), 20u);
  for (const Change& change : visitor.changes) EXPECT_EQ(change.value, value);
}

TEST_F(SegmentReaderTest, ZerosBehindTheLastFrameAreACleanEnd) {
  Add({.type = FrameType::kClear, .seq = 1});
  const size_t end = bytes_.size();
  bytes_.append(3 * FileWindow::kPieceBytes + 5, '\0');
  KeepingVisitor visitor;
  const auto summary = ReadAll(visitor);
  ASSERT_TRUE(summary.ok());
  EXPECT_TRUE(summary->clean);
  EXPECT_EQ(summary->end_offset, end);

  bytes_.back() = 1;
  const auto dirty = ReadAll(visitor);
  ASSERT_TRUE(dirty.ok());
  EXPECT_FALSE(dirty->clean);
  EXPECT_EQ(dirty->end_offset, end);
}

TEST_F(SegmentReaderTest, AnAnnouncedLengthIsHeldAgainstTheFile) {
  Add({.type = FrameType::kClear, .seq = 1});
  for (const uint32_t length : {1u, 23u, 25u, 1u << 29, UINT32_MAX}) {
    base::StoreLittle<uint32_t>(bytes_.data() + kSegmentHeaderBytes + 4, length);
    KeepingVisitor visitor;
    const auto summary = ReadAll(visitor);
    ASSERT_TRUE(summary.ok());
    EXPECT_FALSE(summary->clean);
    EXPECT_EQ(summary->reason, "impossible length");
    EXPECT_TRUE(visitor.changes.empty());
  }
}

TEST_F(SegmentReaderTest, ASequenceNumberThatDoesNotFollowEndsTheReading) {
  Add({.type = FrameType::kClear, .seq = 1});
  Add({.type = FrameType::kClear, .seq = 3});
  KeepingVisitor visitor;
  const auto summary = ReadAll(visitor);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->reason, "sequence number 3 where 2 should be");
  EXPECT_EQ(visitor.changes.size(), 1u);
}

TEST_F(SegmentReaderTest, AWholeFrameOfAnUnknownTypeIsIncompatible) {
  Add({.type = FrameType::kCheckpointBegin, .seq = 1});
  KeepingVisitor visitor;
  const auto summary = ReadAll(visitor);
  ASSERT_EQ(summary.code(), StatusCode::kIncompatible);
  EXPECT_EQ(summary.status().message(),
            "x.wal has a frame of an unknown type at offset 64: written by a newer corelane");
}

TEST_F(SegmentReaderTest, WhatTheVisitorSaysEndsTheReading) {
  class Refusing final : public FrameVisitor {
   public:
    Status OnFrame(const Frame&) override { return Status(StatusCode::kOutOfMemory, "full"); }
  };
  Add({.type = FrameType::kClear, .seq = 1});
  WriteBytes(SegmentPath(1), bytes_);
  auto file = files_.Open(SegmentPath(1), env::OpenMode::kRead);
  SegmentReader reader(**file, "x.wal");
  ASSERT_TRUE(reader.Open().ok());
  Refusing visitor;
  EXPECT_EQ(reader.Read(1, visitor).code(), StatusCode::kOutOfMemory);
}

TEST_F(SegmentReaderTest, ScanningFindsGoodFramesBehindABadOneAndNothingElse) {
  Add({.type = FrameType::kClear, .seq = 1});
  const size_t bad = bytes_.size();
  // A value that looks like a frame is none: its checksum is of another place.
  Frame inner{.type = FrameType::kClear, .seq = 9};
  std::string decoy(EncodedFrameBytes(inner), '\0');
  EncodeFrame(inner, FrameChecksumSeed(kSalt, 64), decoy.data());
  Frame frame{.type = FrameType::kPut, .seq = 2, .key = "12345678"};
  frame.value.bytes = decoy;
  Add(frame);
  Add({.type = FrameType::kDurableMark, .seq = 3, .durable_seq = 2});
  Add({.type = FrameType::kClear, .seq = 4});
  bytes_[bad] = static_cast<char>(bytes_[bad] ^ 1);
  WriteBytes(SegmentPath(1), bytes_);
  auto file = files_.Open(SegmentPath(1), env::OpenMode::kRead);
  SegmentReader reader(**file, "x.wal");
  ASSERT_TRUE(reader.Open().ok());
  const auto later = reader.ScanFrom(bad, 2);
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->frames, 2u);
  EXPECT_EQ(later->durable_seq, 2u);
}

}  // namespace
}  // namespace corelane::wal
