// The commands on whole strings, on parts of them, and those that count.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "shard/command_fixture.h"

namespace corelane::shard {
namespace {

using StringCommandsTest = CommandFixture;

TEST_F(StringCommandsTest, SetConditions) {
  EXPECT_EQ(Ask("SET a 1 XX\r\nSET a 1 NX\r\nSET a 2 NX\r\nGET a\r\nSET a 3 XX\r\nGET a"),
            "$-1 +OK $-1 $1 1 +OK $1 3 ");
  EXPECT_EQ(Ask("SET b 1 XX GET\r\nEXISTS b\r\nSET b 1 NX GET\r\nSET b 2 NX GET\r\nGET b"),
            "$-1 :0 $-1 $1 1 $1 1 ");
  EXPECT_EQ(Ask("SET b 2 GET XX\r\nGET b\r\nSETNX b 3\r\nSETNX c 3\r\nGET c"),
            "$1 1 $1 2 :0 :1 $1 3 ");
}

TEST_F(StringCommandsTest, SetSaysNullInResp3) {
  client_.session.resp_version = 3;
  EXPECT_EQ(Ask("SET a 1 XX\r\nSET a 1 GET\r\nGETDEL b\r\nGETEX b"), "_ _ _ _ ");
}

TEST_F(StringCommandsTest, SetOptionsThatExcludeEachOther) {
  for (const char* const options : {"NX XX", "XX NX", "EX", "EX 1 PX 1", "EX 1 KEEPTTL",
                                    "KEEPTTL PXAT 1", "PERSIST", "LOUD", "EX x PX 1"}) {
    EXPECT_EQ(Ask(std::string("SET a 1 ") + options), kSyntaxError) << options;
  }
  EXPECT_EQ(Ask("EXISTS a"), ":0 ");
}

TEST_F(StringCommandsTest, TheLastOfTheSameExpiryCounts) {
  EXPECT_EQ(Ask("SET a 1 EX x EX 20\r\nTTL a\r\nSET a 1 NX NX"), "+OK :20 $-1 ");
}

TEST_F(StringCommandsTest, ExpiryOutOfRange) {
  const std::string_view error = "-ERR invalid expire time in 'set' command ";
  for (const char* const options : {"EX 0", "EX -1", "PX 0", "EXAT 0", "EX 9223372036854775807",
                                    "EX 9223372036854775", "PX 9223372036854775807", "PXAT -1"}) {
    EXPECT_EQ(Ask(std::string("SET a 1 ") + options), error) << options;
  }
  EXPECT_EQ(Ask("SET a 1 EX 1.5"), kNotAnInteger);
  EXPECT_EQ(Ask("SETEX a 0 v\r\nPSETEX a -1 v\r\nSETEX a x v"),
            "-ERR invalid expire time in 'setex' command "
            "-ERR invalid expire time in 'psetex' command " +
                std::string(kNotAnInteger));
  EXPECT_EQ(Ask("EXISTS a\r\nSET a 1 PXAT 9223372036854775807\r\nGET a"), ":0 +OK $1 1 ");
}

TEST_F(StringCommandsTest, SetKeepsOrDropsTheExpiry) {
  EXPECT_EQ(Ask("SETEX a 100 1\r\nSET a 2 KEEPTTL\r\nTTL a\r\nSET a 3 XX GET KEEPTTL\r\nTTL a"),
            "+OK +OK :100 $1 2 :100 ");
  EXPECT_EQ(Ask("GETSET a 4\r\nTTL a\r\nSET b 1 KEEPTTL\r\nTTL b\r\nPSETEX b 5000 x\r\nPTTL b"),
            "$1 3 :-1 +OK :-1 +OK :5000 ");
}

TEST_F(StringCommandsTest, AnExpiryInThePastStoresNothing) {
  EXPECT_EQ(Ask("SET a 1\r\nSET a 2 EXAT 1 GET\r\nEXISTS a\r\nSET b 1 PXAT 1\r\nEXISTS b"),
            "+OK $1 1 :0 +OK :0 ");
  EXPECT_EQ(frames(), (std::vector<std::string>{"put a=1", "erase a"}));
}

TEST_F(StringCommandsTest, GetExChangesTheExpiryOnly) {
  Ask("SET a 1");
  EXPECT_EQ(Ask("GETEX a EX 100\r\nTTL a\r\nGETEX a\r\nTTL a\r\nGETEX a PERSIST\r\nTTL a"),
            "$1 1 :100 $1 1 :100 $1 1 :-1 ");
  const std::string at = std::to_string(lanes_.clock().WallMillis() + 100'000);
  EXPECT_EQ(frames(), (std::vector<std::string>{"put a=1", "expiry a " + at, "expiry a none"}));
  EXPECT_EQ(Ask("GETEX a EXAT 1\r\nEXISTS a"), "$1 1 :0 ");
  EXPECT_EQ(frames().back(), "erase a");
}

TEST_F(StringCommandsTest, GetExLooksForTheKeyBeforeItLooksAtTheTime) {
  EXPECT_EQ(Ask("GETEX a EX x\r\nGETEX a EX 0"), "$-1 $-1 ");
  EXPECT_EQ(Ask("GETEX a NX\r\nGETEX a EX\r\nGETEX a EX 1 PERSIST\r\nGETEX a KEEPTTL"),
            std::string(kSyntaxError) + std::string(kSyntaxError) + std::string(kSyntaxError) +
                std::string(kSyntaxError));
  EXPECT_EQ(
      Ask("SET a 1\r\nGETEX a EX x\r\nGETEX a PX 0\r\nTTL a"),
      "+OK " + std::string(kNotAnInteger) + "-ERR invalid expire time in 'getex' command :-1 ");
}

TEST_F(StringCommandsTest, GetDelIsLogged) {
  EXPECT_EQ(Ask("GETDEL a\r\nSET a 1\r\nGETDEL a\r\nGETDEL a"), "$-1 +OK $1 1 $-1 ");
  EXPECT_EQ(frames(), (std::vector<std::string>{"put a=1", "erase a"}));
}

TEST_F(StringCommandsTest, ReadsAreCountedAsHitsAndMisses) {
  Ask("SET a 1\r\nGETEX a\r\nGETRANGE a 0 0\r\nSTRLEN a\r\nGETDEL a\r\nGETDEL a\r\nSTRLEN a");
  EXPECT_EQ(lanes_.counters(0).reads_hit, 4U);
  EXPECT_EQ(lanes_.counters(0).reads_missed, 2U);
}

TEST_F(StringCommandsTest, Append) {
  EXPECT_EQ(Ask("APPEND a \"\"\r\nEXISTS a\r\nAPPEND a ab\r\nAPPEND a c\r\nGET a\r\nSTRLEN a"),
            ":0 :1 :2 :3 $3 abc :3 ");
  EXPECT_EQ(Ask("SETEX a 100 x\r\nAPPEND a y\r\nTTL a"), "+OK :2 :100 ");
}

TEST_F(StringCommandsTest, GetRange) {
  Ask("SET a 01234");
  EXPECT_EQ(Ask("GETRANGE a 1 2\r\nGETRANGE a -2 -1\r\nSUBSTR a 0 -1\r\nGETRANGE a 3 99"),
            "$2 12 $2 34 $5 01234 $2 34 ");
  EXPECT_EQ(Ask("GETRANGE a 5 9\r\nGETRANGE a -1 -2\r\nGETRANGE a 2 1\r\nGETRANGE b 0 1"),
            "$0  $0  $0  $0  ");
  // Both are before the beginning, which counts as the first byte.
  EXPECT_EQ(Ask("GETRANGE a -9 -8"), "$1 0 ");
  EXPECT_EQ(Ask("GETRANGE a -9223372036854775808 9223372036854775807"), "$5 01234 ");
  EXPECT_EQ(Ask("GETRANGE b x 1\r\nGETRANGE b 1 x"),
            std::string(kNotAnInteger) + std::string(kNotAnInteger));
}

TEST_F(StringCommandsTest, SetRange) {
  EXPECT_EQ(Ask("SETRANGE a 0 \"\"\r\nEXISTS a\r\nSETRANGE a 2 xy\r\nSETRANGE a 0 ab\r\nGET a"),
            ":0 :0 :4 :4 $4 abxy ");
  EXPECT_EQ(Ask("SETRANGE a 1 Z\r\nGET a\r\nSETRANGE a 99 \"\"\r\nSETRANGE b 1 x\r\nGET b"),
            ":4 $4 aZxy :4 :2 $2 " + std::string("\0x", 2) + " ");
  EXPECT_EQ(Ask("SETRANGE a -1 x\r\nSETRANGE a x x"),
            "-ERR offset is out of range " + std::string(kNotAnInteger));
  EXPECT_EQ(Ask("SETEX a 100 x\r\nSETRANGE a 3 y\r\nTTL a"), "+OK :4 :100 ");
}

TEST_F(StringCommandsTest, ValuesGrowToTheLimitAndNoFurther) {
  const std::string last = std::to_string(kValueBytesDefault - 1);
  const std::string behind = std::to_string(kValueBytesDefault);
  EXPECT_EQ(Ask("SETRANGE a " + behind + " x"), kOverOurLimit);
  EXPECT_EQ(Ask("SETRANGE a 536870912 x"), kOverTheLimitOfRedis);
  EXPECT_EQ(Ask("SETRANGE a 9223372036854775807 x"), kOverTheLimitOfRedis);
  EXPECT_EQ(Ask("EXISTS a\r\nSETRANGE a " + last + " x"), ":0 :" + behind + " ");
  EXPECT_EQ(Ask("APPEND a y\r\nSTRLEN a\r\nAPPEND a \"\""),
            std::string(kOverOurLimit) + ":" + behind + " :" + behind + " ");
}

TEST_F(StringCommandsTest, RowsSayHowLongAValueMayBecome) {
  EXPECT_EQ(ValueBytes("setrange", {"key", "1000", "x"}), 1000U);
  EXPECT_EQ(ValueBytes("setrange", {"key", "-1", "x"}), 0U);
  EXPECT_EQ(ValueBytes("setrange", {"key", "x", "x"}), 0U);
  // Six bytes that ask for 4933.
  EXPECT_GE(ValueBytes("incrbyfloat", {"key", "1e4932"}), 4933U);
  const CommandIndex index;
  EXPECT_TRUE(index.Find("append")->Is(kRewrites));
  EXPECT_TRUE(index.Find("setrange")->Is(kRewrites));
}

TEST_F(StringCommandsTest, CountersKeepTheirBounds) {
  EXPECT_EQ(Ask("INCR a\r\nINCRBY a 10\r\nDECR a\r\nDECRBY a 3\r\nGET a"), ":1 :11 :10 :7 $1 7 ");
  EXPECT_EQ(Ask("INCRBY a 9223372036854775807\r\nDECRBY a -9223372036854775808"),
            "-ERR increment or decrement would overflow -ERR decrement would overflow ");
  EXPECT_EQ(Ask("SET a x\r\nINCR a\r\nINCRBY a 1.0"),
            "+OK " + std::string(kNotAnInteger) + std::string(kNotAnInteger));
}

TEST_F(StringCommandsTest, IncrByFloat) {
  EXPECT_EQ(Ask("INCRBYFLOAT a 0.1\r\nINCRBYFLOAT a 0.2\r\nINCRBYFLOAT a -5e-1\r\nGET a"),
            "$3 0.1 $3 0.3 $4 -0.2 $4 -0.2 ");
  EXPECT_EQ(Ask("SETEX a 100 5.0e3\r\nINCRBYFLOAT a 0\r\nTTL a"), "+OK $4 5000 :100 ");
  const std::string error = "-ERR value is not a valid float ";
  EXPECT_EQ(Ask("INCRBYFLOAT a x\r\nSET a x\r\nINCRBYFLOAT a 1"), error + "+OK " + error);
  const std::string not_finite = "-ERR increment would produce NaN or Infinity ";
  EXPECT_EQ(Ask("INCRBYFLOAT b inf\r\nSET b -inf\r\nINCRBYFLOAT b inf"),
            not_finite + "+OK " + not_finite);
}

TEST_F(StringCommandsTest, CountersKeepTypedNumbers) {
  PutTyped("i", kv::ValueType::kInteger, kv::ScalarBytes(int64_t{41}).view());
  PutTyped("f", kv::ValueType::kFloat, kv::ScalarBytes(1.25).view());
  EXPECT_EQ(Ask("INCR i\r\nINCRBYFLOAT f 1e1\r\nGET f"), ":42 $5 11.25 $5 11.25 ");
  ExpectKept("i", kv::ValueType::kInteger);
  ExpectKept("f", kv::ValueType::kFloat);
  EXPECT_EQ(kv::FloatOf(Stored("f").bytes), 11.25);
  EXPECT_EQ(Ask("INCRBYFLOAT f 1e400\r\nINCRBYFLOAT i 0.5"),
            "-ERR increment would produce NaN or Infinity $4 42.5 ");
  ExpectKept("i", kv::ValueType::kString);
}

TEST_F(StringCommandsTest, BooleansAndBytesAreNoNumbers) {
  PutTyped("t", kv::ValueType::kBoolean, "\x01");
  PutTyped("b", kv::ValueType::kBinary, "1");
  for (const std::string key : {"t", "b"}) {
    EXPECT_EQ(Ask("INCR " + key), kNotAnInteger);
    EXPECT_EQ(Ask("INCRBYFLOAT " + key + " 1"), "-ERR value is not a valid float ");
  }
}

TEST_F(StringCommandsTest, PartsOfTypedValuesAreThoseOfTheirText) {
  PutTyped("i", kv::ValueType::kInteger, kv::ScalarBytes(int64_t{-1234}).view());
  PutTyped("f", kv::ValueType::kFloat, kv::ScalarBytes(1.5).view());
  EXPECT_EQ(Ask("STRLEN i\r\nGETRANGE i 0 1\r\nSETRANGE i 1 9\r\nAPPEND f 0\r\nGET i\r\nGET f"),
            ":5 $2 -1 :5 :4 $5 -9234 $4 1.50 ");
  ExpectKept("i", kv::ValueType::kString);
  ExpectKept("f", kv::ValueType::kString);
}

}  // namespace
}  // namespace corelane::shard
