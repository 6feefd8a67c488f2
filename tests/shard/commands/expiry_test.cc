// The commands on the time to live of keys: conditions, rounding, errors, what is logged.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

class Expiry : public testing::Test {
 protected:
  std::string Run(std::string_view lines) {
    client_.Send(lanes_[0], lines);
    return client_.Take();
  }
  [[nodiscard]] int64_t now() { return lanes_.clock().WallMillis(); }

  Lanes lanes_{1, true};
  TestClient client_;
};

TEST_F(Expiry, FourWaysToSaySoAndFourToAsk) {
  const std::string at_ms = std::to_string(now() + 100'000);
  const std::string at_s = std::to_string(now() / 1000 + 100);
  EXPECT_EQ(Run("SET k v\r\nEXPIRE k 100\r\nPTTL k\r\nTTL k"), "+OK :1 :100000 :100 ");
  EXPECT_EQ(Run("PEXPIRE k 100000\r\nPEXPIRETIME k"), ":1 :" + at_ms + " ");
  EXPECT_EQ(Run("EXPIREAT k " + at_s + "\r\nEXPIRETIME k"), ":1 :" + at_s + " ");
  EXPECT_EQ(Run("PEXPIREAT k " + at_ms + "\r\nPEXPIRETIME k"), ":1 :" + at_ms + " ");
  EXPECT_EQ(Run("PERSIST k\r\nPERSIST k\r\nPERSIST none"), ":1 :0 :0 ");
  EXPECT_EQ(Run("TTL k\r\nPTTL k\r\nEXPIRETIME k\r\nPEXPIRETIME k"), ":-1 :-1 :-1 :-1 ");
  EXPECT_EQ(Run("TTL x\r\nPTTL x\r\nEXPIRETIME x\r\nPEXPIRETIME x"), ":-2 :-2 :-2 :-2 ");
}

TEST_F(Expiry, SecondsAreRounded) {
  EXPECT_EQ(Run("SET k v PX 1499\r\nTTL k\r\nSET k v PX 1500\r\nTTL k\r\nSET k v PX 1\r\nTTL k"),
            "+OK :1 +OK :2 +OK :0 ");
  EXPECT_EQ(Run("SET k v PXAT 9000000001499\r\nEXPIRETIME k\r\nSET k v PXAT 9000000001500\r\n"
                "EXPIRETIME k"),
            "+OK :9000000001 +OK :9000000002 ");
}

TEST_F(Expiry, Conditions) {
  // A key without an expiry lives longer than any other.
  EXPECT_EQ(Run("SET k v\r\nEXPIRE k 10 XX\r\nEXPIRE k 10 GT\r\nTTL k\r\nEXPIRE k 10 LT\r\nTTL k"),
            "+OK :0 :0 :-1 :1 :10 ");
  EXPECT_EQ(Run("EXPIRE k 20 NX\r\nEXPIRE k 20 LT\r\nEXPIRE k 10 GT\r\nEXPIRE k 10 LT\r\nTTL k"),
            ":0 :0 :0 :0 :10 ");
  EXPECT_EQ(Run("EXPIRE k 20 xx gt\r\nTTL k\r\nEXPIRE k 5 LT XX\r\nTTL k"), ":1 :20 :1 :5 ");
  EXPECT_EQ(Run("PERSIST k\r\nEXPIRE k 5 LT XX\r\nEXPIRE k 5 NX NX\r\nTTL k"), ":1 :0 :1 :5 ");
  // What they refuse is not deleted either.
  EXPECT_EQ(Run("EXPIRE k -1 GT\r\nEXISTS k\r\nEXPIRE k -1 LT\r\nEXISTS k"), ":0 :1 :1 :0 ");
}

TEST_F(Expiry, Errors) {
  const std::string nx = "-ERR NX and XX, GT or LT options at the same time are not compatible ";
  EXPECT_EQ(Run("EXPIRE k 1 NX XX\r\nEXPIRE k 1 GT NX\r\nEXPIRE k 1 NX LT"), nx + nx + nx);
  EXPECT_EQ(Run("EXPIRE k 1 GT LT"), "-ERR GT and LT options at the same time are not compatible ");
  EXPECT_EQ(Run("EXPIRE k x foo"), "-ERR Unsupported option foo ");
  EXPECT_EQ(Run("EXPIRE k 1.5"), "-ERR value is not an integer or out of range ");
  EXPECT_EQ(Run("EXPIRE none 9223372036854776"), "-ERR invalid expire time in 'expire' command ");
  EXPECT_EQ(Run("EXPIREAT none 9223372036854776"),
            "-ERR invalid expire time in 'expireat' command ");
  EXPECT_EQ(Run("PEXPIRE none 9223372036854775807"),
            "-ERR invalid expire time in 'pexpire' command ");
  EXPECT_EQ(Run("PEXPIREAT none 9223372036854775807\r\nPEXPIREAT none -9223372036854775808"),
            ":0 :0 ");
}

TEST_F(Expiry, TheLatestTimeIsATimeAndNotNever) {
  EXPECT_EQ(Run("SET k v\r\nPEXPIREAT k 9223372036854775807\r\nPEXPIRETIME k\r\nPERSIST k"),
            "+OK :1 :9223372036854775806 :1 ");
}

TEST_F(Expiry, TheLogHasAbsoluteTimesAndErasures) {
  Run("SET k v\r\nEXPIRE k 1\r\nEXPIRE k 1 NX\r\nEXPIREAT k 1\r\nEXPIRE k 1");
  EXPECT_EQ(
      lanes_.log(0).frames,
      (std::vector<std::string>{"put k=v", "expiry k " + std::to_string(now() + 1000), "erase k"}));
}

}  // namespace
}  // namespace corelane::shard
