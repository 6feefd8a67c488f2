// The commands that take a string for a row of bits. The arithmetic has tests of its own.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "shard/command_fixture.h"

namespace corelane::shard {
namespace {

using BitCommandsTest = CommandFixture;

constexpr std::string_view kBadOffset = "-ERR bit offset is not an integer or out of range ";
constexpr std::string_view kBadBit = "-ERR bit is not an integer or out of range ";

TEST_F(BitCommandsTest, SetBitAndGetBit) {
  EXPECT_EQ(
      Ask("SETBIT a 1 1\r\nSETBIT a 2 1\r\nSETBIT a 1 1\r\nGET a\r\nGETBIT a 1\r\nGETBIT a 0"),
      ":0 :0 :1 $1 ` :1 :0 ");
  EXPECT_EQ(Ask("SETBIT a 1 0\r\nGET a\r\nGETBIT a 4294967295\r\nGETBIT b 0"), ":1 $1   :0 :0 ");
  EXPECT_EQ(Ask("SETBIT b 9 0\r\nSTRLEN b"), ":0 :2 ");
}

TEST_F(BitCommandsTest, OffsetsAndBitsOutOfRange) {
  for (const std::string offset : {"-1", "x", "#1", "4294967296"}) {
    EXPECT_EQ(Ask("SETBIT a " + offset + " 9"), kBadOffset) << offset;
    EXPECT_EQ(Ask("GETBIT a " + offset), kBadOffset) << offset;
  }
  for (const std::string bit : {"2", "-1", "x", "\"\""}) {
    EXPECT_EQ(Ask("SETBIT a 0 " + bit), kBadBit) << bit;
  }
  const std::string last = std::to_string(kValueBytesDefault * 8 - 1);
  const std::string behind = std::to_string(kValueBytesDefault * 8);
  EXPECT_EQ(Ask("SETBIT a " + behind + " 1\r\nBITFIELD a SET u2 " + last + " 0\r\nEXISTS a"),
            std::string(kOverOurLimit) + std::string(kOverOurLimit) + ":0 ");
  EXPECT_EQ(Ask("SETBIT a " + last + " 1\r\nSTRLEN a\r\nGETBIT a " + last + "\r\nBITPOS a 1"),
            ":0 :" + std::to_string(kValueBytesDefault) + " :1 :" + last + " ");
}

TEST_F(BitCommandsTest, WhatChangesNothingIsNotLogged) {
  Ask("SETBIT a 3 1");
  const size_t before = frames().size();
  EXPECT_EQ(Ask("SETBIT a 3 1\r\nSETBIT a 0 0\r\nBITFIELD a SET u8 0 16\r\nBITFIELD a GET u8 0"),
            ":1 :0 *1 :16 *1 :16 ");
  EXPECT_EQ(frames().size(), before);
  Ask("SETBIT a 8 0");
  EXPECT_EQ(frames().size(), before + 1);
}

TEST_F(BitCommandsTest, BitCount) {
  Ask("SET a foobar");
  EXPECT_EQ(Ask("BITCOUNT a\r\nBITCOUNT a 0 0\r\nBITCOUNT a 1 1 byte\r\nBITCOUNT a 5 30 BIT"),
            ":26 :4 :6 :17 ");
  EXPECT_EQ(Ask("BITCOUNT a -2 -1\r\nBITCOUNT a -1 -2\r\nBITCOUNT a 9 12\r\nBITCOUNT a 2 1 BIT"),
            ":7 :0 :0 :0 ");
  EXPECT_EQ(Ask("BITCOUNT a 9223372036854775807 9223372036854775807 BYTE"), ":0 ");
  EXPECT_EQ(Ask("BITCOUNT a 1\r\nBITCOUNT a 1 2 BIT 3\r\nBITCOUNT a 1 2 WORD"),
            std::string(kSyntaxError) + std::string(kSyntaxError) + std::string(kSyntaxError));
  EXPECT_EQ(Ask("BITCOUNT a x 1\r\nBITCOUNT a 1 x"),
            std::string(kNotAnInteger) + std::string(kNotAnInteger));
  // An absent key is 0 whatever the range is, and a range that runs backwards whatever the unit.
  EXPECT_EQ(Ask("BITCOUNT absent x\r\nBITCOUNT a -1 -2 WORD"), ":0 :0 ");
}

TEST_F(BitCommandsTest, BitPos) {
  EXPECT_EQ(Ask("SET a \"\\xff\\xf0\\x00\"\r\nBITPOS a 0\r\nBITPOS a 1\r\nBITPOS a 1 2"),
            "+OK :12 :0 :-1 ");
  EXPECT_EQ(Ask("BITPOS a 0 0 11 BIT\r\nBITPOS a 0 0 12 BIT\r\nBITPOS a 1 -13 -1 BIT\r\n"
                "BITPOS a 0 -1 -1 BYTE"),
            ":-1 :12 :11 :16 ");
  EXPECT_EQ(Ask("BITPOS absent 0\r\nBITPOS absent 1\r\nSET e \"\"\r\nBITPOS e 0\r\nBITPOS e 1"),
            ":0 :-1 +OK :-1 :-1 ");
  EXPECT_EQ(Ask("BITPOS a 2\r\nBITPOS a x"),
            "-ERR The bit argument must be 1 or 0. " + std::string(kNotAnInteger));
  EXPECT_EQ(Ask("BITPOS a 1 x\r\nBITPOS a 1 0 x\r\nBITPOS a 1 0 1 WORD\r\nBITPOS a 1 0 1 BIT 2"),
            std::string(kNotAnInteger) + std::string(kNotAnInteger) + std::string(kSyntaxError) +
                std::string(kSyntaxError));
}

TEST_F(BitCommandsTest, ZerosFollowAStringUnlessItsEndIsGiven) {
  EXPECT_EQ(Ask("SET a \"\\xff\\xff\"\r\nBITPOS a 0\r\nBITPOS a 0 1\r\nBITPOS a 0 0 -1\r\n"
                "BITPOS a 0 2"),
            "+OK :16 :16 :-1 :-1 ");
}

TEST_F(BitCommandsTest, BitField) {
  EXPECT_EQ(Ask("BITFIELD a\r\nEXISTS a\r\nBITFIELD a GET u8 100\r\nEXISTS a"), "*0 :0 *1 :0 :0 ");
  EXPECT_EQ(Ask("BITFIELD a SET u8 0 255 INCRBY u8 0 2 OVERFLOW FAIL INCRBY u8 0 -5 GET i8 #0"),
            "*4 :0 :1 $-1 :1 ");
  EXPECT_EQ(Ask("BITFIELD a SET u8 0 7 GET u8\r\nBITFIELD_RO a GET u8 0"),
            std::string(kSyntaxError) + "*1 :1 ");
  EXPECT_EQ(Ask("BITFIELD_RO a SET u8 0 1\r\nBITFIELD_RO a SET u8 0 x"),
            "-ERR BITFIELD_RO only supports the GET subcommand " + std::string(kNotAnInteger));
  // A write that fails has made room for itself all the same.
  EXPECT_EQ(Ask("BITFIELD b OVERFLOW FAIL INCRBY u2 16 9\r\nSTRLEN b"), "*1 $-1 :3 ");
}

TEST_F(BitCommandsTest, BitsOfTypedValuesAreThoseOfTheirText) {
  PutTyped("i", kv::ValueType::kInteger, kv::ScalarBytes(int64_t{12}).view());
  PutTyped("f", kv::ValueType::kFloat, kv::ScalarBytes(1.5).view());
  EXPECT_EQ(Ask("BITCOUNT i\r\nGETBIT i 7\r\nBITPOS i 1\r\nBITFIELD i GET u8 #1"),
            ":6 :1 :2 *1 :50 ");
  // A bit that is so already changes nothing, not even the type.
  EXPECT_EQ(Ask("SETBIT i 7 1"), ":1 ");
  ExpectKept("i", kv::ValueType::kInteger);
  EXPECT_EQ(Ask("SETBIT i 6 1\r\nGET i\r\nBITFIELD f SET u8 0 50\r\nGET f"),
            ":0 $2 32 *1 :49 $3 2.5 ");
  ExpectKept("i", kv::ValueType::kString);
  ExpectKept("f", kv::ValueType::kString);
}

TEST_F(BitCommandsTest, RowsSayHowLongAValueMayBecome) {
  EXPECT_EQ(ValueBytes("setbit", {"key", "800", "1"}), 101U);
  EXPECT_EQ(ValueBytes("setbit", {"key", "x", "1"}), 0U);
  EXPECT_EQ(ValueBytes("bitfield", {"key", "SET", "u8", "#100", "1", "GET", "u8", "9999"}), 101U);
  EXPECT_EQ(ValueBytes("bitfield", {"key", "SET", "u8", "#100"}), 0U);
}

}  // namespace
}  // namespace corelane::shard
