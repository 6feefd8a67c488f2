// DUMP, RESTORE, OBJECT and MEMORY through a shard.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "shard/commands/rdb_string.h"
#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

class Dump : public testing::Test {
 protected:
  std::string Run(std::string_view lines) {
    client_.Send(lanes_[0], lines);
    lanes_.Settle();
    return client_.Take();
  }
  // A payload as a word of an inline command.
  static std::string Quoted(std::string_view payload) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string word = "\"";
    for (const char byte : payload) {
      const auto number = static_cast<unsigned char>(byte);
      word += {'\\', 'x', kDigits[number >> 4], kDigits[number & 15]};
    }
    return word + "\"";
  }

  Lanes lanes_{2, true};
  TestClient client_;
};

TEST_F(Dump, ComesBack) {
  const std::string payload = DumpString("hello");
  EXPECT_EQ(Run("SET k hello\r\nDUMP k\r\nDUMP none"),
            "+OK $" + std::to_string(payload.size()) + " " + payload + " $-1 ");
  EXPECT_EQ(Run("RESTORE other 0 " + Quoted(payload) + "\r\nGET other\r\nTTL other"),
            "+OK $5 hello :-1 ");
  EXPECT_EQ(Run("INCRBY n 77\r\nRESTORE n 0 " + Quoted(DumpString("78")) + " REPLACE\r\nINCR n"),
            ":77 +OK :79 ");
}

TEST_F(Dump, WhatIsThereStaysUnlessReplaced) {
  const std::string payload = Quoted(DumpString("new"));
  EXPECT_EQ(Run("SET k old\r\nRESTORE k 0 " + payload + "\r\nGET k"),
            "+OK -BUSYKEY Target key name already exists. $3 old ");
  EXPECT_EQ(Run("RESTORE k 0 " + payload + " replace\r\nGET k"), "+OK $3 new ");
  EXPECT_EQ(Run("RESTORE k 0 broken REPLACE\r\nGET k"),
            "-ERR DUMP payload version or checksum are wrong $3 new ");
}

TEST_F(Dump, TimesToLive) {
  const std::string payload = Quoted(DumpString("v"));
  const int64_t now = lanes_.clock().WallMillis();
  EXPECT_EQ(Run("RESTORE a 500 " + payload + "\r\nPTTL a"), "+OK :500 ");
  EXPECT_EQ(Run("RESTORE b " + std::to_string(now + 700) + " " + payload + " ABSTTL\r\nPTTL b"),
            "+OK :700 ");
  EXPECT_EQ(Run("RESTORE a 1 " + payload + " ABSTTL REPLACE\r\nEXISTS a"), "+OK :0 ");
  EXPECT_EQ(Run("RESTORE c 0 " + payload + " IDLETIME 100\r\nOBJECT IDLETIME c"), "+OK :100 ");
  EXPECT_EQ(Run("RESTORE d 0 " + payload + " IDLETIME 9223372036854775807\r\nEXISTS d"), "+OK :1 ");
}

TEST_F(Dump, Errors) {
  const std::string payload = Quoted(DumpString("v"));
  const std::string integer = "-ERR value is not an integer or out of range ";
  EXPECT_EQ(Run("RESTORE k x " + payload), integer);
  EXPECT_EQ(Run("RESTORE k -1 " + payload), "-ERR Invalid TTL value, must be >= 0 ");
  EXPECT_EQ(Run("RESTORE k 0 " + payload + " FREQ"), "-ERR syntax error ");
  EXPECT_EQ(Run("RESTORE k 0 " + payload + " FREQ 256"),
            "-ERR Invalid FREQ value, must be >= 0 and <= 255 ");
  EXPECT_EQ(Run("RESTORE k 0 " + payload + " IDLETIME -1"),
            "-ERR Invalid IDLETIME value, must be >= 0 ");
  EXPECT_EQ(Run("RESTORE k 0 " + payload + " IDLETIME x"), integer);
  EXPECT_EQ(Run("RESTORE k 0 " + payload + " IDLETIME 1 FREQ 1"), "-ERR syntax error ");
  std::string list(1, '\x01');
  list += DumpString("v").substr(1);
  EXPECT_EQ(Run("RESTORE k 0 " + Quoted(list)), "-ERR DUMP payload version or checksum are wrong ");
  EXPECT_EQ(Run("RESTORE k 0"), "-ERR wrong number of arguments for 'restore' command ");
}

// Too long for a line, so it comes as an array.
std::string RestoreRequest(std::string_view key, std::string_view payload) {
  std::string request = "*4\r\n";
  for (const std::string_view word :
       {std::string_view("RESTORE"), key, std::string_view("0"), payload}) {
    request.append("$").append(std::to_string(word.size())).append("\r\n");
    request.append(word).append("\r\n");
  }
  return request;
}

TEST_F(Dump, ValuesUpToTheLimit) {
  const std::string largest(kValueBytesDefault, 'x');
  EXPECT_EQ(Run(RestoreRequest("k", DumpString(largest)) + "STRLEN k"),
            "+OK :" + std::to_string(kValueBytesDefault) + " ");
  EXPECT_EQ(Run(RestoreRequest("l", DumpString(largest + "y"))),
            "-ERR value exceeds maximum size ");
  EXPECT_EQ(Run(RestoreRequest(std::string(kKeyBytesDefault + 1, 'k'), "x")),
            "-ERR key exceeds maximum size ");
}

TEST(Object, Encoding) {
  Lanes lanes(1);
  TestClient client;
  client.Send(lanes[0], "MSET i 12 e " + std::string(44, 'x') + " r " + std::string(45, 'x'));
  client.Send(lanes[0],
              "OBJECT ENCODING i\r\nOBJECT ENCODING e\r\nOBJECT ENCODING r\r\n"
              "OBJECT ENCODING none\r\nINCR i\r\nOBJECT ENCODING i");
  EXPECT_EQ(client.Take(), "+OK $3 int $6 embstr $3 raw $-1 :13 $3 int ");
  client.Send(lanes[0],
              "MSET a 9999 b 10000 c -1\r\nOBJECT REFCOUNT a\r\nOBJECT REFCOUNT b\r\n"
              "OBJECT REFCOUNT c\r\nOBJECT REFCOUNT none");
  EXPECT_EQ(client.Take(), "+OK :2147483647 :1 :1 $-1 ");
}

TEST(Object, IdleTimeIsSinceTheWrite) {
  Lanes lanes(1);
  TestClient client;
  client.Send(lanes[0], "SET k v");
  lanes.clock().AdvanceMillis(7000);
  client.Send(lanes[0], "GET k\r\nOBJECT IDLETIME k\r\nSET k v\r\nOBJECT IDLETIME k");
  EXPECT_EQ(client.Take(), "+OK $1 v :7 +OK :0 ");
}

TEST(Memory, UsageIsTheEntryAndItsSlots) {
  Lanes lanes(1);
  TestClient client;
  client.Send(lanes[0],
              "SET k v\r\nMEMORY USAGE k\r\nMEMORY USAGE k SAMPLES 0\r\n"
              "MEMORY USAGE none\r\nMEMORY USAGE k SAMPLES -1\r\nMEMORY USAGE k foo 1");
  // 16 for the entry, 9 for a slot; the smallest set has one.
  EXPECT_EQ(client.Take(), "+OK :25 :25 $-1 -ERR syntax error -ERR syntax error ");
}

TEST(Memory, StatsAddUpTheLanes) {
  Lanes lanes(3);
  TestClient client;
  for (int i = 0; i < 20; ++i) client.Send(lanes[0], "SET key" + std::to_string(10 + i) + " val");
  lanes.Settle();
  (void)client.Take();
  client.Send(lanes[0], "MEMORY STATS\r\nMEMORY PURGE\r\nMEMORY DOCTOR");
  lanes.Settle();
  const std::string reply = client.Take();
  EXPECT_NE(reply.find("$10 keys.count :20 "), std::string::npos) << reply;
  EXPECT_NE(reply.find("$13 dataset.bytes :160 "), std::string::npos) << reply;
  EXPECT_NE(reply.find("+OK $"), std::string::npos) << reply;
  EXPECT_NE(reply.find("20 keys with 160 bytes"), std::string::npos) << reply;
}

}  // namespace
}  // namespace corelane::shard
