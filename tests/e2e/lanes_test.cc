// Clients that behave badly towards others: floods in both directions between lanes, replies that
// nobody reads, requests a byte at a time, idling, too many connections. The server stays within
// its memory and goes on serving the rest.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

class LanesTest : public testing::TestWithParam<const char*> {
 protected:
  void Start(const std::vector<std::string>& more) {
    std::vector<std::string> flags = {std::string("--io=") + GetParam(), "--fsync=off"};
    flags.insert(flags.end(), more.begin(), more.end());
    server_ = std::make_unique<ServerProcess>(Flags(directory_.Sub("data"), flags),
                                              directory_.Sub("errors"));
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
  }

  // A number from INFO's "name:number".
  int64_t Info(RawClient& client, const std::string& name) {
    const std::string text = client.Ask(Resp({"INFO"}));
    const size_t found = text.find("\n" + name + ":");
    return found == std::string::npos
               ? -1
               : ParseNumber(std::string_view(text).substr(found + name.size() + 2));
  }

  fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
};

// A connection that floods: values of 1 MiB and small ones, on keys of all lanes.
struct Flooder {
  static constexpr int kRounds = 24;
  static constexpr int kBigKeys = 4;

  Flooder(uint16_t port, int number) : client(port) {
    const std::string name = "f" + std::to_string(number) + ":";
    for (int i = 0; i < kRounds; ++i) {
      const std::string big = name + "big" + std::to_string(i % kBigKeys);
      const std::string small = name + "small" + std::to_string(i);
      const std::string value(size_t{1} << 20, static_cast<char>('a' + i));
      requests += Resp({"SET", big, value}) + Resp({"SET", small, std::to_string(i)}) +
                  Resp({"GET", big}) + Resp({"GET", small}) + Resp({"MGET", small, big});
      replies += "+OK\r\n+OK\r\n" + Bulk(value) + Bulk(std::to_string(i)) + "*2\r\n" +
                 Bulk(std::to_string(i)) + Bulk(value);
    }
  }

  RawClient client;
  std::string requests;
  std::string replies;
};

TEST_P(LanesTest, LanesThatFloodEachOtherStayWithinBounds) {
  // Less than a flooder's replies: the server has to stop reading.
  Start({"--shards=2", "--output-buffer-limit=4mb", "--output-buffer-grace=60s"});
  constexpr int kFlooders = 4;
  constexpr size_t kResidentBytesMax = size_t{600} << 20;
  std::vector<std::unique_ptr<Flooder>> flooders;
  for (int i = 0; i < kFlooders; ++i) {
    flooders.push_back(std::make_unique<Flooder>(server_->port(), i));
  }
  RawClient observer(server_->port());
  std::vector<std::thread> threads;
  for (const auto& flooder : flooders) {
    threads.emplace_back([&flooder] { EXPECT_TRUE(flooder->client.Send(flooder->requests)); });
  }
  // Nobody reads before the server has heard a good part of it. How much more it takes depends on
  // the sizes of the sockets' buffers.
  EXPECT_TRUE(Eventually(
      [&] { return Info(observer, "total_net_input_bytes") > kFlooders * (int64_t{2} << 20); }));
  size_t resident = server_->ResidentBytes();
  bool all_right = true;
  constexpr size_t kReadTogether = 100'000;
  for (size_t at = 0; at < flooders[0]->replies.size() + kReadTogether; at += kReadTogether) {
    for (const auto& flooder : flooders) {
      if (at >= flooder->replies.size()) continue;
      const std::string expected = flooder->replies.substr(at, kReadTogether);
      all_right = all_right && flooder->client.Read(expected.size()) == expected;
    }
    if (!all_right) break;
    if (at % 1'000'000 == 0) resident = std::max(resident, server_->ResidentBytes());
  }
  EXPECT_TRUE(all_right);
  if (!all_right) server_->Kill();  // or the senders would wait for the deadline
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(resident, size_t{0});
  EXPECT_TRUE(kSanitized || resident < kResidentBytesMax) << resident;
}

TEST_P(LanesTest, AClientThatNeverReadsIsCutOff) {
  Start({"--shards=2", "--output-buffer-limit=1mb", "--output-buffer-grace=200ms"});
  RawClient other(server_->port());
  ASSERT_EQ(other.Ask(Resp({"SET", "big", std::string(100'000, 'v')})), "+OK\r\n");
  RawClient deaf(server_->port());
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += Resp({"GET", "big"});
  int served = 0;
  EXPECT_TRUE(Eventually([&] {
    const int64_t sent = deaf.SendSome(requests);
    served += other.Ask(Resp({"INCR", "n"})) == ":" + std::to_string(served + 1) + "\r\n";
    return sent < 0;
  }));
  EXPECT_EQ(other.Ask(Resp({"GET", "n"})), Bulk(std::to_string(served)));
  EXPECT_EQ(Info(other, "client_output_buffer_limit_disconnections"), 1);
  EXPECT_NE(server_->Errors().find("cut off"), std::string::npos);
  EXPECT_TRUE(Eventually([&] { return Info(other, "connected_clients") == 1; }));
}

TEST_P(LanesTest, AClientThatReadsLateWithinTheGraceIsServed) {
  Start({"--shards=2", "--output-buffer-limit=1mb", "--output-buffer-grace=60s"});
  const std::string value(100'000, 'v');
  RawClient client(server_->port());
  ASSERT_EQ(client.Ask(Resp({"SET", "big", value})), "+OK\r\n");
  constexpr int kRequests = 300;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += Resp({"GET", "big"});
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.ReadResp().size(), Bulk(value).size());
}

TEST_P(LanesTest, AByteAtATimeDisturbsNobody) {
  Start({"--shards=2"});
  RawClient slow_resp(server_->port());
  RawClient slow_native(server_->port());
  RawClient quick(server_->port());
  const std::string resp = Resp({"SET", "slow", std::string(300, 's')});
  const std::string native = Native(kPut, "native", std::string(300, 'n'));
  for (size_t i = 0; i < std::max(resp.size(), native.size()); ++i) {
    ASSERT_TRUE(i >= resp.size() || slow_resp.Send({&resp[i], 1}));
    ASSERT_TRUE(i >= native.size() || slow_native.Send({&native[i], 1}));
    ASSERT_EQ(quick.Ask(Resp({"INCR", "n"})), ":" + std::to_string(i + 1) + "\r\n");
  }
  EXPECT_EQ(slow_resp.ReadResp(), "+OK\r\n");
  EXPECT_EQ(slow_native.ReadNative(), NativeReply(0));
  EXPECT_EQ(quick.Ask(Resp({"GET", "slow"})), Bulk(std::string(300, 's')));
}

TEST_P(LanesTest, IdleConnectionsAreClosed) {
  Start({"--shards=2", "--idle-timeout=1s"});
  RawClient idle(server_->port());
  ASSERT_EQ(idle.Ask(Resp({"PING"})), "+PONG\r\n");
  RawClient silent(server_->port());
  RawClient partial(server_->port());
  ASSERT_TRUE(partial.Send("*1\r\n$4\r\nPI"));
  for (RawClient* const client : {&idle, &silent, &partial}) {
    EXPECT_EQ(client->ReadToEnd(), "");
    EXPECT_TRUE(client->ended());
  }
  RawClient observer(server_->port());
  EXPECT_GE(Info(observer, "client_idle_timeout_disconnections"), 3);
}

TEST_P(LanesTest, OneConnectionTooManyHearsWhyAndIsClosed) {
  Start({"--shards=2", "--max-connections=2"});
  RawClient first(server_->port());
  auto second = std::make_unique<RawClient>(server_->port());
  ASSERT_EQ(first.Ask(Resp({"PING"})), "+PONG\r\n");
  ASSERT_EQ(second->Ask(Resp({"PING"})), "+PONG\r\n");
  RawClient resp(server_->port());
  ASSERT_TRUE(resp.Send(Resp({"SET", "a", "1"})));
  EXPECT_EQ(resp.ReadToEnd(), "-ERR max number of clients reached\r\n");
  EXPECT_TRUE(resp.ended());
  RawClient native(server_->port());
  ASSERT_TRUE(native.Send(Native(kPut, "a", "1")));
  EXPECT_EQ(native.ReadToEnd(), NativeReply(2, "max number of clients reached"));
  EXPECT_TRUE(native.ended());
  EXPECT_EQ(first.Ask(Resp({"GET", "a"})), "$-1\r\n");
  EXPECT_EQ(Info(first, "rejected_connections"), 2);

  second.reset();
  EXPECT_TRUE(Eventually([&] {
    RawClient again(server_->port());
    return again.Ask(Resp({"PING"})) == "+PONG\r\n";
  }));
}

INSTANTIATE_TEST_SUITE_P(BackEnds, LanesTest, testing::Values("epoll", "auto"),
                         [](const auto& back_end) { return std::string(back_end.param); });

}  // namespace
}  // namespace corelane::e2e
