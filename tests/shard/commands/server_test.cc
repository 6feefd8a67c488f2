// COMMAND, CONFIG and the commands about running the server, over two lanes in one thread.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "shard/lane_host.h"
#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

class StoppableHost final : public LaneHost {
 public:
  int shutdowns = 0;
  void VisitClients(absl::FunctionRef<void(const ClientState&)> /*visit*/) override {}
  bool CloseClient(uint64_t /*id*/, bool /*after_replies*/) override { return false; }
  void RequestShutdown() override { ++shutdowns; }
};

class ServerCommandsTest : public testing::Test {
 protected:
  explicit ServerCommandsTest(bool with_log = false) : lanes_(2, with_log) {
    lanes_.server_facts().config = {{"port", "7878"}, {"appendonly", "yes"}};
  }
  std::string Ask(std::string_view line) {
    client_.Send(lanes_[0], line);
    lanes_.Settle();
    return client_.Take();
  }

  Lanes lanes_;
  TestClient client_;
};

class LoggedServerCommandsTest : public ServerCommandsTest {
 protected:
  LoggedServerCommandsTest() : ServerCommandsTest(true) {}
};

TEST_F(ServerCommandsTest, CommandInfoHasTheTenFields) {
  EXPECT_EQ(Ask("COMMAND INFO nosuch"), "*1 $-1 ");
  const std::string get = Ask("COMMAND INFO get");
  EXPECT_TRUE(get.starts_with("*1 *10 $3 get :2 ")) << get;
  EXPECT_NE(get.find(" :1 :1 :1 "), std::string::npos);
  EXPECT_NE(get.find("+@read "), std::string::npos);
  EXPECT_NE(get.find("$7 lastkey :0 $7 keystep :1 "), std::string::npos);
  const std::string client = Ask("COMMAND INFO client");
  EXPECT_NE(client.find("*10 $14 client|getname :2 "), std::string::npos) << client;
  EXPECT_TRUE(Ask("COMMAND INFO CLIENT|ID").starts_with("*1 *10 $9 client|id :2 "));
  EXPECT_EQ(Ask("COMMAND INFO cl.put"), "*1 $-1 ");
}

TEST_F(ServerCommandsTest, CommandFindsKeys) {
  EXPECT_EQ(Ask("COMMAND GETKEYS get k"), "*1 $1 k ");
  EXPECT_EQ(Ask("COMMAND GETKEYS mset a 1 b 2"), "*2 $1 a $1 b ");
  EXPECT_EQ(Ask("COMMAND GETKEYS nosuch x"), "-ERR Invalid command specified ");
  EXPECT_EQ(Ask("COMMAND GETKEYS ping x"), "-ERR The command has no key arguments ");
  EXPECT_EQ(Ask("COMMAND GETKEYS get k b"),
            "-ERR Invalid number of arguments specified for command ");
  EXPECT_EQ(Ask("COMMAND GETKEYSANDFLAGS mget a b"),
            "*2 *2 $1 a *2 +RO +access *2 $1 b *2 +RO +access ");
}

TEST_F(ServerCommandsTest, CommandListFilters) {
  EXPECT_EQ(Ask("COMMAND LIST FILTERBY PATTERN config|?et"), "*2 $10 config|get $10 config|set ");
  EXPECT_EQ(Ask("COMMAND LIST FILTERBY MODULE x"), "*0 ");
  EXPECT_NE(Ask("COMMAND LIST FILTERBY ACLCAT connection").find("$4 echo "), std::string::npos);
  EXPECT_EQ(Ask("COMMAND LIST FILTERBY x y"), "-ERR syntax error ");
  EXPECT_EQ(Ask("COMMAND LIST x"), "-ERR syntax error ");
  EXPECT_EQ(Ask("COMMAND LIST").find("cl."), std::string::npos);
}

TEST_F(ServerCommandsTest, ConfigSetChangesAllLanes) {
  EXPECT_EQ(Ask("CONFIG SET timeout 3 SLOWLOG-MAX-LEN 7"), "+OK ");
  for (uint32_t lane : {0, 1}) {
    EXPECT_EQ(lanes_.settings(lane).idle_timeout_ms, 3'000);
    EXPECT_EQ(lanes_.settings(lane).slowlog_entries_max, 7);
  }
  EXPECT_EQ(Ask("CONFIG GET time* slowlog-max-len port"),
            "*6 $4 port $4 7878 $15 slowlog-max-len $1 7 $7 timeout $1 3 ");
}

TEST_F(ServerCommandsTest, ConfigSetChangesAllOrNothing) {
  const std::string failed = "-ERR CONFIG SET failed (possibly related to argument '";
  EXPECT_EQ(Ask("CONFIG SET slowlog-max-len 7 timeout x"),
            failed + "timeout') - argument couldn't be parsed into an integer ");
  EXPECT_EQ(Ask("CONFIG SET slowlog-max-len 7 timeout -1"),
            failed + "timeout') - argument must be between 0 and 2147483647 inclusive ");
  EXPECT_EQ(Ask("CONFIG SET slowlog-max-len 7 slowlog-max-len 8"),
            failed + "slowlog-max-len') - duplicate parameter ");
  EXPECT_EQ(Ask("CONFIG SET slowlog-max-len 7 latency-tracking maybe"),
            failed + "latency-tracking') - argument must be 'yes' or 'no' ");
  EXPECT_EQ(Ask("CONFIG SET slowlog-max-len 7 port 1"),
            failed + "port') - can't set immutable config ");
  EXPECT_EQ(Ask("CONFIG SET slowlog-max-len 7 nosuch 1"),
            "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch' ");
  EXPECT_EQ(Ask("CONFIG SET slowlog-max-len 7 timeout"), "-ERR syntax error ");
  EXPECT_EQ(lanes_.settings(0).slowlog_entries_max, kSlowlogEntriesDefault);
  EXPECT_EQ(Ask("CONFIG SET appendonly yes"), "+OK ");  // as it is
}

TEST_F(ServerCommandsTest, ConfigResetStatKeepsWhatIsThere) {
  lanes_.counters(1).connections_open = 3;
  lanes_.counters(1).reads_hit = 5;
  EXPECT_EQ(Ask("CONFIG RESETSTAT"), "+OK ");
  EXPECT_EQ(lanes_.counters(1).connections_open, 3U);
  EXPECT_EQ(lanes_.counters(1).reads_hit, 0U);
}

TEST_F(ServerCommandsTest, SaveNeedsALog) {
  const std::string no_log =
      "-ERR there is no log to make durable: the server runs with --fsync=off ";
  EXPECT_EQ(Ask("SAVE"), no_log);
  EXPECT_EQ(Ask("BGSAVE"), no_log);
  EXPECT_EQ(Ask("SHUTDOWN SAVE"), "-ERR Errors trying to SHUTDOWN. Check logs. ");
}

TEST_F(LoggedServerCommandsTest, SaveWaitsUntilAllLanesHaveACheckpoint) {
  const std::string far = lanes_.KeyOn(1);
  Ask("SET " + lanes_.KeyOn(0) + " x");
  Ask("SET " + far + " x");
  EXPECT_EQ(Ask("SAVE"), "");
  EXPECT_EQ(lanes_.log(0).syncs_asked, 1);
  EXPECT_EQ(lanes_.log(1).syncs_asked, 1);
  lanes_.log(1).durable = 1;
  lanes_.Settle();
  EXPECT_EQ(client_.Take(), "");
  EXPECT_EQ(lanes_.sink(1).entries.count(far), 1U);
  // Nobody else waits for it.
  TestClient other;
  other.Send(lanes_[0], "SET " + lanes_.KeyOn(0) + " y\r\nSET " + far + " y\r\n");
  lanes_.Settle();
  EXPECT_EQ(other.Take(), "+OK +OK ");
  lanes_.log(0).durable = 1;
  lanes_.Settle();
  EXPECT_EQ(client_.Take(), "+OK ");
}

TEST_F(LoggedServerCommandsTest, SaveTellsOfACheckpointThatFailed) {
  lanes_.sink(1).outcome = Status(StatusCode::kDiskFull, "no room");
  EXPECT_EQ(Ask("SAVE"), "-ERR the checkpoint failed: no room ");
  EXPECT_NE(Ask("INFO persistence").find("rdb_last_bgsave_status:err"), std::string::npos);
  lanes_.sink(1).outcome = OkStatus();
  EXPECT_EQ(Ask("SAVE"), "+OK ");
  EXPECT_NE(Ask("INFO persistence").find("rdb_last_bgsave_status:ok"), std::string::npos);
}

TEST_F(LoggedServerCommandsTest, BackgroundSavesReplyAtOnce) {
  Ask("SET " + lanes_.KeyOn(0) + " x");
  lanes_.server_facts().started_at_ms = 5'000;
  EXPECT_EQ(Ask("BGSAVE"), "+Background saving started ");
  EXPECT_EQ(Ask("BGSAVE FOO"), "-ERR syntax error ");
  EXPECT_NE(Ask("INFO persistence").find("rdb_bgsave_in_progress:1"), std::string::npos);
  // The other lane has nothing to sync.
  EXPECT_EQ(Ask("LASTSAVE"), ":5 ");
  lanes_.log(0).durable = 1;
  lanes_.Settle();
  EXPECT_EQ(Ask("LASTSAVE"), ":" + std::to_string(lanes_.clock().WallMillis() / 1000) + " ");
  EXPECT_EQ(Ask("BGREWRITEAOF"), "+Background append only file rewriting started ");
  EXPECT_EQ(lanes_.sink(0).begun, 2);
}

TEST_F(LoggedServerCommandsTest, SaveTellsOfALogThatFailed) {
  lanes_.log(1).admission = wal::Admission::kFailed;
  EXPECT_EQ(Ask("SAVE"), "-MISCONF sync failed ");
}

TEST_F(LoggedServerCommandsTest, Shutdown) {
  StoppableHost host;
  lanes_.facts(0).host = &host;
  EXPECT_EQ(Ask("SHUTDOWN FOO"), "-ERR syntax error ");
  EXPECT_EQ(Ask("SHUTDOWN SAVE NOSAVE"), "-ERR syntax error ");
  EXPECT_EQ(Ask("SHUTDOWN ABORT NOW"), "-ERR syntax error ");
  EXPECT_EQ(Ask("SHUTDOWN ABORT"), "-ERR No shutdown in progress. ");
  EXPECT_EQ(host.shutdowns, 0);
  Ask("SHUTDOWN NOSAVE NOW FORCE");
  EXPECT_EQ(host.shutdowns, 1);
  EXPECT_TRUE(client_.session.close_after_reply);
  EXPECT_EQ(client_.session.reply_mode, kv::ReplyMode::kSkipOne);
}

TEST_F(ServerCommandsTest, DebugStopsTheSweep) {
  Ask("SET k x PX 10");
  lanes_.clock().AdvanceMillis(20);
  EXPECT_EQ(Ask("DEBUG SET-ACTIVE-EXPIRE 0"), "+OK ");
  for (uint32_t lane : {0, 1}) lanes_[lane].RunBackground();
  EXPECT_EQ(Ask("DBSIZE"), ":1 ");
  EXPECT_EQ(Ask("DEBUG SET-ACTIVE-EXPIRE 1"), "+OK ");
  for (uint32_t lane : {0, 1}) lanes_[lane].RunBackground();
  EXPECT_EQ(Ask("DBSIZE"), ":0 ");
  EXPECT_EQ(Ask("DEBUG SLEEP 0"), "+OK ");
  EXPECT_EQ(Ask("DEBUG SLEEP 61"), "-ERR at most 60 seconds ");
  EXPECT_EQ(Ask("DEBUG JMAP"),
            "-ERR unknown subcommand or wrong number of arguments for 'JMAP'. Try DEBUG HELP. ");
}

TEST_F(ServerCommandsTest, FamiliesThatAreNotHereAnswerAsIfUnused) {
  EXPECT_EQ(Ask("ROLE"), "*3 $6 master :0 *0 ");
  EXPECT_EQ(Ask("WAIT 0 0"), ":0 ");
  EXPECT_EQ(Ask("WAIT 0 -1"), "-ERR timeout is negative ");
  EXPECT_EQ(Ask("SWAPDB 0 0"), "+OK ");
  EXPECT_EQ(Ask("SWAPDB 0 1"), "-ERR DB index is out of range ");
  EXPECT_EQ(Ask("FUNCTION FLUSH SYNC"), "+OK ");
  EXPECT_EQ(Ask("FUNCTION FLUSH x"), "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option ");
  EXPECT_EQ(Ask("FUNCTION LIST"), "*0 ");
  EXPECT_EQ(Ask("CLUSTER INFO"), "-ERR This instance has cluster support disabled ");
  EXPECT_EQ(Ask("ACL WHOAMI"), "$7 default ");
  EXPECT_EQ(Ask("MODULE LIST"), "*0 ");
  EXPECT_EQ(Ask("LOLWUT"), "$18 Redis ver. 7.0.15\n ");
}

}  // namespace
}  // namespace corelane::shard
