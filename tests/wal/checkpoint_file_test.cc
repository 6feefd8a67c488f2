#include "wal/checkpoint_file.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "fault/faulty_file_system.h"
#include "wal/block_codec.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

using fault::FaultyFileSystem;
using fault::Operation;

constexpr uint64_t kSalt = 0x1122334455667788;
constexpr CheckpointStart kStart{.number = 7, .salt = kSalt, .seq = 9, .first_segment = 5};

std::string Entry(std::string_view key, std::string_view value) {
  const kv::ValueView view{.bytes = value, .created_at_s = 5};
  std::string bytes(CheckpointEntryBytes(key, view), '\0');
  EncodeCheckpointEntry(key, view, bytes.data());
  return bytes;
}

std::string Noise(size_t size) {
  base::Random random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.Next());
  return bytes;
}

class CheckpointFileTest : public WalTest {
 protected:
  CheckpointFileTest() : disk_(files_) {
    lane_.lane = 3;
    lane_.generation = 2;
  }

  [[nodiscard]] std::unique_ptr<CheckpointFile> MustCreate(const CheckpointStart& start = kStart) {
    auto file = CheckpointFile::Create(disk_, lane_, start);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    return std::move(*file);
  }
  [[nodiscard]] std::string Path() const { return directory_.Sub(CheckpointName(7)); }
  [[nodiscard]] std::string UnfinishedPath() const {
    return directory_.Sub(UnfinishedCheckpointName(7));
  }
  void FailNext(Operation operation) {
    disk_.Fail({.operation = operation,
                .nth = 1,
                .status = Status(StatusCode::kIoError, "EIO"),
                .path_contains = ""});
  }
  [[nodiscard]] std::vector<std::string> Names() {
    auto names = files_.List(directory_.path());
    return names.ok() ? *names : std::vector<std::string>{};
  }

  FaultyFileSystem disk_;
};

struct ParsedBlock {
  BlockHeader header;
  std::string raw;
};

// Takes the file apart; anything that is not as it should be fails the test.
std::vector<ParsedBlock> Parse(const std::string& bytes) {
  std::vector<ParsedBlock> blocks;
  size_t at = kCheckpointHeaderBytes;
  while (at + kBlockHeaderBytes <= bytes.size()) {
    const size_t size = kBlockHeaderBytes + AnnouncedPayloadBytes(bytes.data() + at);
    ParsedBlock block;
    const std::string whole = bytes.substr(at, size);
    EXPECT_EQ(DecodeBlockHeader(whole, BlockChecksumSeed(kSalt, at), block.header),
              BlockVerdict::kGood)
        << at;
    const std::string_view payload = std::string_view(whole).substr(kBlockHeaderBytes);
    block.raw = payload;
    if (block.header.codec == BlockCodec::kLz4) {
      block.raw.assign(block.header.raw_bytes, '\0');
      EXPECT_TRUE(DecompressBlock(payload, block.raw));
    }
    blocks.push_back(block);
    at += size;
  }
  EXPECT_EQ(at, bytes.size());
  return blocks;
}

TEST_F(CheckpointFileTest, OneOfADatabaseIsReadAsOne) {
  for (const bool in_database : {false, true}) {
    CheckpointStart start = kStart;
    start.seq = 0;
    start.first_segment = 1;
    start.in_database = in_database;
    ASSERT_TRUE(MustCreate(start)->Commit(0).ok());
    KeepingVisitor visitor;
    const auto recovery = RecoverLane(files_, lane_, visitor);
    ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
    EXPECT_EQ(recovery->checkpoint.number, 7u);
    EXPECT_EQ(recovery->checkpoint.in_database, in_database);
  }
}

TEST_F(CheckpointFileTest, HasTheHeaderTheBlocksAndTheEndAndNothingElse) {
  const std::string first = Entry("a", "1") + Entry("b", std::string(1000, 'x'));
  const std::string second = Entry("c", Noise(3000));
  auto file = MustCreate();
  ASSERT_TRUE(file->Append(first, 2).ok());
  ASSERT_TRUE(file->Append(second, 1).ok());
  EXPECT_EQ(file->entries(), 3u);
  EXPECT_FALSE(*files_.Exists(Path())) << "not yet";
  ASSERT_TRUE(file->Commit(12).ok());
  EXPECT_EQ(Names(), std::vector<std::string>{CheckpointName(7)});
  const std::string bytes = ReadBytes(Path());
  EXPECT_EQ(file->bytes(), bytes.size());
  const auto header = DecodeCheckpointHeader(bytes.substr(0, kCheckpointHeaderBytes));
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->lane, 3u);
  EXPECT_EQ(header->generation, 2u);
  EXPECT_EQ(header->number, 7u);
  EXPECT_EQ(header->seq, 9u);
  EXPECT_EQ(header->first_segment, 5u);
  const std::vector<ParsedBlock> blocks = Parse(bytes);
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].raw, first);
  EXPECT_EQ(blocks[0].header.entries, 2u);
  EXPECT_EQ(blocks[0].header.codec, BlockCodec::kLz4);
  EXPECT_LT(blocks[0].header.stored_bytes, 200u);
  // Noise does not shrink.
  EXPECT_EQ(blocks[1].raw, second);
  EXPECT_EQ(blocks[1].header.codec, BlockCodec::kNone);
  EXPECT_EQ(blocks[2].header.type, BlockType::kEnd);
  EXPECT_EQ(DecodeCheckpointEnd(blocks[2].raw).entries, 3u);
  EXPECT_EQ(DecodeCheckpointEnd(blocks[2].raw).end_seq, 12u);
}

TEST_F(CheckpointFileTest, AnEmptyLaneHasACheckpointToo) {
  auto file = MustCreate();
  ASSERT_TRUE(file->Commit(9).ok());
  EXPECT_EQ(Parse(ReadBytes(Path())).size(), 1u);
}

TEST_F(CheckpointFileTest, ABigEntryHasABlockOfItsOwn) {
  const std::string big = Entry("big", Noise(3 * kCheckpointBlockBytesMax));
  auto file = MustCreate();
  ASSERT_TRUE(file->Append(big, 1).ok());
  ASSERT_TRUE(file->Append(Entry("a", "1"), 1).ok());
  ASSERT_TRUE(file->Commit(9).ok());
  const std::vector<ParsedBlock> blocks = Parse(ReadBytes(Path()));
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].raw, big);
}

TEST_F(CheckpointFileTest, WithoutCommitNothingIsLeft) {
  auto file = MustCreate();
  ASSERT_TRUE(file->Append(Entry("a", "1"), 1).ok());
  EXPECT_EQ(Names(), std::vector<std::string>{UnfinishedCheckpointName(7)});
  file.reset();
  EXPECT_TRUE(Names().empty());
}

TEST_F(CheckpointFileTest, AFileThatACrashHasLeftIsReplaced) {
  WriteBytes(UnfinishedPath(), std::string(5000, 'x'));
  auto file = MustCreate();
  ASSERT_TRUE(file->Commit(9).ok());
  EXPECT_EQ(Parse(ReadBytes(Path())).size(), 1u);
}

TEST_F(CheckpointFileTest, SyncsOnTheWayAndInTheOrderThatMakesItWhole) {
  auto file = MustCreate();
  const std::string block = Entry("noise", Noise(kCheckpointBlockBytesMax / 2));
  for (int i = 0; i < 34; ++i) ASSERT_TRUE(file->Append(block, 1).ok());
  EXPECT_EQ(disk_.calls(Operation::kSync), 2u) << "every 8 MiB";
  ASSERT_TRUE(file->Commit(9).ok());
  EXPECT_EQ(disk_.calls(Operation::kSync), 3u);
  EXPECT_EQ(disk_.calls(Operation::kSyncDirectory), 1u);
}

TEST_F(CheckpointFileTest, AFailureIsFinalAndLeavesNoCheckpoint) {
  for (const Operation operation : {Operation::kWrite, Operation::kSync, Operation::kRename}) {
    auto file = MustCreate();
    FailNext(operation);
    Status status = file->Append(Entry("a", "1"), 1);
    EXPECT_EQ(status.ok(), operation != Operation::kWrite);
    status = file->Commit(9);
    EXPECT_EQ(status.code(), StatusCode::kIoError);
    EXPECT_EQ(file->Append(Entry("a", "1"), 1).code(), StatusCode::kIoError);
    EXPECT_EQ(file->Commit(9).code(), StatusCode::kIoError);
    file.reset();
    EXPECT_TRUE(Names().empty());
  }
}

TEST_F(CheckpointFileTest, ANameThatIsNotKnownToBeDurableIsAFailure) {
  auto file = MustCreate();
  FailNext(Operation::kSyncDirectory);
  EXPECT_EQ(file->Commit(9).code(), StatusCode::kIoError);
  file.reset();
  // The file is whole, whether its name stays or not.
  EXPECT_EQ(Names(), std::vector<std::string>{CheckpointName(7)});
}

TEST_F(CheckpointFileTest, AFullDiskIsSaidAndTheFileGoes) {
  disk_.SetNoSpace(true);
  auto file = CheckpointFile::Create(disk_, lane_, kStart);
  EXPECT_EQ(file.code(), StatusCode::kDiskFull);
  EXPECT_TRUE(Names().empty());
}

TEST_F(CheckpointFileTest, RemovesWhatIsBeforeAndNothingElse) {
  const std::vector<std::string> kept = {CheckpointName(7), SegmentName(5), SegmentName(6),
                                         "000000000008.ckpt", "notes.txt"};
  for (const std::string& name : kept) WriteBytes(directory_.Sub(name), "x");
  for (const std::string& name :
       {CheckpointName(5), CheckpointName(6), SegmentName(3), SegmentName(4)}) {
    WriteBytes(directory_.Sub(name), "x");
  }
  ASSERT_TRUE(RemoveBeforeCheckpoint(disk_, lane_, 7, 5).ok());
  EXPECT_EQ(Names(), (std::vector<std::string>{SegmentName(5), SegmentName(6), CheckpointName(7),
                                               "000000000008.ckpt", "notes.txt"}));
}

TEST_F(CheckpointFileTest, ARemovalThatFailsIsSaid) {
  WriteBytes(SegmentPath(4), "x");
  FailNext(Operation::kRemove);
  EXPECT_EQ(RemoveBeforeCheckpoint(disk_, lane_, 7, 5).code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace corelane::wal
