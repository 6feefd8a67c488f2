// The memcache listener of the real server, beside a RESP listener on the same keys: values and
// flags over a restart and a kill, pipelines, and how connections end.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fault/temp_directory.h"
#include "protocol_fixture.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

class MemcacheTest : public testing::TestWithParam<Setting> {
 protected:
  void Start(int lanes) {
    server_ = std::make_unique<ServerProcess>(
        Flags(directory_.Sub("data"),
              {"--listen=memcache://127.0.0.1:0", "--listen=resp://127.0.0.1:0",
               "--shards=" + std::to_string(lanes), "--fsync=everysec",
               VariantFlag(GetParam().first)}),
        directory_.Sub("errors"));
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
    ASSERT_GE(server_->ports().size(), 2u);
  }
  // Flags() may have a listener of its own in front.
  [[nodiscard]] uint16_t MemcachePort() const {
    return server_->ports()[server_->ports().size() - 2];
  }
  [[nodiscard]] uint16_t RespPort() const { return server_->ports().back(); }

  // Sends `request` and reads as many bytes as `reply` has.
  void Expect(RawClient& client, const std::string& request, const std::string& reply) {
    ASSERT_TRUE(client.Send(request));
    EXPECT_EQ(client.Read(reply.size()), reply) << request.substr(0, 100);
  }

  fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_P(MemcacheTest, FlagsAndMarksSurviveARestartWithAnotherNumberOfLanes) {
  Start(GetParam().second);
  {
    RawClient client(MemcachePort());
    Expect(client, "set a 42 0 5\r\nhello\r\nset b 7 1000 1\r\nb\r\nmd a I\r\n",
           "STORED\r\nSTORED\r\nHD\r\n");
  }
  server_->Kill();
  Start(3 - GetParam().second);
  {
    RawClient client(MemcachePort());
    Expect(client, "mg a f v\r\nget b\r\n", "VA 5 f42 X W\r\nhello\r\nVALUE b 7 1\r\nb\r\nEND\r\n");
  }
  const auto ended = server_->Terminate();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 0);
  Start(GetParam().second);
  RawClient client(MemcachePort());
  Expect(client, "get a b\r\n", "VALUE a 42 5\r\nhello\r\nVALUE b 7 1\r\nb\r\nEND\r\n");
}

TEST_P(MemcacheTest, BothProtocolsWorkOnTheSameKeys) {
  Start(GetParam().second);
  RawClient memcache(MemcachePort());
  RawClient resp(RespPort());
  for (int i = 0; i < 50; ++i) {
    const std::string key = "k" + std::to_string(i);
    Expect(memcache, "set " + key + " 9 0 5\r\nhello\r\n", "STORED\r\n");
    EXPECT_EQ(resp.Ask(Resp({"GET", key})), Bulk("hello"));
    EXPECT_EQ(resp.Ask(Resp({"APPEND", key, "!"})), ":6\r\n");
    Expect(memcache, "get " + key + "\r\n", "VALUE " + key + " 0 6\r\nhello!\r\nEND\r\n");
    EXPECT_EQ(resp.Ask(Resp({"INCR", "n"})), ":" + std::to_string(2 * i + 1) + "\r\n");
    Expect(memcache, "incr n 1\r\n", std::to_string(2 * i + 2) + "\r\n");
  }
}

TEST_P(MemcacheTest, ALongPipelineIsAnsweredInOrder) {
  Start(GetParam().second);
  RawClient client(MemcachePort());
  std::string requests;
  std::string replies;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "k" + std::to_string(i % 1000);
    const std::string value = std::to_string(i);
    const std::string size = std::to_string(value.size());
    requests += "set " + key + " 0 0 " + size + " noreply\r\n" + value + "\r\nget " + key + "\r\n";
    replies += "VALUE " + key + " 0 " + size + "\r\n" + value + "\r\nEND\r\n";
  }
  Expect(client, requests, replies);
}

TEST_P(MemcacheTest, BigValuesComeAndGoByteByByteToo) {
  Start(GetParam().second);
  RawClient client(MemcachePort());
  const std::string value(1 << 20, 'v');
  const std::string size = std::to_string(value.size());
  Expect(client, "set k 0 0 " + size + "\r\n" + value + "\r\nget k\r\n",
         "STORED\r\nVALUE k 0 " + size + "\r\n" + value + "\r\nEND\r\n");
  // Longer than anything that is held: passed over as it comes.
  const std::string huge(8 << 20, 'h');
  Expect(client, "set k 0 0 " + std::to_string(huge.size()) + "\r\n" + huge + "\r\nget k\r\n",
         "SERVER_ERROR object too large for cache\r\nEND\r\n");
  ASSERT_TRUE(client.SendSlowly("set s 1 0 3\r\nabc\r\nget s\r\n"));
  const std::string reply = "STORED\r\nVALUE s 1 3\r\nabc\r\nEND\r\n";
  EXPECT_EQ(client.Read(reply.size()), reply);
}

TEST_P(MemcacheTest, ConnectionsEndAsTheyShould) {
  Start(GetParam().second);
  RawClient quits(MemcachePort());
  ASSERT_TRUE(quits.Send("version\r\nquit\r\nversion\r\n"));
  EXPECT_EQ(quits.ReadToEnd(), "VERSION 1.6.18\r\n");
  RawClient browser(MemcachePort());
  ASSERT_TRUE(browser.Send("mn\r\nPOST / HTTP/1.1\r\nset k 0 0 1\r\na\r\n"));
  EXPECT_EQ(browser.ReadToEnd(), "MN\r\n");
  RawClient endless(MemcachePort());
  ASSERT_TRUE(endless.Send("mn\r\n" + std::string(5000, 'x')));
  EXPECT_EQ(endless.ReadToEnd(), "MN\r\nCLIENT_ERROR line too long\r\n");
  RawClient client(MemcachePort());
  Expect(client, "get k\r\n", "END\r\n");
}

INSTANTIATE_TEST_SUITE_P(Lanes, MemcacheTest, testing::ValuesIn(Settings({1, 2})), SettingName);

}  // namespace
}  // namespace corelane::e2e
