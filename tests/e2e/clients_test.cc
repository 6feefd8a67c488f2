// Commands about connections, over real ones: CLIENT LIST, KILL and REPLY, SHUTDOWN.

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

class ClientsTest : public testing::Test {
 protected:
  ClientsTest() : server_(Flags(dir_.path() + "/data", {"--shards=3"}), dir_.path() + "/stderr") {}
  void SetUp() override { ASSERT_TRUE(server_.WaitReady()); }

  fault::TempDirectory dir_;
  ServerProcess server_;
};

std::string Ok() { return "+OK\r\n"; }

TEST_F(ClientsTest, AKilledConnectionEnds) {
  RawClient victim(server_.port());
  RawClient killer(server_.port());
  ASSERT_EQ(victim.Ask(Resp({"CLIENT", "SETNAME", "victim"})), Ok());
  ASSERT_NE(killer.Ask(Resp({"CLIENT", "LIST"})).find(" name=victim "), std::string::npos);
  const std::string id = victim.Ask(Resp({"CLIENT", "ID"}));
  EXPECT_EQ(killer.Ask(Resp({"CLIENT", "KILL", "ID", id.substr(1, id.size() - 3)})), ":1\r\n");
  EXPECT_EQ(victim.ReadToEnd(), "");
  EXPECT_EQ(killer.Ask(Resp({"CLIENT", "LIST"})).find(" name=victim "), std::string::npos);
}

TEST_F(ClientsTest, WhoKillsItselfHearsTheReplyFirst) {
  RawClient client(server_.port());
  client.Send(Resp({"SET", "k", "1"}) + Resp({"CLIENT", "KILL", "SKIPME", "no", "TYPE", "normal"}) +
              Resp({"SET", "k", "2"}));
  EXPECT_EQ(client.ReadToEnd(), "+OK\r\n:1\r\n");
  RawClient other(server_.port());
  EXPECT_EQ(other.Ask(Resp({"GET", "k"})), Bulk("1"));
}

TEST_F(ClientsTest, RepliesThatAreOffAreNotSentWhateverLaneTheyComeFrom) {
  RawClient client(server_.port());
  std::string sets;
  for (int i = 0; i < 20; ++i) sets += Resp({"SET", "k" + std::to_string(i), "v"});
  client.Send(Resp({"PING"}) + sets + Resp({"CLIENT", "REPLY", "OFF"}) + sets + Resp({"PING"}) +
              Resp({"CLIENT", "REPLY", "ON"}) + Resp({"ECHO", "on"}) +
              Resp({"CLIENT", "REPLY", "SKIP"}) + Resp({"ECHO", "skipped"}) +
              Resp({"ECHO", "end"}) + Resp({"QUIT"}));
  std::string wanted = "+PONG\r\n";
  for (int i = 0; i < 20; ++i) wanted += Ok();
  EXPECT_EQ(client.ReadToEnd(), wanted + Ok() + Bulk("on") + Bulk("end") + Ok());
}

TEST_F(ClientsTest, ShutdownEndsTheServerInOrder) {
  RawClient client(server_.port());
  ASSERT_EQ(client.Ask(Resp({"SET", "k", "v"})), Ok());
  EXPECT_EQ(client.Ask(Resp({"SAVE"})), Ok());
  client.Send(Resp({"SHUTDOWN", "NOSAVE"}));
  EXPECT_EQ(client.ReadToEnd(), "");
  const std::optional<Ended> ended = server_.Wait();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 0);
}

TEST_F(ClientsTest, ATimeoutSetLaterClosesIdleConnections) {
  RawClient idle(server_.port());
  ASSERT_EQ(idle.Ask(Resp({"CONFIG", "SET", "timeout", "1"})), Ok());
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_TRUE(idle.ended());
}

}  // namespace
}  // namespace corelane::e2e
