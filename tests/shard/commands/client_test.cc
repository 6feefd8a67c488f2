// HELLO, CLIENT and the like over two lanes in one thread. What needs sockets is in
// tests/e2e/clients_test.cc.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shard/commands/client_text.h"
#include "shard/lane_host.h"
#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

// Connections without sockets: what was done to them is written down.
class FakeHost final : public LaneHost {
 public:
  std::map<uint64_t, kv::Session> sessions;
  std::vector<std::string> closed;

  void VisitClients(absl::FunctionRef<void(const ClientState&)> visit) override {
    for (const auto& [id, session] : sessions) visit({.session = session, .fd = 7});
  }
  bool CloseClient(uint64_t id, bool after_replies) override {
    closed.push_back(std::to_string(id) + (after_replies ? " after replies" : ""));
    return true;
  }
  void RequestShutdown() override { closed.emplace_back("all"); }
  void Add(uint64_t id, std::string_view address) {
    sessions[id].id = id;
    sessions[id].peer_address = address;
  }
};

class ClientCommandsTest : public testing::Test {
 protected:
  ClientCommandsTest() : lanes_(2) {
    client_.session.id = 1;
    lanes_.facts(0).host = &hosts_[0];
    lanes_.facts(1).host = &hosts_[1];
    hosts_[0].Add(1, "10.0.0.1:1");
    hosts_[0].Add(3, "10.0.0.3:3");
    hosts_[1].Add(2, "10.0.0.2:2");
  }
  std::string Ask(std::string_view line) {
    client_.Send(lanes_[0], line);
    lanes_.Settle();
    return client_.Take();
  }
  std::vector<std::string> TakeClosed() {
    std::vector<std::string> all = hosts_[0].closed;
    all.insert(all.end(), hosts_[1].closed.begin(), hosts_[1].closed.end());
    for (FakeHost& host : hosts_) host.closed.clear();
    return all;
  }

  FakeHost hosts_[2];
  Lanes lanes_;
  TestClient client_;
};

using Lines = std::vector<std::string>;

TEST_F(ClientCommandsTest, HelloAnswersInTheVersionItChose) {
  EXPECT_TRUE(Ask("HELLO 3").starts_with("%7 $6 server "));
  EXPECT_TRUE(Ask("HELLO 2").starts_with("*14 $6 server "));
  EXPECT_EQ(Ask("HELLO 4"), "-NOPROTO unsupported protocol version ");
  EXPECT_EQ(Ask("HELLO x"), "-ERR Protocol version is not an integer or out of range ");
  EXPECT_EQ(Ask("HELLO 2 SETNAME"), "-ERR Syntax error in HELLO option 'SETNAME' ");
  EXPECT_TRUE(Ask("HELLO 2 AUTH default any SETNAME bob").starts_with("*14 "));
  EXPECT_EQ(client_.session.name, "bob");
  EXPECT_EQ(Ask("HELLO 2 AUTH eve any"),
            "-WRONGPASS invalid username-password pair or user is disabled. ");
}

TEST_F(ClientCommandsTest, AuthKnowsOneUserWithoutPassword) {
  EXPECT_EQ(Ask("AUTH default any"), "+OK ");
  EXPECT_EQ(Ask("AUTH eve any"), "-WRONGPASS invalid username-password pair or user is disabled. ");
  EXPECT_TRUE(Ask("AUTH any").starts_with("-ERR AUTH <password> called without any password"));
  EXPECT_EQ(Ask("AUTH a b c"), "-ERR syntax error ");
}

TEST_F(ClientCommandsTest, ResetMakesTheConnectionNew) {
  client_.session.resp_version = 3;
  client_.session.name = "bob";
  EXPECT_EQ(Ask("RESET"), "+RESET ");
  EXPECT_EQ(client_.session.resp_version, 2);
  EXPECT_EQ(Ask("CLIENT GETNAME"), "$-1 ");
}

TEST_F(ClientCommandsTest, SubcommandsSayWhatIsWrong) {
  EXPECT_EQ(Ask("CLIENT"), "-ERR wrong number of arguments for 'client' command ");
  EXPECT_EQ(Ask("CLIENT FOO"), "-ERR unknown subcommand 'FOO'. Try CLIENT HELP. ");
  EXPECT_EQ(Ask("client getname x"),
            "-ERR wrong number of arguments for 'client|getname' command ");
  EXPECT_EQ(Ask("CLIENT NO-EVICT maybe"), "-ERR syntax error ");
  EXPECT_EQ(Ask("CLIENT UNBLOCK 5 FOO"), "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR ");
  EXPECT_EQ(Ask("CLIENT TRACKING OFF"), "+OK ");
  EXPECT_EQ(Ask("CLIENT TRACKING ON"), "-ERR client-side caching is not supported ");
  EXPECT_NE(Ask("CLIENT HELP").find("+SETNAME <name> +    Names this connection. "),
            std::string::npos);
}

TEST_F(ClientCommandsTest, ALineHasTheFieldsOfRedisInItsOrder) {
  kv::Session session;
  session.id = 4;
  session.peer_address = "1.2.3.4:5";
  session.local_address = "6.7.8.9:10";
  session.name = "n";
  session.connected_at_ms = 2'000;
  session.last_command = "client|list";
  session.no_evict = true;
  session.library_name = "lib";
  ClientState state{.session = session};
  state.fd = 9;
  state.idle_ms = 3'100;
  state.input_bytes = 11;
  state.input_free_bytes = 12;
  state.output_bytes = 13;
  state.output_capacity_bytes = 14;
  state.object_bytes = 1000;
  EXPECT_EQ(ClientLine(state, 7'500),
            "id=4 addr=1.2.3.4:5 laddr=6.7.8.9:10 fd=9 name=n age=5 idle=3 flags=e db=0 sub=0 "
            "psub=0 ssub=0 multi=-1 qbuf=11 qbuf-free=12 argv-mem=0 multi-mem=0 rbs=14 rbp=14 "
            "obl=13 oll=0 omem=0 tot-mem=1037 events=rw cmd=client|list user=default redir=-1 "
            "resp=2 lane=0 lib-name=lib lib-ver=\n");
}

TEST_F(ClientCommandsTest, ListTellsOfAllLanesOldestFirst) {
  const std::string all = Ask("CLIENT LIST");
  const size_t one = all.find("id=1 ");
  const size_t two = all.find("id=2 ");
  const size_t three = all.find("id=3 ");
  EXPECT_TRUE(one < two && two < three && three != std::string::npos) << all;
  const std::string some = Ask("CLIENT LIST ID 2 9");
  EXPECT_NE(some.find("id=2 "), std::string::npos);
  EXPECT_EQ(some.find("id=3 "), std::string::npos);
  EXPECT_EQ(Ask("CLIENT LIST TYPE pubsub"), "$0  ");
  EXPECT_EQ(Ask("CLIENT LIST TYPE x"), "-ERR Unknown client type 'x' ");
  EXPECT_EQ(Ask("CLIENT LIST ID x"), "-ERR Invalid client ID ");
  EXPECT_EQ(Ask("CLIENT LIST FOO"), "-ERR syntax error ");
}

TEST_F(ClientCommandsTest, KillByAddressMeansTheCallerToo) {
  EXPECT_EQ(Ask("CLIENT KILL 10.0.0.2:2"), "+OK ");
  EXPECT_EQ(TakeClosed(), Lines({"2"}));
  EXPECT_EQ(Ask("CLIENT KILL 10.0.0.1:1"), "+OK ");
  EXPECT_EQ(TakeClosed(), Lines({"1 after replies"}));
  EXPECT_EQ(Ask("CLIENT KILL 10.0.0.9:9"), "-ERR No such client ");
}

TEST_F(ClientCommandsTest, KillByFilterSparesTheCaller) {
  EXPECT_EQ(Ask("CLIENT KILL TYPE normal"), ":2 ");
  EXPECT_EQ(TakeClosed(), Lines({"3", "2"}));
  EXPECT_EQ(Ask("CLIENT KILL ID 1 SKIPME no"), ":1 ");
  EXPECT_EQ(TakeClosed(), Lines({"1 after replies"}));
  EXPECT_EQ(Ask("CLIENT KILL ID 3 ADDR 10.0.0.2:2"), ":0 ");
  EXPECT_EQ(Ask("CLIENT KILL TYPE replica"), ":0 ");
  EXPECT_EQ(Ask("CLIENT KILL ID"), "-ERR No such client ");  // an address
  EXPECT_EQ(Ask("CLIENT KILL ID 0 SKIPME no"), "-ERR client-id should be greater than 0 ");
  EXPECT_EQ(Ask("CLIENT KILL USER eve SKIPME no"), "-ERR No such user 'eve' ");
  EXPECT_EQ(Ask("CLIENT KILL ID 3 ADDR"), "-ERR syntax error ");
  EXPECT_TRUE(TakeClosed().empty());
}

TEST_F(ClientCommandsTest, KillByAge) {
  lanes_.clock().AdvanceMillis(10'000);  // the clock began at one second, when all were made
  hosts_[0].sessions[3].connected_at_ms = 9'000;
  EXPECT_EQ(Ask("CLIENT KILL MAXAGE 5 SKIPME yes"), ":1 ");
  EXPECT_EQ(TakeClosed(), Lines({"2"}));
}

TEST_F(ClientCommandsTest, APauseHoldsRequestsBackInOrderUntilItEnds) {
  const std::string far = lanes_.KeyOn(1);
  EXPECT_EQ(Ask("CLIENT PAUSE 100"), "+OK ");
  EXPECT_EQ(Ask("SET " + far + " 1\r\nGET " + far + "\r\nNOSUCH\r\nECHO x"), "");
  lanes_.clock().AdvanceMillis(99);
  EXPECT_EQ(Ask("PING"), "");
  lanes_.clock().AdvanceMillis(1);
  lanes_.Settle();
  EXPECT_EQ(client_.Take(),
            "+OK $1 1 -ERR unknown command 'NOSUCH', with args beginning with:  $1 x +PONG ");
  EXPECT_EQ(Ask("PING"), "+PONG ");
}

TEST_F(ClientCommandsTest, APauseOfWritesLetsReadsBy) {
  const std::string key = lanes_.KeyOn(0);
  EXPECT_EQ(Ask("CLIENT PAUSE 1000 WRITE"), "+OK ");
  EXPECT_EQ(Ask("GET " + key), "$-1 ");
  EXPECT_EQ(Ask("SET " + key + " 1"), "");
  EXPECT_EQ(Ask("GET " + key), "");  // behind the write
  TestClient other;
  other.Send(lanes_[1], "GET " + key + "\r\nCLIENT UNPAUSE");
  lanes_.Settle();
  EXPECT_EQ(other.Take(), "$-1 +OK ");
  EXPECT_EQ(client_.Take(), "+OK $1 1 ");
}

TEST_F(ClientCommandsTest, AConnectionThatGoesWhilePausedLeavesNothing) {
  Ask("CLIENT PAUSE 1000");
  {
    TestClient gone;
    gone.Send(lanes_[0], "SET k 1");
    lanes_[0].Forget(gone);
  }
  EXPECT_EQ(Ask("CLIENT UNPAUSE"), "+OK ");
  EXPECT_EQ(Ask("EXISTS k"), ":0 ");
}

}  // namespace
}  // namespace corelane::shard
