// The memcache commands where memcached cannot be asked: time that passes, other protocols, lanes,
// and the log. What memcached can be asked, tests/peers asks it.

#include <gtest/gtest.h>

#include <string>

#include "proto/memcache_codec.h"
#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

class MemcacheCommands : public testing::Test {
 protected:
  // Sends lines to the first lane and takes the replies.
  std::string Ask(const std::string& lines) { return AskAs(memcache_, lines); }
  std::string AskResp(const std::string& lines) { return AskAs(resp_, lines); }

  std::string AskAs(TestClient& client, const std::string& lines) {
    client.Send(lanes_[0], lines);
    lanes_.Settle();
    return client.Take();
  }

  void Pass(int64_t millis) {
    lanes_.clock().AdvanceMillis(millis);
    lanes_.Settle();
  }

  // The cas unique of a key.
  std::string Unique(const std::string& key) {
    const std::string reply = Ask("mg " + key + " c");
    return reply.substr(4, reply.size() - 5);  // "HD cN "
  }

  Lanes lanes_{1, true};
  TestClient memcache_{proto::Protocol::kMemcache};
  TestClient resp_;
};

TEST_F(MemcacheCommands, ValuesExpire) {
  EXPECT_EQ(Ask("set k 0 2 1\r\na"), "STORED ");
  Pass(1999);
  EXPECT_EQ(Ask("mg k t v"), "VA 1 t1 a ");
  EXPECT_EQ(Ask("touch k 5"), "TOUCHED ");
  Pass(4999);
  EXPECT_EQ(Ask("gat 1 k"), "VALUE k 0 1 a END ");
  Pass(1000);
  EXPECT_EQ(Ask("get k"), "END ");
}

TEST_F(MemcacheCommands, FlushAllWaitsForItsTime) {
  EXPECT_EQ(Ask("set a 0 0 1\r\n1\r\nflush_all 10"), "STORED OK ");
  Pass(9999);
  // What is stored before the time goes as well as what was there.
  EXPECT_EQ(Ask("get a\r\nset b 0 0 1\r\n2"), "VALUE a 0 1 1 END STORED ");
  Pass(1);
  EXPECT_EQ(Ask("get a b\r\nset c 0 0 1\r\n3\r\nget c"), "END STORED VALUE c 0 1 3 END ");
  EXPECT_EQ(lanes_.log(0).frames.back(), "put c=3");
}

TEST_F(MemcacheCommands, ASecondFlushAllTakesThePlaceOfTheFirst) {
  EXPECT_EQ(Ask("flush_all 10\r\nflush_all"), "OK OK ");
  EXPECT_EQ(Ask("set a 0 0 1\r\n1"), "STORED ");
  Pass(20'000);
  EXPECT_EQ(Ask("get a"), "VALUE a 0 1 1 END ");
}

TEST_F(MemcacheCommands, ADelayedFlushWaitsForRoomInTheLog) {
  EXPECT_EQ(Ask("set a 0 0 1\r\n1\r\nflush_all 1"), "STORED OK ");
  lanes_.log(0).admission = wal::Admission::kDiskFull;
  Pass(2000);
  EXPECT_EQ(Ask("get a"), "VALUE a 0 1 1 END ");
  EXPECT_EQ(Ask("set a 0 0 1\r\n2"), "SERVER_ERROR no space ");
  lanes_.log(0).admission = wal::Admission::kOk;
  Pass(1);
  EXPECT_EQ(Ask("get a"), "END ");
  EXPECT_EQ(lanes_.log(0).frames.back(), "clear");
}

TEST_F(MemcacheCommands, AnotherProtocolSeesTheSameBytes) {
  EXPECT_EQ(Ask("set k 42 0 5\r\nhello"), "STORED ");
  EXPECT_EQ(AskResp("GET k\r\nTYPE k\r\nTTL k"), "$5 hello +string :-1 ");
  EXPECT_EQ(Ask("touch k 100"), "TOUCHED ");
  EXPECT_EQ(AskResp("TTL k"), ":100 ");
}

TEST_F(MemcacheCommands, AWriteOfAnotherProtocolClearsFlagsAndVersion) {
  for (const std::string write : {"SET k b", "SET k b KEEPTTL", "MSET k b", "GETSET k b"}) {
    EXPECT_EQ(Ask("set k 42 0 1\r\na"), "STORED ");
    const std::string unique = Unique("k");
    EXPECT_EQ(Ask("cas k 42 0 1 " + unique + "\r\na"), "STORED ") << write;
    const std::string next = Unique("k");
    static_cast<void>(AskResp(write));
    EXPECT_EQ(Ask("cas k 42 0 1 " + next + "\r\nx"), "EXISTS ") << write;
    EXPECT_EQ(Ask("mg k f v"), "VA 1 f0 b ") << write;
  }
}

TEST_F(MemcacheCommands, AnExpiryOfAnotherProtocolKeepsThem) {
  EXPECT_EQ(Ask("set k 42 0 1\r\na"), "STORED ");
  const std::string unique = Unique("k");
  EXPECT_EQ(AskResp("EXPIRE k 100\r\nPERSIST k\r\nEXPIRE k 50"), ":1 :1 :1 ");
  EXPECT_EQ(Ask("mg k f t"), "HD f42 t50 ");
  EXPECT_EQ(Ask("cas k 1 0 1 " + unique + "\r\nb"), "STORED ");
}

TEST_F(MemcacheCommands, IntegersOfAnotherProtocolStayIntegers) {
  EXPECT_EQ(AskResp("INCRBY n 10"), ":10 ");
  EXPECT_EQ(Ask("get n"), "VALUE n 0 2 10 END ");
  EXPECT_EQ(Ask("decr n 1\r\nget n"), "9 VALUE n 0 1 9 END ");
  EXPECT_EQ(AskResp("INCR n"), ":10 ");
  EXPECT_EQ(Ask("append n 0 0 1\r\n5\r\nget n"), "STORED VALUE n 0 3 105 END ");
  // Above what a signed number holds it is text.
  EXPECT_EQ(AskResp("SET n 0\r\nINCR n"), "+OK :1 ");
  EXPECT_EQ(Ask("incr n 18446744073709551610"), "18446744073709551611 ");
  EXPECT_EQ(Ask("get n"), "VALUE n 0 20 18446744073709551611 END ");
  EXPECT_EQ(AskResp("DECR m"), ":-1 ");
  EXPECT_EQ(Ask("incr m 1"), "CLIENT_ERROR cannot increment or decrement non-numeric value ");
}

TEST_F(MemcacheCommands, IdsOfALaterRunAreHigher) {
  EXPECT_EQ(Ask("set k 0 0 1\r\na"), "STORED ");
  const std::string before = Unique("k");
  Lanes later(1);
  later.clock().AdvanceMillis(1);
  TestClient client(proto::Protocol::kMemcache);
  client.Send(later[0], "set k 0 0 1\r\na\r\nmg k c\r\ncas k 0 0 1 " + before + "\r\nb");
  const std::string reply = client.Take();
  EXPECT_TRUE(reply.ends_with("EXISTS ")) << reply;
}

TEST_F(MemcacheCommands, MarksThatMatterAreLogged) {
  EXPECT_EQ(Ask("set k 0 0 1\r\na\r\nget k"), "STORED VALUE k 0 1 a END ");
  const std::string unique = Unique("k");
  EXPECT_EQ(Ask("mg k c"), "HD c" + unique + " ");
  EXPECT_EQ(lanes_.log(0).frames.size(), 1u);  // reading logs nothing, whatever it marks
  EXPECT_EQ(Ask("md k I\r\nmg k"), "HD HD X W ");
  EXPECT_EQ(lanes_.log(0).frames.size(), 2u);
  EXPECT_EQ(lanes_.log(0).frames.back().substr(0, 8), "marks k ");
  EXPECT_EQ(Ask("md k I T-1"), "HD ");
  EXPECT_EQ(lanes_.log(0).frames.back(), "erase k");
}

TEST_F(MemcacheCommands, WritesAreRefusedWithAFullDiskAndReadsGoOn) {
  EXPECT_EQ(Ask("set k 0 0 1\r\na"), "STORED ");
  lanes_.log(0).admission = wal::Admission::kDiskFull;
  for (const std::string write :
       {"set k 0 0 1\r\nb", "delete k", "incr k 1", "touch k 5", "gat 5 k", "mg k T5", "mg x N5",
        "ms k 1\r\nb", "md k", "ma k", "flush_all"}) {
    EXPECT_EQ(Ask(write), "SERVER_ERROR no space ") << write;
  }
  EXPECT_EQ(Ask("get k\r\nmg k v"), "VALUE k 0 1 a END VA 1 a ");
  EXPECT_TRUE(Ask("gets k").ends_with(" a END "));
}

TEST_F(MemcacheCommands, AppendStopsAtTheLimit) {
  const std::string half((kValueBytesDefault + 1) / 2, 'x');
  EXPECT_EQ(Ask("set k 0 0 " + std::to_string(half.size()) + "\r\n" + half), "STORED ");
  EXPECT_EQ(Ask("append k 0 0 " + std::to_string(half.size()) + "\r\n" + half), "STORED ");
  EXPECT_EQ(Ask("append k 0 0 1\r\nx\r\nprepend k 0 0 1\r\nx\r\nms k 1 MA\r\nx"),
            "NOT_STORED NOT_STORED NS ");
  EXPECT_EQ(Ask("mg k s"), "HD s" + std::to_string(kValueBytesDefault) + " ");
}

TEST_F(MemcacheCommands, StaleValuesAreRecachedByOneClient) {
  EXPECT_EQ(Ask("set k 0 100 1\r\na"), "STORED ");
  Pass(80'000);
  EXPECT_EQ(Ask("mg k R30 v t\r\nmg k R30 v t"), "VA 1 t20 W a VA 1 t20 Z a ");
  EXPECT_EQ(Ask("set k 0 100 1\r\nb\r\nmg k R30 v"), "STORED VA 1 b ");
}

TEST_F(MemcacheCommands, StatisticsCountWhatHappened) {
  static_cast<void>(
      Ask("set k 0 0 1\r\n1\r\nget k x\r\nincr k 1\r\nincr x 1\r\ndecr x 1\r\n"
          "delete x\r\ntouch x 1\r\ncas k 0 0 1 5\r\na\r\ncas x 0 0 1 5\r\na\r\n"
          "delete k\r\nmg k"));
  const std::string stats = Ask("stats");
  for (const std::string line :
       {"cmd_get 3", "get_hits 1", "get_misses 2", "cmd_set 3", "incr_hits 1", "incr_misses 1",
        "decr_misses 1", "delete_hits 1", "delete_misses 1", "cmd_touch 1", "touch_misses 1",
        "cas_badval 1", "cas_misses 1", "curr_items 0", "total_items 1", "threads 1",
        "version 1.6.18"}) {
    EXPECT_NE(stats.find("STAT " + line + " "), std::string::npos) << line << "\n" << stats;
  }
  EXPECT_EQ(Ask("stats reset"), "RESET ");
  EXPECT_NE(Ask("stats").find("STAT cmd_get 0 "), std::string::npos);
  EXPECT_NE(Ask("stats settings").find("STAT maxconns "), std::string::npos);
}

TEST(MemcacheLanes, AMultiGetIsOneMessageALane) {
  Lanes lanes(4);
  TestClient client(proto::Protocol::kMemcache);
  std::string sets;
  std::string get = "gets";
  std::string gat = "gat 100";
  std::string expected;
  for (uint32_t i = 0; i < 64; ++i) {
    const std::string key = lanes.KeyOn(i % 4, "m" + std::to_string(i) + "_");
    sets += "set " + key + " " + std::to_string(i) + " 0 1 noreply\r\nv\r\n";
    get += " " + key;
    gat += " " + key;
    expected += "VALUE " + key + " " + std::to_string(i) + " 1 v ";
  }
  sets += "mn";
  client.Send(lanes[0], sets);
  lanes.Settle();
  EXPECT_EQ(client.Take(), "MN ");
  const uint64_t sent = lanes.mailbox(0).counters().sent;
  client.Send(lanes[0], gat);
  lanes.Settle();
  EXPECT_EQ(client.Take(), expected + "END ");
  EXPECT_EQ(lanes.mailbox(0).counters().sent - sent, 3u);
  client.Send(lanes[0], get);
  lanes.Settle();
  EXPECT_EQ(client.Take().substr(0, 5), "VALUE");
  EXPECT_EQ(lanes.mailbox(0).counters().sent - sent, 6u);
}

TEST(MemcacheLanes, RepliesKeepTheirOrderAndQuietOnesLeaveNoGap) {
  Lanes lanes(3);
  TestClient client(proto::Protocol::kMemcache);
  const std::string there = lanes.KeyOn(2);
  const std::string here = lanes.KeyOn(0);
  client.Send(lanes[0], "set " + there + " 0 0 1 noreply\r\na\r\nms " + there +
                            " 1 q\r\nb\r\nget " + there + "\r\nfoo\r\nget " + here + "\r\nmg " +
                            here + " q\r\nmn\r\nflush_all 5\r\nstats reset");
  lanes.Settle();
  EXPECT_EQ(client.Take(), "VALUE " + there + " 0 1 b END ERROR END MN OK RESET ");
  lanes.clock().AdvanceMillis(6000);
  client.Send(lanes[1], "get " + there);
  lanes.Settle();
  EXPECT_EQ(client.Take(), "END ");
}

}  // namespace
}  // namespace corelane::shard
