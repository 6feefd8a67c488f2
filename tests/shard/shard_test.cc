// The promises of shard.h, one by one, with lanes turned by hand.

#include "shard/shard.h"

#include <gtest/gtest.h>

#include <string>

#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

TEST(Shard, AnswersItsOwnKeysAtOnce) {
  Lanes lanes(1);
  TestClient client;
  client.Send(lanes[0], "SET a 1\r\nGET a\r\nGET b");
  EXPECT_EQ(client.Take(), "+OK $1 1 $-1 ");
}

TEST(Shard, FetchesAnotherLanesKey) {
  Lanes lanes(2);
  const std::string there = lanes.KeyOn(1);
  TestClient client;
  client.Send(lanes[0], "SET " + there + " x\r\nGET " + there);
  EXPECT_EQ(client.Take(), "");
  lanes.Settle();
  EXPECT_EQ(client.Take(), "+OK $1 x ");
  EXPECT_TRUE(lanes[0].Idle());
}

TEST(Shard, KeepsTheOrderOfRepliesOverLanes) {
  Lanes lanes(3);
  TestClient client;
  std::string commands;
  std::string expected;
  for (int i = 0; i < 60; ++i) {
    const std::string key = lanes.KeyOn(static_cast<uint32_t>(i * 7 % 3), "k" + std::to_string(i));
    commands += "SET " + key + " v" + std::to_string(i) + "\r\nGET " + key + "\r\n";
    const std::string value = "v" + std::to_string(i);
    expected += "+OK $" + std::to_string(value.size()) + " " + value + " ";
  }
  client.Send(lanes[1], commands);
  lanes.Settle();
  EXPECT_EQ(client.Take(), expected);
}

TEST(Shard, SplitsAndMergesCommandsOverLanes) {
  Lanes lanes(4);
  TestClient client;
  std::string mset = "MSET";
  std::string mget = "MGET";
  std::string expected = "*9 ";
  for (int i = 0; i < 8; ++i) {
    const std::string key =
        lanes.KeyOn(static_cast<uint32_t>(i % 4), "m" + std::to_string(i) + "_");
    mset += " " + key + " " + std::to_string(i);
    mget += " " + key;
    expected += "$1 " + std::to_string(i) + " ";
  }
  client.Send(lanes[2], mset + "\r\n" + mget + " absent\r\nDBSIZE\r\nEXISTS" + mget.substr(4) +
                            "\r\nDEL" + mget.substr(4) + "\r\nDBSIZE");
  lanes.Settle();
  EXPECT_EQ(client.Take(), "+OK " + expected + "$-1 :8 :8 :8 :0 ");
}

TEST(Shard, MgetSendsOneMessageALane) {
  Lanes lanes(4);
  TestClient client;
  std::string mget = "MGET";
  for (int i = 0; i < 512; ++i) mget += " key" + std::to_string(i);
  client.Send(lanes[0], mget);
  EXPECT_EQ(lanes.counters(0).commands_remote, 3U);
  lanes.Settle();
}

TEST(Shard, AMergeTellsTheFirstError) {
  Lanes lanes(2, true);
  const std::string here = lanes.KeyOn(0);
  const std::string there = lanes.KeyOn(1);
  lanes.log(1).admission = wal::Admission::kDiskFull;
  TestClient client;
  client.Send(lanes[0], "MSET " + here + " 1 " + there + " 2");
  lanes.Settle();
  EXPECT_EQ(client.Take(), "-MISCONF no space ");
}

TEST(Shard, RefusesWhatDoesNotFit) {
  Lanes lanes(1);
  TestClient client;
  client.Send(lanes[0], "SET " + std::string(kKeyBytesDefault + 1, 'k') + " v");
  EXPECT_EQ(client.Take(), "-ERR key exceeds maximum size ");
  client.Send(lanes[0], "NOSUCH a b\r\nGET\r\nMSET a\r\nSCAN x");
  EXPECT_EQ(client.Take(),
            "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b'  "
            "-ERR wrong number of arguments for 'get' command "
            "-ERR wrong number of arguments for 'mset' command "
            "-ERR invalid cursor ");
  client.Send(lanes[0], R"(NOSUCH "a\x00b" c)");
  EXPECT_EQ(client.Take(), "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'c'  ");
}

TEST(Shard, KnowsInternalWordsOnlyFromCodecs) {
  Lanes lanes(1);
  TestClient client;
  client.Send(lanes[0], "cl.get a\r\nCL.STATS");
  EXPECT_EQ(client.Take(),
            "-ERR unknown command 'cl.get', with args beginning with: 'a'  "
            "-ERR unknown command 'CL.STATS', with args beginning with:  ");
  PlannedBatch batch;
  batch.requests.Arg("a");
  batch.requests.Finish("cl.get", 0, kv::SpelledBy::kCodec);
  lanes[0].Plan(batch);
  lanes[0].Execute(batch, client);
  EXPECT_EQ(client.Take(), "$-1 ");
}

TEST(Shard, WaitsForTheLogBeforeItAnswersAWrite) {
  Lanes lanes(1, true);
  lanes.log(0).released = 0;
  TestClient client;
  client.Send(lanes[0], "SET a 1");
  EXPECT_FALSE(lanes[0].MayLeave(client));
  const int before = client.progress();
  lanes.Turn(0);
  EXPECT_EQ(client.progress(), before);
  lanes.log(0).released = 1;
  EXPECT_TRUE(lanes[0].HasWork());
  lanes.Turn(0);
  EXPECT_GT(client.progress(), before);
  EXPECT_TRUE(lanes[0].MayLeave(client));
}

TEST(Shard, AReadOfUnloggedDataWaitsTooAndOthersDoNot) {
  Lanes lanes(1, true);
  TestClient writer;
  writer.Send(lanes[0], "SET old 1");
  lanes.log(0).released = 1;
  writer.Send(lanes[0], "SET a 1");
  TestClient reader;
  reader.Send(lanes[0], "GET old");
  EXPECT_TRUE(lanes[0].MayLeave(reader));
  reader.Send(lanes[0], "GET a");
  EXPECT_FALSE(lanes[0].MayLeave(reader));
  TestClient counter;
  counter.Send(lanes[0], "DBSIZE");
  EXPECT_FALSE(lanes[0].MayLeave(counter));
  lanes[0].Forget(writer);
  lanes[0].Forget(reader);
  lanes[0].Forget(counter);
}

// Nobody waits for ever for a log that has failed, and nothing it did not confirm is confirmed.
TEST(Shard, AFailedLogGivesUpWhatWaitsForIt) {
  Lanes lanes(2, true);
  const std::string key = lanes.KeyOn(1);
  lanes.log(1).released = 0;
  TestClient remote;
  TestClient local;
  remote.Send(lanes[0], "SET " + key + " 1");
  lanes.Settle();
  local.Send(lanes[1], "SET " + key + " 2");
  EXPECT_FALSE(lanes[1].MayLeave(local));
  EXPECT_EQ(remote.Take(), "");
  lanes.log(1).admission = wal::Admission::kFailed;
  EXPECT_TRUE(lanes[1].HasWork());
  lanes.Settle();
  EXPECT_EQ(remote.Take(), "-MISCONF not confirmed: sync failed ");
  EXPECT_TRUE(local.log_lost());
  EXPECT_TRUE(lanes[0].Idle());
  lanes[1].Forget(local);
}

TEST(Shard, ARemoteWriteIsAnsweredWhenItsLaneHasReleasedIt) {
  Lanes lanes(2, true);
  const std::string there = lanes.KeyOn(1);
  lanes.log(1).released = 0;
  TestClient client;
  client.Send(lanes[0], "SET " + there + " 1");
  lanes.Settle();
  EXPECT_EQ(client.Take(), "");
  lanes.log(1).released = 1;
  lanes.Settle();
  EXPECT_EQ(client.Take(), "+OK ");
  EXPECT_TRUE(lanes[0].MayLeave(client));
}

TEST(Shard, ParksRequestsInOrderUntilTheLogHasRoom) {
  Lanes lanes(2, true);
  const std::string here = lanes.KeyOn(0);
  lanes.log(0).admission = wal::Admission::kWait;
  TestClient local;
  TestClient remote;
  // The read behind the write must not overtake it, on this lane and from another.
  local.Send(lanes[0], "SET " + here + " 1\r\nGET " + here);
  remote.Send(lanes[1], "SET " + here + " 2\r\nGET " + here);
  for (int turn = 0; turn < 4; ++turn) {
    lanes.Turn(0);
    lanes.Turn(1);
  }
  EXPECT_EQ(local.Take(), "");
  EXPECT_EQ(remote.Take(), "");
  lanes.log(0).admission = wal::Admission::kOk;
  lanes.Settle();
  EXPECT_EQ(local.Take(), "+OK $1 1 ");
  EXPECT_EQ(remote.Take(), "+OK $1 2 ");
  EXPECT_EQ(lanes.log(0).frames,
            (std::vector<std::string>{"put " + here + "=1", "put " + here + "=2"}));
}

TEST(Shard, RefusesWritesWhileTheLogCannotTakeThemAndReadsGoOn) {
  Lanes lanes(1, true);
  TestClient client;
  client.Send(lanes[0], "SET a 1");
  lanes.log(0).admission = wal::Admission::kFailed;
  client.Send(lanes[0], "SET a 2\r\nGET a\r\nDEL a\r\nPING");
  EXPECT_EQ(client.Take(), "+OK -MISCONF sync failed $1 1 -MISCONF sync failed +PONG ");
  EXPECT_EQ(lanes.counters(0).writes_refused, 2U);
  lanes.log(0).admission = wal::Admission::kOk;
  client.Send(lanes[0], "SET a 3");
  EXPECT_EQ(client.Take(), "+OK ");
}

TEST(Shard, LogsWhatChangedAndNothingElse) {
  Lanes lanes(1, true);
  TestClient client;
  client.Send(lanes[0],
              "SET a 5\r\nINCR a\r\nGET a\r\nDEL b\r\nSET a 1 NX\r\nPEXPIRE a 1000\r\nPERSIST a\r\n"
              "DEL a\r\nFLUSHALL\r\nEXPIRE a 5");
  EXPECT_EQ(client.Take(), "+OK :6 $1 6 :0 $-1 :1 :1 :1 +OK :0 ");
  const std::string at = std::to_string(lanes.clock().WallMillis() + 1000);
  EXPECT_EQ(lanes.log(0).frames, (std::vector<std::string>{"put a=5", "put a=6", "expiry a " + at,
                                                           "expiry a none", "erase a", "clear"}));
}

TEST(Shard, AConnectionThatGoesAwayLeavesNothingBehind) {
  Lanes lanes(2);
  const std::string there = lanes.KeyOn(1);
  {
    TestClient client;
    client.Send(lanes[0], "SET " + there + " 1\r\nPING\r\nGET " + there);
    lanes[0].Forget(client);
  }
  lanes.Settle();
  EXPECT_TRUE(lanes[0].Idle());
  TestClient later;
  later.Send(lanes[1], "GET " + there);
  EXPECT_EQ(later.Take(), "$1 1 ");  // it had been sent, so it was executed
}

TEST(Shard, NothingBehindQuitIsExecuted) {
  Lanes lanes(1);
  TestClient client;
  client.Send(lanes[0], "SET a 1\r\nQUIT\r\nSET a 2");
  EXPECT_EQ(client.Take(), "+OK +OK ");
  TestClient other;
  other.Send(lanes[0], "GET a");
  EXPECT_EQ(other.Take(), "$1 1 ");
}

// Two lanes send each other more than the mailboxes hold, before either takes anything.
TEST(Shard, TwoLanesFloodingEachOtherBothFinish) {
  constexpr int kRequests = 3 * static_cast<int>(kCredits);
  Lanes lanes(2);
  TestClient clients[2];
  std::string commands[2];
  std::string expected;
  for (uint32_t lane = 0; lane < 2; ++lane) {
    const std::string key = lanes.KeyOn(1 - lane);
    for (int i = 0; i < kRequests; ++i) commands[lane] += "INCR " + key + "\r\n";
  }
  for (int i = 1; i <= kRequests; ++i) expected += ":" + std::to_string(i) + " ";
  for (uint32_t lane = 0; lane < 2; ++lane) clients[lane].Send(lanes[lane], commands[lane]);
  EXPECT_TRUE(lanes[0].Congested(clients[0]));
  EXPECT_GT(lanes.mailbox(0).counters().spilled, 0U);
  lanes.Settle();
  for (TestClient& client : clients) EXPECT_EQ(client.Take(), expected);
  EXPECT_FALSE(lanes[0].Congested(clients[0]));
  EXPECT_TRUE(lanes[0].Idle());
}

TEST(Shard, AScanMeetsEveryKeyOnce) {
  Lanes lanes(3);
  TestClient client;
  constexpr int kKeys = 2000;
  for (int i = 0; i < kKeys; ++i) client.Send(lanes[0], "SET key:" + std::to_string(i) + " v");
  lanes.Settle();
  (void)client.Take();
  std::string cursor = "0";
  std::vector<std::string> seen;
  do {
    client.Send(lanes[0], "SCAN " + cursor + " COUNT 100");
    lanes.Settle();
    std::string reply = client.Take();  // *2 $n cursor *n $n key ...
    std::vector<std::string> words;
    for (size_t at = 0, end; (end = reply.find(' ', at)) != std::string::npos; at = end + 1) {
      words.push_back(reply.substr(at, end - at));
    }
    cursor = words[2];
    for (size_t i = 5; i < words.size(); i += 2) seen.push_back(words[i]);
  } while (cursor != "0");
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen.size(), static_cast<size_t>(kKeys));
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

TEST(Shard, TheSweepDropsWhatExpired) {
  Lanes lanes(1);
  TestClient client;
  for (int i = 0; i < 500; ++i) client.Send(lanes[0], "SET k" + std::to_string(i) + " v PX 10");
  client.Send(lanes[0], "SET stays v");
  (void)client.Take();
  lanes.clock().AdvanceMillis(20);
  // The manual clock stands still during a slice, so one slice sweeps everything.
  (void)lanes[0].RunBackground();
  client.Send(lanes[0], "DBSIZE");
  lanes.Settle();
  EXPECT_EQ(client.Take(), ":1 ");
}

}  // namespace
}  // namespace corelane::shard
