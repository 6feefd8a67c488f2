// The bytes of checkpoints, as WAL_FORMAT.md gives them.

#include "wal/checkpoint_format.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "base/absl_view.h"
#include "base/hash.h"
#include "base/random.h"
#include "wal/block_codec.h"

namespace corelane::wal {
namespace {

constexpr uint64_t kSalt = 0x1122334455667788;
constexpr uint64_t kSeed = kSalt ^ 64;

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(base::ToAbsl(bytes)); }

std::string Encode(std::string_view key, const kv::ValueView& value) {
  std::string bytes(CheckpointEntryBytes(key, value), '\xee');
  EXPECT_EQ(EncodeCheckpointEntry(key, value, bytes.data()), bytes.size());
  return bytes;
}

std::string Block(BlockHeader header, std::string_view payload, uint64_t seed) {
  header.stored_bytes = static_cast<uint32_t>(payload.size());
  std::string bytes(kBlockHeaderBytes, '\xee');
  bytes += payload;
  EncodeBlockHeader(header, seed, bytes.data());
  return bytes;
}

// The checksum of a block whose other bytes were changed on purpose.
void Reseal(std::string& bytes, uint64_t seed) {
  base::StoreLittle<uint32_t>(bytes.data(),
                              base::Checksum32(std::string_view(bytes).substr(4), seed));
}

kv::ValueView Greeting() { return {.bytes = "hello world", .created_at_s = 1700000000}; }

std::string GreetingBlock() {
  const std::string entry = Encode("greeting", Greeting());
  return Block({.raw_bytes = static_cast<uint32_t>(entry.size()), .entries = 1}, entry, kSeed);
}

TEST(CheckpointFormatTest, TheHeaderHasItsGoldenBytes) {
  std::array<char, kCheckpointHeaderBytes> bytes;
  EncodeCheckpointHeader(
      {.lane = 3, .generation = 2, .number = 7, .salt = kSalt, .seq = 9, .first_segment = 5},
      bytes.data());
  EXPECT_EQ(Hex({bytes.data(), bytes.size()}),
            "434f52454c434b50010000000300000007000000000000000200000000000000"
            "887766554433221109000000000000000500000000000000"
            "00000000b04bab87");
  const auto header = DecodeCheckpointHeader({bytes.data(), bytes.size()});
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->lane, 3u);
  EXPECT_EQ(header->generation, 2u);
  EXPECT_EQ(header->number, 7u);
  EXPECT_EQ(header->salt, kSalt);
  EXPECT_EQ(header->seq, 9u);
  EXPECT_EQ(header->first_segment, 5u);
  EXPECT_FALSE(header->in_database);
}

TEST(CheckpointFormatTest, AHeaderSaysThatADatabaseHasTheEntries) {
  std::string bytes(kCheckpointHeaderBytes, '\0');
  EncodeCheckpointHeader({.lane = 3,
                          .generation = 2,
                          .number = 7,
                          .salt = kSalt,
                          .seq = 9,
                          .first_segment = 5,
                          .in_database = true},
                         bytes.data());
  EXPECT_EQ(Hex(bytes.substr(56)), "0100000009b44cb6");
  const auto header = DecodeCheckpointHeader(bytes);
  ASSERT_TRUE(header.ok());
  EXPECT_TRUE(header->in_database);
  EXPECT_TRUE(UncheckedCheckpointHeader(bytes).in_database);
}

TEST(CheckpointFormatTest, AFlagOfANewerVersionIsIncompatible) {
  std::string bytes(kCheckpointHeaderBytes, '\0');
  EncodeCheckpointHeader({.number = 1, .in_database = true}, bytes.data());
  bytes[56] = 3;
  base::StoreLittle<uint32_t>(bytes.data() + 60,
                              base::Checksum32(std::string_view(bytes).substr(0, 60), 1));
  const auto header = DecodeCheckpointHeader(bytes);
  ASSERT_EQ(header.code(), StatusCode::kIncompatible);
  EXPECT_EQ(header.status().message(), "written by a newer corelane (checkpoint flags 3)");
}

TEST(CheckpointFormatTest, BlocksHaveTheirGoldenBytes) {
  EXPECT_EQ(Hex(GreetingBlock()),
            "15242db31f0000001f0000000100000001000000000000000"
            "00008000b00000000f153656772656574696e6768656c6c6f20776f726c64");
  std::string end(kCheckpointEndBytes, '\0');
  EncodeCheckpointEnd({.entries = 1, .end_seq = 10}, end.data());
  EXPECT_EQ(Hex(Block({.raw_bytes = kCheckpointEndBytes, .type = BlockType::kEnd}, end,
                      kSalt ^ (64 + GreetingBlock().size()))),
            "7fa07185100000001000000000000000020000000000000001000000000000000a00000000000000");
  EXPECT_EQ(DecodeCheckpointEnd(end).entries, 1u);
  EXPECT_EQ(DecodeCheckpointEnd(end).end_seq, 10u);
}

TEST(CheckpointFormatTest, EntriesHaveTheirGoldenBytes) {
  EXPECT_EQ(Hex(Encode("greeting", Greeting())),
            "000008000b00000000f153656772656574696e6768656c6c6f20776f726c64");
  kv::ValueView noted = Greeting();
  noted.expires_at = 1700000060000;
  noted.client_flags = 42;
  noted.marks = kv::kMarksAll;  // those that are not logged are left out
  noted.version = 99;           // as is this
  EXPECT_EQ(Hex(Encode("k", noted)),
            "030001000b00000000f153656052e6cf8b0100002a000000a00000006b68656c6c6f20776f726c64");
}

TEST(CheckpointFormatTest, EntriesComeBackOneAfterTheOther) {
  const kv::ScalarBytes number(int64_t{-5});
  std::string bytes = Encode("", {.type = kv::ValueType::kInteger, .bytes = number.view()});
  bytes += Encode("gone soon", {.bytes = "", .expires_at = 77, .created_at_s = 5});
  bytes += Encode("noted", {.bytes = "x", .client_flags = 7, .marks = kv::kMarkStale});
  std::string_view rest = bytes;
  std::string_view key;
  kv::ValueView value;
  ASSERT_TRUE(DecodeCheckpointEntry(rest, key, value));
  EXPECT_EQ(key, "");
  EXPECT_EQ(value.type, kv::ValueType::kInteger);
  EXPECT_EQ(kv::IntegerOf(value.bytes), -5);
  EXPECT_EQ(value.expires_at, kv::kNoExpiry);
  ASSERT_TRUE(DecodeCheckpointEntry(rest, key, value));
  EXPECT_EQ(key, "gone soon");
  EXPECT_EQ(value.bytes, "");
  EXPECT_EQ(value.expires_at, 77);
  EXPECT_EQ(value.created_at_s, 5u);
  EXPECT_EQ(value.client_flags, 0u);
  ASSERT_TRUE(DecodeCheckpointEntry(rest, key, value));
  EXPECT_EQ(key, "noted");
  EXPECT_EQ(value.client_flags, 7u);
  EXPECT_EQ(value.marks, kv::kMarkStale);
  EXPECT_EQ(value.expires_at, kv::kNoExpiry);
  EXPECT_TRUE(rest.empty());
}

TEST(CheckpointFormatTest, EntriesThatContradictThemselvesAreRefused) {
  const std::string good = Encode("greeting", Greeting());
  std::string_view key;
  kv::ValueView value;
  for (size_t size = 0; size < good.size(); ++size) {
    std::string_view cut = std::string_view(good).substr(0, size);
    EXPECT_FALSE(DecodeCheckpointEntry(cut, key, value)) << size;
    EXPECT_EQ(cut.size(), size);
  }
  // Unknown flags; an expiry that there is no room for; an unknown type; an integer of 11 bytes; a
  // length beyond the end.
  for (const auto& [offset, byte] : {std::pair{0, 4}, {0, 128}, {0, 1}, {1, 5}, {1, 1}, {7, 1}}) {
    std::string bad = good;
    bad[static_cast<size_t>(offset)] = static_cast<char>(byte);
    std::string_view rest = bad;
    EXPECT_FALSE(DecodeCheckpointEntry(rest, key, value)) << offset << " " << byte;
  }
}

TEST(CheckpointFormatTest, ABlockComesBackAndIsBoundToItsCheckpointAndPlace) {
  const std::string good = GreetingBlock();
  BlockHeader header;
  ASSERT_EQ(DecodeBlockHeader(good, kSeed, header), BlockVerdict::kGood);
  EXPECT_EQ(header.stored_bytes, good.size() - kBlockHeaderBytes);
  EXPECT_EQ(header.raw_bytes, header.stored_bytes);
  EXPECT_EQ(header.entries, 1u);
  EXPECT_EQ(header.type, BlockType::kEntries);
  EXPECT_EQ(header.codec, BlockCodec::kNone);
  EXPECT_EQ(DecodeBlockHeader(good, BlockChecksumSeed(kSalt, 128), header),
            BlockVerdict::kBadChecksum);
  EXPECT_EQ(DecodeBlockHeader(good + "x", kSeed, header), BlockVerdict::kBadLength);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_NE(DecodeBlockHeader(bad, kSeed, header), BlockVerdict::kGood) << at;
  }
}

TEST(CheckpointFormatTest, WholeBlocksOfAnUnknownKindAreToldFromContradictions) {
  const auto verdict_of = [](size_t offset, uint32_t value, size_t size) {
    std::string bytes = GreetingBlock();
    for (size_t i = 0; i < size; ++i) bytes[offset + i] = static_cast<char>(value >> (8 * i));
    Reseal(bytes, kSeed);
    BlockHeader header;
    return DecodeBlockHeader(bytes, kSeed, header);
  };
  EXPECT_EQ(verdict_of(16, 3, 1), BlockVerdict::kUnknownType);
  EXPECT_EQ(verdict_of(16, 0, 1), BlockVerdict::kUnknownType);
  EXPECT_EQ(verdict_of(17, 2, 1), BlockVerdict::kUnknownType);
  EXPECT_EQ(verdict_of(8, 32, 4), BlockVerdict::kBadContent);  // raw is not what is stored
  EXPECT_EQ(verdict_of(12, 0, 4), BlockVerdict::kBadContent);  // no entries
  EXPECT_EQ(verdict_of(16, 2, 1), BlockVerdict::kBadContent);  // an end with 31 bytes
  EXPECT_EQ(verdict_of(23, 1, 1), BlockVerdict::kBadContent);  // one of the zeros
}

TEST(CheckpointFormatTest, ARawLengthBeyondTheLimitsIsRefused) {
  const std::string payload(5000, 'x');
  BlockHeader header{.raw_bytes = kCheckpointBlockBytesMax, .entries = 2};
  header.codec = BlockCodec::kLz4;
  const auto verdict_of = [&](std::string_view bytes) {
    BlockHeader out;
    return DecodeBlockHeader(Block(header, bytes, kSeed), kSeed, out);
  };
  EXPECT_EQ(verdict_of(payload), BlockVerdict::kGood);
  header.raw_bytes = kCheckpointBlockBytesMax + 1;
  EXPECT_EQ(verdict_of(payload), BlockVerdict::kBadContent);
  header.entries = 1;
  EXPECT_EQ(verdict_of(payload), BlockVerdict::kGood);
  // More than the codec can have made of it: nobody is to allocate that.
  EXPECT_EQ(verdict_of(payload.substr(0, 100)), BlockVerdict::kBadContent);
  header.raw_bytes = kCheckpointEntryBytesMax + 1;
  EXPECT_EQ(verdict_of(std::string(kCheckpointEntryBytesMax / 255 + 1, 'x')),
            BlockVerdict::kBadContent);
}

TEST(CheckpointFormatTest, ANewerCheckpointIsIncompatibleWhateverItsChecksum) {
  std::string bytes(kCheckpointHeaderBytes, '\0');
  EncodeCheckpointHeader({.number = 1}, bytes.data());
  bytes[8] = 2;
  const auto header = DecodeCheckpointHeader(bytes);
  ASSERT_EQ(header.code(), StatusCode::kIncompatible);
  EXPECT_EQ(header.status().message(),
            "written by a newer corelane (checkpoint format 2); this one reads up to 1");
}

TEST(CheckpointFormatTest, AnyOtherFlipInTheHeaderIsDamage) {
  std::string good(kCheckpointHeaderBytes, '\0');
  EncodeCheckpointHeader({.number = 1, .salt = kSalt, .first_segment = 1}, good.data());
  for (size_t at = 0; at < good.size(); ++at) {
    if (at >= 8 && at < 12) continue;  // the version
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x04);
    EXPECT_EQ(DecodeCheckpointHeader(bad).code(), StatusCode::kCorruption) << at;
  }
  EXPECT_EQ(DecodeCheckpointHeader(good.substr(0, 63)).code(), StatusCode::kCorruption);
}

TEST(CheckpointFormatTest, TheCodecGivesBackWhatItTookAndNothingElse) {
  base::Random random(3);
  for (const size_t size : {size_t{1}, size_t{100}, size_t{5000}, kCheckpointBlockBytesMax}) {
    std::string raw(size, '\0');
    for (char& byte : raw) byte = static_cast<char>(random.Uniform(4));
    std::string stored(CompressedBytesMax(size), '\0');
    stored.resize(CompressBlock(raw, stored.data()));
    std::string again(size, '\0');
    ASSERT_TRUE(DecompressBlock(stored, again));
    EXPECT_EQ(again, raw);
    again.resize(size + 1);
    EXPECT_FALSE(DecompressBlock(stored, again));
    again.resize(size - 1);
    EXPECT_FALSE(DecompressBlock(stored, again));
  }
}

TEST(CheckpointFormatTest, NamesGoBothWays) {
  EXPECT_EQ(CheckpointName(42), "000000000042.ckpt");
  EXPECT_EQ(CheckpointNumberOf("000000000042.ckpt"), 42u);
  for (const char* name : {"", "42.ckpt", "00000000004x.ckpt", "000000000042.wal",
                           "000000000042.ckpt.tmp", "0000000000042.ckpt"}) {
    EXPECT_EQ(CheckpointNumberOf(name), 0u) << name;
  }
  EXPECT_TRUE(IsUnfinishedCheckpoint(UnfinishedCheckpointName(42)));
  EXPECT_FALSE(IsUnfinishedCheckpoint("000000000042.ckpt"));
}

}  // namespace
}  // namespace corelane::wal
