// The bytes of headers and frames, as WAL_FORMAT.md gives them.

#include "wal/format.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "base/absl_view.h"
#include "base/hash.h"

namespace corelane::wal {
namespace {

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(base::ToAbsl(bytes)); }

std::string Encode(const Frame& frame, uint64_t seed) {
  std::string bytes(EncodedFrameBytes(frame), '\xee');
  EXPECT_EQ(EncodeFrame(frame, seed, bytes.data()), bytes.size());
  return bytes;
}

// The checksum of a frame whose other bytes were changed on purpose.
void Reseal(std::string& bytes, uint64_t seed) {
  base::StoreLittle<uint32_t>(bytes.data(),
                              base::Checksum32(std::string_view(bytes).substr(4), seed));
}

constexpr uint64_t kSalt = 0x1122334455667788;
constexpr uint64_t kSeed = kSalt ^ 64;

Frame PutOfGreeting() {
  Frame frame{.type = FrameType::kPut, .seq = 1, .key = "greeting"};
  frame.value.bytes = "hello world";
  frame.value.created_at_s = 1700000000;
  return frame;
}

TEST(FormatTest, SegmentHeaderHasItsGoldenBytes) {
  std::array<char, kSegmentHeaderBytes> bytes;
  EncodeSegmentHeader({.lane = 3, .generation = 2, .number = 5, .salt = kSalt, .durable_seq = 9},
                      bytes.data());
  EXPECT_EQ(Hex({bytes.data(), bytes.size()}),
            "434f52454c57414c010000000300000005000000000000000200000000000000"
            "88776655443322110900000000000000000000000000000000000000420a9fa2");
  const auto header = DecodeSegmentHeader({bytes.data(), bytes.size()});
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->lane, 3u);
  EXPECT_EQ(header->generation, 2u);
  EXPECT_EQ(header->number, 5u);
  EXPECT_EQ(header->salt, kSalt);
  EXPECT_EQ(header->durable_seq, 9u);
}

TEST(FormatTest, FramesHaveTheirGoldenBytes) {
  EXPECT_EQ(Hex(Encode(PutOfGreeting(), kSeed)),
            "ef4450572b00000001000000000000000100080000f153656772656574696e67"
            "68656c6c6f20776f726c640000000000");
  Frame expiring = PutOfGreeting();
  expiring.type = FrameType::kPutExpiring;
  expiring.value.expires_at = 1700000060000;
  EXPECT_EQ(Hex(Encode(expiring, kSeed)),
            "fbe942603300000001000000000000000200080000f153656052e6cf8b010000"
            "6772656574696e6768656c6c6f20776f726c640000000000");
  EXPECT_EQ(Hex(Encode({.type = FrameType::kErase, .seq = 2, .key = "greeting"}, kSeed)),
            "ddcc609520000000020000000000000003000800000000006772656574696e67");
  Frame expiry{.type = FrameType::kExpiry, .seq = 3, .key = "k"};
  expiry.value.expires_at = kv::kNoExpiry;
  EXPECT_EQ(Hex(Encode(expiry, kSeed)),
            "c3ae2f9d2100000003000000000000000400010000000000ffffffffffffff7f"
            "6b00000000000000");
  EXPECT_EQ(Hex(Encode({.type = FrameType::kClear, .seq = 4}, kSeed)),
            "1f5e55f51800000004000000000000000500000000000000");
  EXPECT_EQ(Hex(Encode({.type = FrameType::kDurableMark, .seq = 5, .durable_seq = 3}, kSeed)),
            "e7825e0120000000050000000000000006000000000000000300000000000000");
}

TEST(FormatTest, FramesWithNotesHaveTheirGoldenBytesAndComeBack) {
  Frame put = PutOfGreeting();
  put.value.client_flags = 42;
  put.type = PutTypeOf(put.value);
  EXPECT_EQ(Hex(Encode(put, kSeed)),
            "f486fe343b00000001000000000000000900080000f15365ffffffffffffff7f"
            "2a000000000000006772656574696e6768656c6c6f20776f726c640000000000");
  put.value.expires_at = 1700000060000;
  // The unlogged marks are left out.
  put.value.marks = kv::kMarksAll;
  Frame got;
  const std::string bytes = Encode(put, kSeed);
  ASSERT_EQ(DecodeFrame(bytes, kSeed, got), FrameVerdict::kGood);
  EXPECT_EQ(got.type, FrameType::kPutNoted);
  EXPECT_EQ(got.key, "greeting");
  EXPECT_EQ(got.value.bytes, "hello world");
  EXPECT_EQ(got.value.client_flags, 42u);
  EXPECT_EQ(got.value.marks, kv::kMarksLogged);
  EXPECT_EQ(got.value.expires_at, 1700000060000);
  EXPECT_EQ(got.value.created_at_s, 1700000000u);

  Frame marks{.type = FrameType::kMarks, .seq = 2, .key = "k"};
  marks.value.marks = kv::kMarkStale | kv::kMarkFetched;
  EXPECT_EQ(Hex(Encode(marks, kSeed)),
            "5f6cc83e2100000002000000000000000a000100000000002000000000000000"
            "6b00000000000000");
  const std::string marks_bytes = Encode(marks, kSeed);
  ASSERT_EQ(DecodeFrame(marks_bytes, kSeed, got), FrameVerdict::kGood);
  EXPECT_EQ(got.type, FrameType::kMarks);
  EXPECT_EQ(got.key, "k");
  EXPECT_EQ(got.value.marks, kv::kMarkStale);
}

TEST(FormatTest, OnlyWhatHasNotesIsLoggedWithThem) {
  kv::ValueView value;
  value.version = 7;
  value.marks = kv::kMarkFetched | kv::kMarkTokenSent;
  EXPECT_EQ(PutTypeOf(value), FrameType::kPut);
  value.expires_at = 5;
  EXPECT_EQ(PutTypeOf(value), FrameType::kPutExpiring);
  value.client_flags = 1;
  EXPECT_EQ(PutTypeOf(value), FrameType::kPutNoted);
  value.client_flags = 0;
  value.marks = kv::kMarkStale;
  EXPECT_EQ(PutTypeOf(value), FrameType::kPutNoted);
}

TEST(FormatTest, EverySingleBitFlipOfAFrameIsNoticed) {
  const std::string good = Encode(PutOfGreeting(), kSeed);
  Frame frame;
  ASSERT_EQ(DecodeFrame(good, kSeed, frame), FrameVerdict::kGood);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(DecodeFrame(bad, kSeed, frame), FrameVerdict::kGood) << "bit " << bit;
  }
}

TEST(FormatTest, EverySingleBitFlipOfASegmentHeaderIsNoticed) {
  std::string bytes(kSegmentHeaderBytes, '\0');
  EncodeSegmentHeader({.lane = 3, .generation = 2, .number = 5, .salt = kSalt}, bytes.data());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string bad = bytes;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeSegmentHeader(bad).ok()) << "bit " << bit;
  }
  EXPECT_FALSE(DecodeSegmentHeader(std::string_view(bytes).substr(1)).ok());
}

TEST(FormatTest, AFrameIsBoundToItsSegmentAndPlace) {
  const std::string good = Encode(PutOfGreeting(), FrameChecksumSeed(kSalt, 64));
  Frame frame;
  EXPECT_EQ(DecodeFrame(good, FrameChecksumSeed(kSalt, 128), frame), FrameVerdict::kBadChecksum);
  EXPECT_EQ(DecodeFrame(good, FrameChecksumSeed(kSalt + 1, 64), frame), FrameVerdict::kBadChecksum);
}

TEST(FormatTest, WholeFramesOfAnUnknownKindAreToldFromDamage) {
  Frame frame;
  for (const auto& [offset, value] :
       {std::pair{16, 0}, {16, 7}, {16, 8}, {16, 11}, {16, 255}, {17, 5}}) {
    std::string bytes = Encode(PutOfGreeting(), kSeed);
    bytes[static_cast<size_t>(offset)] = static_cast<char>(value);
    Reseal(bytes, kSeed);
    EXPECT_EQ(DecodeFrame(bytes, kSeed, frame), FrameVerdict::kUnknownType) << offset;
  }
}

TEST(FormatTest, ContradictingFieldsAreRefused) {
  Frame frame;
  std::string long_key = Encode(PutOfGreeting(), kSeed);
  base::StoreLittle<uint16_t>(long_key.data() + 18, 60000);
  Reseal(long_key, kSeed);
  EXPECT_EQ(DecodeFrame(long_key, kSeed, frame), FrameVerdict::kBadContent);

  // An integer of eleven bytes.
  std::string integer = Encode(PutOfGreeting(), kSeed);
  integer[17] = 1;
  Reseal(integer, kSeed);
  EXPECT_EQ(DecodeFrame(integer, kSeed, frame), FrameVerdict::kBadContent);

  // An erase with a value.
  std::string erase = Encode(PutOfGreeting(), kSeed);
  erase[16] = 3;
  Reseal(erase, kSeed);
  EXPECT_EQ(DecodeFrame(erase, kSeed, frame), FrameVerdict::kBadContent);
}

TEST(FormatTest, ANewerSegmentIsIncompatibleWhateverItsChecksum) {
  std::string bytes(kSegmentHeaderBytes, '\0');
  EncodeSegmentHeader({.number = 1}, bytes.data());
  bytes[8] = 2;
  const auto header = DecodeSegmentHeader(bytes);
  ASSERT_EQ(header.code(), StatusCode::kIncompatible);
  EXPECT_EQ(header.status().message(),
            "written by a newer corelane (log format 2); this one reads up to 1");
}

TEST(FormatTest, SegmentNamesGoBothWays) {
  EXPECT_EQ(SegmentName(42), "000000000042.wal");
  EXPECT_EQ(SegmentNumberOf("000000000042.wal"), 42u);
  for (const char* name :
       {"", "42.wal", "00000000004x.wal", "000000000042.tmp", "0000000000042.wal"}) {
    EXPECT_EQ(SegmentNumberOf(name), 0u) << name;
  }
}

}  // namespace
}  // namespace corelane::wal
