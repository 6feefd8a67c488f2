// The string commands that need the values of several keys at once: MSETNX, BITOP and LCS, on one
// lane and over several.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "shard/command_fixture.h"

namespace corelane::shard {
namespace {

using GatheredTest = CommandFixture;

TEST_F(GatheredTest, MsetNxStoresAllOrNothing) {
  EXPECT_EQ(Ask("MSETNX a 1 b 2\r\nMSETNX c 1 b 3\r\nMGET a b c"), ":1 :0 *3 $1 1 $1 2 $-1 ");
  EXPECT_EQ(Ask("MSETNX d 1 d 2\r\nGET d"), ":1 $1 2 ");
  EXPECT_EQ(Ask("MSETNX e\r\nMSETNX e 1 f"),
            "-ERR wrong number of arguments for 'msetnx' command "
            "-ERR wrong number of arguments for 'msetnx' command ");
}

TEST_F(GatheredTest, BitOpCombines) {
  Ask("SET a abc\r\nSET b \"\\xff\\x0f\"");
  EXPECT_EQ(Ask("BITOP AND d a b\r\nGET d"), ":3 $3 a\x02" + std::string(1, '\0') + " ");
  EXPECT_EQ(Ask("BITOP or d a b absent\r\nGET d"), ":3 $3 \xffoc ");
  EXPECT_EQ(Ask("BITOP XOR d a a\r\nGET d"), ":3 $3 " + std::string(3, '\0') + " ");
  EXPECT_EQ(Ask("BITOP NOT d b\r\nGET d"), ":2 $2 " + std::string("\x00\xf0", 2) + " ");
  EXPECT_EQ(Ask("BITOP AND a a b\r\nSTRLEN a"), ":3 :3 ");
}

TEST_F(GatheredTest, BitOpReplacesItsDestination) {
  EXPECT_EQ(Ask("SETEX d 100 x\r\nSET a y\r\nBITOP OR d a\r\nTTL d\r\nGET d"),
            "+OK +OK :1 :-1 $1 y ");
  EXPECT_EQ(Ask("BITOP OR d absent\r\nEXISTS d\r\nBITOP OR d absent"), ":0 :0 :0 ");
  // What was not there is not erased again.
  EXPECT_EQ(frames().back(), "erase d");
  EXPECT_EQ(std::count(frames().begin(), frames().end(), "erase d"), 1);
}

TEST_F(GatheredTest, BitOpErrors) {
  EXPECT_EQ(Ask("BITOP NAND d a"), kSyntaxError);
  EXPECT_EQ(Ask("BITOP NOT d a b"), "-ERR BITOP NOT must be called with a single source key. ");
  EXPECT_EQ(Ask("BITOP AND d"), "-ERR wrong number of arguments for 'bitop' command ");
}

TEST_F(GatheredTest, LcsSaysTextLengthOrRanges) {
  Ask("SET a ohmytext\r\nSET b mynewtext");
  EXPECT_EQ(Ask("LCS a b\r\nLCS a b LEN\r\nLCS a absent\r\nLCS a absent LEN"),
            "$6 mytext :6 $0  :0 ");
  EXPECT_EQ(Ask("LCS a b IDX"),
            "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6 ");
  EXPECT_EQ(Ask("LCS a b idx WITHMATCHLEN MINMATCHLEN 3"),
            "*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6 ");
  client_.session.resp_version = 3;
  EXPECT_EQ(Ask("LCS a absent IDX"), "%2 $7 matches *0 $3 len :0 ");
}

TEST_F(GatheredTest, LcsErrors) {
  EXPECT_EQ(Ask("LCS a b IDX LEN"),
            "-ERR If you want both the length and indexes, please just use IDX. ");
  EXPECT_EQ(Ask("LCS a b LOUD"), kSyntaxError);
  EXPECT_EQ(Ask("LCS a b MINMATCHLEN"), kSyntaxError);
  EXPECT_EQ(Ask("LCS a b MINMATCHLEN x"), kNotAnInteger);
  EXPECT_EQ(Ask("SETRANGE a 20000 x\r\nSETRANGE b 20000 x\r\nLCS a b LEN"),
            ":20001 :20001 -ERR Insufficient memory, transient memory for LCS exceeds "
            "proto-max-bulk-len ");
}

TEST_F(GatheredTest, TypedValuesCountAsTheirText) {
  PutTyped("i", kv::ValueType::kInteger, kv::ScalarBytes(int64_t{1234}).view());
  PutTyped("f", kv::ValueType::kFloat, kv::ScalarBytes(1.5).view());
  EXPECT_EQ(Ask("SET a 12x4\r\nLCS i a\r\nBITOP OR d i f\r\nGET d\r\nBITOP AND i f"),
            "+OK $3 124 :4 $4 1>74 :3 ");
  EXPECT_EQ(Stored("i").type, kv::ValueType::kString);
  EXPECT_EQ(Stored("i").expires_at, kv::kNoExpiry);
  ExpectKept("f", kv::ValueType::kFloat);
}

TEST(GatheredOverLanesTest, AnswersAsOnOneLane) {
  Lanes lanes(3);
  const std::string a = lanes.KeyOn(0, "a");
  const std::string b = lanes.KeyOn(1, "b");
  const std::string d = lanes.KeyOn(2, "d");
  TestClient client;
  const std::string keys = " " + a + " " + b;
  client.Send(lanes[2], "MSETNX " + a + " ohmytext " + b + " mynewtext\r\nMSETNX " + d + " 1 " + b +
                            " 2\r\nEXISTS " + d + "\r\nLCS" + keys + "\r\nBITOP AND " + d + keys +
                            "\r\nSTRLEN " + d + "\r\nBITOP AND " + d + " none\r\nEXISTS " + d);
  lanes.Settle();
  EXPECT_EQ(client.Take(), ":1 :0 :0 $6 mytext :9 :9 :0 :0 ");
  EXPECT_TRUE(lanes[2].Idle());
}

}  // namespace
}  // namespace corelane::shard
