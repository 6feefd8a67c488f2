// The examples of ROCKSDB_FORMAT.md, to the byte.

#include "storage/rocksdb_record.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"

namespace corelane::storage {
namespace {

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString({bytes.data(), bytes.size()});
}

std::string Encode(const kv::ValueView& value) {
  return std::string(RecordHead(value).view()) + std::string(value.bytes);
}

TEST(RocksDbRecord, FormatAndCounters) {
  const auto format = EncodeDatabaseFormat({1, 0x0123456789abcdef});
  EXPECT_EQ(Hex({format.data(), format.size()}), "01000000efcdab8967452301");
  DatabaseFormat read;
  ASSERT_TRUE(DecodeDatabaseFormat({format.data(), format.size()}, read));
  EXPECT_EQ(read.version, 1u);
  EXPECT_EQ(read.hash_seed, 0x0123456789abcdefu);
  EXPECT_FALSE(DecodeDatabaseFormat({format.data(), format.size() - 1}, read));
  EXPECT_FALSE(DecodeDatabaseFormat(std::string(format.data(), format.size()) + "x", read));
  std::string newer(format.data(), format.size());
  newer[0] = 2;
  EXPECT_TRUE(DecodeDatabaseFormat(newer + "more", read));
  EXPECT_EQ(read.version, 2u);

  const RecordCounters counters{3, 1, 258};
  const auto bytes = EncodeCounters(counters);
  EXPECT_EQ(Hex({bytes.data(), bytes.size()}),
            "0300000000000000"
            "0100000000000000"
            "0201000000000000");
  RecordCounters back;
  ASSERT_TRUE(DecodeCounters({bytes.data(), bytes.size()}, back));
  EXPECT_EQ(back, counters);
  EXPECT_FALSE(DecodeCounters({bytes.data(), bytes.size() - 1}, back));
}

TEST(RocksDbRecord, Keys) {
  std::string data_key;
  EncodeDataKey(0x1122334455667788, "greeting", data_key);
  EXPECT_EQ(Hex(data_key),
            "03"
            "1122334455667788"
            "6772656574696e67");
  Position position = 0;
  std::string_view key;
  ASSERT_TRUE(DecodeDataKey(data_key, position, key));
  EXPECT_EQ(position, 0x1122334455667788u);
  EXPECT_EQ(key, "greeting");
  EXPECT_FALSE(DecodeDataKey(data_key.substr(0, 8), position, key));

  std::string expiry_key;
  EncodeExpiryKey(1'700'000'000'000, data_key, expiry_key);
  EXPECT_EQ(Hex(expiry_key),
            "02"
            "8000018bcfe56800"
            "1122334455667788"
            "6772656574696e67");
  kv::ExpiryMillis expires_at = 0;
  std::string back;
  ASSERT_TRUE(DecodeExpiryKey(expiry_key, expires_at, back));
  EXPECT_EQ(expires_at, 1'700'000'000'000);
  EXPECT_EQ(back, data_key);
  EXPECT_FALSE(DecodeExpiryKey(expiry_key.substr(0, 16), expires_at, back));
  EXPECT_FALSE(DecodeExpiryKey(data_key + data_key, expires_at, back));
}

TEST(RocksDbRecord, KeysAreInTheOrderOfTheirNumbers) {
  std::string before;
  std::string at;
  for (const kv::ExpiryMillis expires_at :
       {std::numeric_limits<kv::ExpiryMillis>::min(), kv::ExpiryMillis{-256}, kv::ExpiryMillis{-1},
        kv::ExpiryMillis{0}, kv::ExpiryMillis{255}, kv::ExpiryMillis{256}, kv::kNoExpiry}) {
    EncodeExpiryBound(expires_at, at);
    EXPECT_LT(before, at) << expires_at;
    before = at;
  }
  EncodeDataBound(0, at);
  EXPECT_LT(before, at);
  for (const Position position : {Position{0}, Position{255}, Position{256}, ~Position{0}}) {
    EncodeDataKey(position, "", at);
    EXPECT_LT(before, at) << position;
    before = at;
  }
  EXPECT_LT(before, std::string(1, kSpacesEnd));
}

TEST(RocksDbRecord, Records) {
  kv::ValueView value;
  value.bytes = "hello world";
  value.created_at_s = 1'700'000'000;
  EXPECT_EQ(Hex(Encode(value)),
            "00"
            "00f15365"
            "68656c6c6f20776f726c64");
  value.type = kv::ValueType::kBinary;
  value.expires_at = 1'700'000'000'000;
  value.client_flags = 42;
  value.marks = kv::kMarkStale;
  value.version = 7;
  EXPECT_EQ(Hex(Encode(value)),
            "74"
            "00f15365"
            "0068e5cf8b010000"
            "2a00000020"
            "0700000000000000"
            "68656c6c6f20776f726c64");
}

TEST(RocksDbRecord, EveryRecordComesBack) {
  const std::string eight = "12345678";
  for (int fields = 0; fields < 16; ++fields) {
    for (const kv::ValueType type :
         {kv::ValueType::kString, kv::ValueType::kInteger, kv::ValueType::kBinary}) {
      kv::ValueView value;
      value.type = type;
      value.bytes = eight;
      value.created_at_s = 77;
      if ((fields & 1) != 0) value.expires_at = -3;
      if ((fields & 2) != 0) value.client_flags = 5;
      if ((fields & 4) != 0) value.marks = kv::kMarksAll;
      if ((fields & 8) != 0) value.version = 9;
      const std::string bytes = Encode(value);
      kv::ValueView back;
      ASSERT_TRUE(DecodeRecord(bytes, back));
      EXPECT_EQ(back.type, type);
      EXPECT_EQ(back.bytes, eight);
      EXPECT_EQ(back.created_at_s, 77u);
      EXPECT_EQ(back.expires_at, value.expires_at);
      EXPECT_EQ(back.client_flags, value.client_flags);
      EXPECT_EQ(back.marks, value.marks);
      EXPECT_EQ(back.version, value.version);
      const size_t head = bytes.size() - eight.size();
      for (size_t size = 0; size < head; ++size) {
        EXPECT_FALSE(DecodeRecord(std::string_view(bytes).substr(0, size), back)) << size;
      }
    }
  }
}

TEST(RocksDbRecord, WhatNobodyHasWrittenIsRefused) {
  kv::ValueView value;
  const std::string rest(12, 'x');
  EXPECT_TRUE(DecodeRecord(std::string(1, '\x00') + rest, value));
  EXPECT_FALSE(DecodeRecord(std::string(1, '\x80') + rest, value)) << "unknown field";
  EXPECT_FALSE(DecodeRecord(std::string(1, '\x05') + rest, value)) << "unknown type";
  EXPECT_TRUE(DecodeRecord(std::string(1, '\x01') + rest, value));
  EXPECT_FALSE(DecodeRecord(std::string(1, '\x01') + rest + "x", value)) << "integer of 9 bytes";
}

}  // namespace
}  // namespace corelane::storage
