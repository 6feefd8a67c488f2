// A lane with a checkpoint: what is read, what is refused, what goes.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "fault/faulty_file_system.h"
#include "wal/checkpoint_file.h"
#include "wal/checkpoint_reader.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

using fault::FaultyFileSystem;
using fault::Operation;

// Plays entries and changes into a map, as an engine would.
class StateVisitor final : public FrameVisitor {
 public:
  Status OnCheckpoint(const CheckpointHeader& header, uint64_t file_bytes) override {
    EXPECT_TRUE(state.empty());
    files += absl::StrFormat("checkpoint %u, %u bytes; ", header.number, file_bytes);
    return OkStatus();
  }
  Status OnSegment(const SegmentHeader& header, uint64_t /*file_bytes*/) override {
    files += absl::StrFormat("segment %u; ", header.number);
    return OkStatus();
  }
  Status OnEntry(const Frame& entry, uint64_t block_offset) override {
    EXPECT_GE(block_offset, kCheckpointHeaderBytes);
    ++entries;
    return OnFrame(entry);
  }
  Status OnFrame(const Frame& frame) override {
    seqs.push_back(frame.seq);
    if (frame.type == FrameType::kErase) {
      state.erase(std::string(frame.key));
    } else {
      state[std::string(frame.key)] = frame.value.bytes;
    }
    return OkStatus();
  }

  std::map<std::string, std::string> state;
  std::vector<uint64_t> seqs;
  uint64_t entries = 0;
  std::string files;
};

std::string Entry(std::string_view key, std::string_view value) {
  const kv::ValueView view{.bytes = value, .created_at_s = 5};
  std::string bytes(CheckpointEntryBytes(key, view), '\0');
  EncodeCheckpointEntry(key, view, bytes.data());
  return bytes;
}

// Segments with one put a frame: key k<seq modulo 5> is v<seq>.
std::string Segment(uint64_t number, uint64_t first_seq, uint64_t last_seq) {
  const uint64_t salt = number * 1000003;
  std::string bytes(kSegmentHeaderBytes, '\0');
  EncodeSegmentHeader({.number = number, .salt = salt}, bytes.data());
  for (uint64_t seq = first_seq; seq <= last_seq; ++seq) {
    const std::string key = absl::StrFormat("k%u", seq % 5);
    const std::string value = absl::StrFormat("v%u", seq);
    Frame frame{.type = FrameType::kPut, .seq = seq, .key = key};
    frame.value.bytes = value;
    std::string encoded(EncodedFrameBytes(frame), '\0');
    EncodeFrame(frame, FrameChecksumSeed(salt, bytes.size()), encoded.data());
    bytes += encoded;
  }
  return bytes;
}

class CheckpointRecoveryTest : public WalTest {
 protected:
  void WriteSegment(uint64_t number, uint64_t first_seq, uint64_t last_seq) {
    WriteBytes(SegmentPath(number), Segment(number, first_seq, last_seq));
  }
  // Of k0 to k4 as they are at some time from `seq` to `end_seq`, in two blocks.
  void WriteCheckpoint(const CheckpointStart& start, uint64_t end_seq) {
    auto file = CheckpointFile::Create(files_, lane_, start);
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    ASSERT_TRUE((*file)->Append(Entry("k0", "early") + Entry("old", "kept"), 2).ok());
    ASSERT_TRUE((*file)->Append(Entry("k1", std::string(500, 'x')), 1).ok());
    ASSERT_TRUE((*file)->Commit(end_seq).ok());
  }
  [[nodiscard]] std::string Path(uint64_t number) const {
    return directory_.Sub(CheckpointName(number));
  }
  [[nodiscard]] Result<LaneRecovery> Read(StateVisitor& visitor) {
    return RecoverLane(files_, lane_, visitor);
  }
  // Nothing may have been changed by the refusal.
  void ExpectRefused(StatusCode code, const std::string& message) {
    const auto names = files_.List(directory_.path());
    StateVisitor visitor;
    const auto recovery = Read(visitor);
    EXPECT_EQ(recovery.code(), code);
    EXPECT_EQ(recovery.status().message(), message);
    EXPECT_EQ(*files_.List(directory_.path()), *names);
  }
};

TEST_F(CheckpointRecoveryTest, EntriesComeFirstThenTheFramesBehindIt) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 6);
  WriteSegment(2, 3, 5);
  WriteSegment(3, 6, 8);
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  EXPECT_EQ(visitor.seqs, (std::vector<uint64_t>{4, 4, 4, 5, 6, 7, 8}));
  EXPECT_EQ(visitor.entries, 3u);
  EXPECT_EQ(visitor.state,
            (std::map<std::string, std::string>{
                {"k0", "v5"}, {"k1", "v6"}, {"k2", "v7"}, {"k3", "v8"}, {"old", "kept"}}));
  const std::string bytes = ReadBytes(Path(1));
  EXPECT_EQ(visitor.files,
            absl::StrFormat("checkpoint 1, %u bytes; segment 2; segment 3; ", bytes.size()));
  EXPECT_EQ(recovery->checkpoint.number, 1u);
  EXPECT_EQ(recovery->checkpoint.seq, 4u);
  EXPECT_EQ(recovery->checkpoint.end_seq, 6u);
  EXPECT_EQ(recovery->checkpoint.first_segment, 2u);
  EXPECT_EQ(recovery->checkpoint.entries, 3u);
  EXPECT_EQ(recovery->checkpoint.bytes, bytes.size());
  EXPECT_EQ(recovery->last_seq, 8u);
  EXPECT_EQ(recovery->last_segment, 3u);
  EXPECT_EQ(recovery->frames, 6u);
  EXPECT_EQ(recovery->durable_seq, 6u);
  EXPECT_TRUE(recovery->superseded_files.empty());
  // Up to the checkpoint's end all was on stable storage.
  EXPECT_EQ(recovery->unsynced_segments, std::vector<uint64_t>{3});
}

TEST_F(CheckpointRecoveryTest, TheHighestCountsAndWhatIsBeforeItGoes) {
  WriteCheckpoint({.number = 9, .salt = 7, .seq = 2, .first_segment = 1}, 2);
  WriteCheckpoint({.number = 10, .salt = 7, .seq = 4, .first_segment = 3}, 4);
  WriteBytes(Path(8), "no checkpoint at all");
  WriteBytes(directory_.Sub(UnfinishedCheckpointName(11)), "the beginning of one");
  WriteBytes(SegmentPath(1), "what a crash has brought back");
  WriteSegment(3, 5, 6);
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  EXPECT_EQ(recovery->checkpoint.number, 10u);
  EXPECT_EQ(recovery->superseded_files,
            (std::vector<std::string>{UnfinishedCheckpointName(11), CheckpointName(8),
                                      CheckpointName(9), SegmentName(1)}));
  ASSERT_TRUE(CutLaneTail(files_, lane_, *recovery).ok());
  EXPECT_EQ(*files_.List(directory_.path()),
            (std::vector<std::string>{SegmentName(3), CheckpointName(10)}));
  StateVisitor again;
  EXPECT_TRUE(Read(again).ok());
  EXPECT_EQ(again.state, visitor.state);
}

// A process that was killed may not have synced the directory after the rename.
TEST_F(CheckpointRecoveryTest, NothingGoesBeforeTheNameOfTheCheckpointIsDurable) {
  WriteCheckpoint({.number = 2, .salt = 7, .seq = 4, .first_segment = 3}, 4);
  WriteSegment(2, 3, 4);
  WriteSegment(3, 5, 6);
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok());
  FaultyFileSystem disk(files_);
  disk.Fail({.operation = Operation::kSyncDirectory,
             .status = Status(StatusCode::kIoError, "EIO"),
             .path_contains = ""});
  EXPECT_EQ(CutLaneTail(disk, lane_, *recovery).code(), StatusCode::kIoError);
  EXPECT_TRUE(*files_.Exists(SegmentPath(2)));
  EXPECT_TRUE(CutLaneTail(disk, lane_, *recovery).ok());
  EXPECT_FALSE(*files_.Exists(SegmentPath(2)));
}

TEST_F(CheckpointRecoveryTest, AnUnfinishedOneAloneIsNothing) {
  WriteSegment(1, 1, 3);
  WriteBytes(directory_.Sub(UnfinishedCheckpointName(1)), "x");
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok());
  EXPECT_EQ(recovery->checkpoint.number, 0u);
  EXPECT_EQ(visitor.seqs.size(), 3u);
  ASSERT_TRUE(CutLaneTail(files_, lane_, *recovery).ok());
  EXPECT_EQ(*files_.List(directory_.path()), std::vector<std::string>{SegmentName(1)});
}

TEST_F(CheckpointRecoveryTest, TheWriterGoesOnBehindACheckpointThatHasNoSegments) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 9, .first_segment = 4}, 9);
  // Made ahead, never used.
  WriteSegment(4, 1, 0);
  WriteBytes(SegmentPath(5), std::string(1000, '\0'));
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  EXPECT_EQ(recovery->last_seq, 9u);
  EXPECT_EQ(recovery->last_segment, 3u);
  EXPECT_EQ(recovery->last_segment_bytes, 0u);
  EXPECT_EQ(recovery->unused_segments, (std::vector<uint64_t>{4, 5}));
  ASSERT_TRUE(CutLaneTail(files_, lane_, *recovery).ok());
  LaneLogOptions options = Options(FsyncMode::kAlways);
  options.next_seq = recovery->last_seq + 1;
  options.next_segment = recovery->last_segment + 1;
  auto log = MustOpen(options);
  EXPECT_EQ(Put(*log, "k0", "new"), 10u);
  ASSERT_TRUE(log->Close().ok());
  StateVisitor again;
  ASSERT_TRUE(Read(again).ok());
  EXPECT_EQ(again.state["k0"], "new");
  EXPECT_EQ(again.state["old"], "kept");
}

// The lane had changed its segment before the walk began, and the first one is empty.
TEST_F(CheckpointRecoveryTest, TheFirstFrameMayComeInALaterSegment) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 6);
  WriteSegment(2, 1, 0);
  WriteSegment(3, 2, 7);
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  EXPECT_EQ(visitor.seqs, (std::vector<uint64_t>{4, 4, 4, 5, 6, 7}));
}

TEST_F(CheckpointRecoveryTest, ATornTailBehindTheCheckpointIsCut) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 6);
  std::string bytes = Segment(2, 3, 8);
  WriteBytes(SegmentPath(2), bytes.substr(0, bytes.size() - 5));
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  EXPECT_EQ(recovery->last_seq, 7u);
  EXPECT_FALSE(recovery->torn_reason.empty());
}

TEST_F(CheckpointRecoveryTest, ALogThatEndsBeforeTheCheckpointDoesIsRefused) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 6);
  ExpectRefused(StatusCode::kCorruption,
                absl::StrFormat("the log in %s ends after frame 4, but frame 6 was on stable "
                                "storage",
                                directory_.path()));
  WriteSegment(2, 3, 5);
  ExpectRefused(StatusCode::kCorruption,
                absl::StrFormat("the log in %s ends after frame 5, but frame 6 was on stable "
                                "storage",
                                directory_.path()));
  const std::string bytes = Segment(2, 3, 6);
  WriteBytes(SegmentPath(2), bytes.substr(0, bytes.size() - 5));
  ExpectRefused(StatusCode::kCorruption,
                absl::StrFormat("corrupt frame in %s at offset %u: impossible length",
                                SegmentPath(2), Segment(2, 3, 5).size()));
}

TEST_F(CheckpointRecoveryTest, AFrameThatTheCheckpointHasAlreadyIsCheckedAllTheSame) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 4);
  std::string bytes = Segment(2, 3, 5);
  bytes[kSegmentHeaderBytes + 26] ^= 1;
  WriteBytes(SegmentPath(2), bytes);
  // Its number is not known, so it may have been frame 5 or a later one that no sync had covered.
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok());
  EXPECT_EQ(visitor.seqs, (std::vector<uint64_t>{4, 4, 4}));
  EXPECT_FALSE(recovery->torn_reason.empty());
  EXPECT_EQ(recovery->last_seq, 4u);
}

TEST_F(CheckpointRecoveryTest, AMissingSegmentIsRefused) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 4);
  WriteSegment(3, 5, 6);
  ExpectRefused(StatusCode::kCorruption, "segment " + SegmentPath(2) + " is missing");
  WriteSegment(2, 3, 4);
  WriteSegment(5, 9, 9);
  ExpectRefused(StatusCode::kCorruption, "segment " + SegmentPath(4) + " is missing");
}

TEST_F(CheckpointRecoveryTest, FramesThatBeginTooLateAreRefused) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 5);
  WriteSegment(2, 6, 8);
  ExpectRefused(StatusCode::kCorruption,
                absl::StrFormat("corrupt frame in %s at offset 64: sequence number 6 where 5 "
                                "should be",
                                SegmentPath(2)));
}

TEST_F(CheckpointRecoveryTest, AMisplacedCheckpointIsRefused) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 4);
  WriteBytes(Path(2), ReadBytes(Path(1)));
  ExpectRefused(StatusCode::kCorruption,
                Path(2) +
                    " says that it is checkpoint 1 of lane 0 in generation 0: a misplaced "
                    "file");
  ASSERT_TRUE(files_.Remove(Path(2)).ok());
  lane_.lane = 1;
  ExpectRefused(StatusCode::kCorruption,
                Path(1) +
                    " says that it is checkpoint 1 of lane 0 in generation 0: a misplaced "
                    "file");
}

// Whatever byte changes, wherever the file ends, whatever follows it: it is said, with the file.
TEST_F(CheckpointRecoveryTest, AnyDamageToACheckpointIsRefused) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 4);
  const std::string good = ReadBytes(Path(1));
  const auto refused = [&](const std::string& bytes) {
    WriteBytes(Path(1), bytes);
    StateVisitor visitor;
    const auto recovery = Read(visitor);
    return (recovery.code() == StatusCode::kCorruption ||
            recovery.code() == StatusCode::kIncompatible) &&
           recovery.status().message().find(Path(1)) != std::string::npos;
  };
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    EXPECT_TRUE(refused(bad)) << at;
    if (at % 5 == 0) {
      EXPECT_TRUE(refused(good.substr(0, at))) << at;
    }
  }
  EXPECT_TRUE(refused(good + '\0'));
  EXPECT_TRUE(refused(std::string()));
  EXPECT_FALSE(refused(good));
}

TEST_F(CheckpointRecoveryTest, TheMessageNamesTheOffset) {
  WriteCheckpoint({.number = 1, .salt = 7, .seq = 4, .first_segment = 2}, 4);
  const std::string good = ReadBytes(Path(1));
  std::string bad = good;
  bad[kCheckpointHeaderBytes + 30] ^= 1;
  WriteBytes(Path(1), bad);
  ExpectRefused(StatusCode::kCorruption,
                "corrupt block in " + Path(1) + " at offset 64: checksum mismatch");
  const size_t end_block = good.size() - kBlockHeaderBytes - kCheckpointEndBytes;
  WriteBytes(Path(1), good.substr(0, end_block));
  ExpectRefused(StatusCode::kCorruption, absl::StrFormat("corrupt block in %s at offset %u: the "
                                                         "file ends without an end block",
                                                         Path(1), end_block));
}

// Blocks that are whole and lie: nobody writes them by accident, but a reader must not believe
// them.
class LyingCheckpointTest : public CheckpointRecoveryTest {
 protected:
  static constexpr uint64_t kSalt = 7;

  void Start(uint64_t seq) {
    bytes_.assign(kCheckpointHeaderBytes, '\0');
    EncodeCheckpointHeader({.number = 1, .salt = kSalt, .seq = seq, .first_segment = 1},
                           bytes_.data());
  }
  void AddBlock(BlockHeader header, std::string_view payload) {
    const size_t at = bytes_.size();
    header.stored_bytes = static_cast<uint32_t>(payload.size());
    if (header.raw_bytes == 0) header.raw_bytes = header.stored_bytes;
    bytes_.append(kBlockHeaderBytes, '\0');
    bytes_ += payload;
    EncodeBlockHeader(header, BlockChecksumSeed(kSalt, at), bytes_.data() + at);
  }
  void AddEnd(const CheckpointEnd& end) {
    char payload[kCheckpointEndBytes];
    EncodeCheckpointEnd(end, payload);
    AddBlock({.type = BlockType::kEnd}, {payload, sizeof(payload)});
  }
  [[nodiscard]] std::string Refusal() {
    WriteBytes(Path(1), bytes_);
    StateVisitor visitor;
    return Read(visitor).status().message();
  }

  std::string bytes_;
};

TEST_F(LyingCheckpointTest, FewerOrMoreEntriesThanTheBlockAnnounces) {
  for (const uint32_t announced : {1u, 3u}) {
    Start(0);
    AddBlock({.entries = announced}, Entry("a", "1") + Entry("b", "2"));
    AddEnd({.entries = announced});
    EXPECT_EQ(Refusal(), "corrupt block in " + Path(1) + " at offset 64: contradicting fields");
  }
}

TEST_F(LyingCheckpointTest, AnEndThatDoesNotFit) {
  Start(4);
  AddBlock({.entries = 1}, Entry("a", "1"));
  const std::string at = absl::StrFormat(" at offset %u: ", bytes_.size());
  AddEnd({.entries = 2, .end_seq = 4});
  EXPECT_EQ(Refusal(), "corrupt block in " + Path(1) + at + "2 entries in all where there were 1");
  Start(4);
  AddBlock({.entries = 1}, Entry("a", "1"));
  AddEnd({.entries = 1, .end_seq = 3});
  EXPECT_EQ(Refusal(), "corrupt block in " + Path(1) + at + "ends at frame 3 and began at 4");
}

TEST_F(LyingCheckpointTest, BlocksBehindTheEnd) {
  Start(4);
  AddEnd({.end_seq = 4});
  const std::string at = absl::StrFormat(" at offset %u: ", bytes_.size());
  AddEnd({.end_seq = 4});
  EXPECT_EQ(Refusal(), "corrupt block in " + Path(1) + at + "bytes behind the end block");
}

TEST_F(LyingCheckpointTest, BytesThatTheCodecCannotRead) {
  Start(4);
  AddBlock({.raw_bytes = 2000, .entries = 1, .codec = BlockCodec::kLz4}, std::string(100, '\xff'));
  AddEnd({.entries = 1, .end_seq = 4});
  EXPECT_EQ(Refusal(), "corrupt block in " + Path(1) + " at offset 64: contradicting fields");
}

TEST_F(LyingCheckpointTest, ABlockOfANewerKind) {
  Start(4);
  AddBlock({.type = static_cast<BlockType>(3)}, "future");
  EXPECT_EQ(Refusal(), Path(1) +
                           " has a block of an unknown type at offset 64: written by a newer "
                           "corelane");
}

// A directory as it was written before there were checkpoints, to the byte.
TEST_F(CheckpointRecoveryTest, ALogWithoutCheckpointsIsWhatItAlwaysWas) {
  lane_.lane = 3;
  lane_.generation = 2;
  const std::string bytes = absl::HexStringToBytes(
      "434f52454c57414c010000000300000001000000000000000200000000000000"
      "8877665544332211000000000000000000000000000000000000000086"
      "7cfa93ef4450572b00000001000000000000000100080000f153656772656574"
      "696e6768656c6c6f20776f726c640000000000");
  WriteBytes(SegmentPath(1), bytes);
  StateVisitor visitor;
  const auto recovery = Read(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  EXPECT_EQ(visitor.state, (std::map<std::string, std::string>{{"greeting", "hello world"}}));
  EXPECT_EQ(recovery->checkpoint.number, 0u);
  EXPECT_EQ(recovery->last_segment, 1u);
  EXPECT_TRUE(recovery->superseded_files.empty());
}

}  // namespace
}  // namespace corelane::wal
