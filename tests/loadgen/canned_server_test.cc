#include "loadgen/canned_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "env/clock.h"
#include "io/socket.h"
#include "wire_testing.h"

namespace corelane::loadgen {
namespace {

constexpr WireProtocol kProtocols[] = {WireProtocol::kNative,       WireProtocol::kResp2,
                                       WireProtocol::kResp3,        WireProtocol::kMemcacheText,
                                       WireProtocol::kMemcacheMeta, WireProtocol::kJson};

TEST(CannedRead, IsAHitInEveryProtocol) {
  for (const WireProtocol protocol : kProtocols) {
    SCOPED_TRACE(WireScheme(protocol));
    const CannedReply canned = CannedRead(protocol, "key:0001", 5);
    const auto ask = [](Wire& wire, base::Buffer& out) { wire.Read("key:0002", out); };
    EXPECT_EQ(RequestBytes(protocol, ask).size(), canned.request_bytes);
    const auto ask_twice = [&](Wire& wire, base::Buffer& out) { ask(wire, out), ask(wire, out); };
    EXPECT_EQ(Outcomes(protocol, ask_twice, canned.reply + canned.reply),
              "hit 1/0 vvvvv; hit 1/0 vvvvv");
  }
}

TEST(CannedRead, HasValuesOfAnySize) {
  for (const WireProtocol protocol : kProtocols) {
    SCOPED_TRACE(WireScheme(protocol));
    for (const size_t bytes : {size_t{0}, size_t{1}, size_t{3'000'000}}) {
      const CannedReply canned = CannedRead(protocol, "k", bytes);
      const std::unique_ptr<Wire> wire = MakeWire(protocol);
      base::Buffer out;
      wire->Read("k", out);
      const SeenReplies seen = FeedWire(*wire, canned.reply, 0);
      ASSERT_EQ(seen.replies.size(), 1U);
      EXPECT_EQ(seen.replies[0].value, std::string(bytes, 'v'));
    }
  }
}

TEST(CannedWrite, IsDoneInEveryProtocol) {
  for (const WireProtocol protocol : kProtocols) {
    SCOPED_TRACE(WireScheme(protocol));
    const CannedReply canned = CannedWrite(protocol, "key:0001", 5);
    const auto ask = [](Wire& wire, base::Buffer& out) { wire.Write("key:0002", "other", 0, out); };
    EXPECT_EQ(RequestBytes(protocol, ask).size(), canned.request_bytes);
    const auto ask_twice = [&](Wire& wire, base::Buffer& out) { ask(wire, out), ask(wire, out); };
    EXPECT_EQ(Outcomes(protocol, ask_twice, canned.reply + canned.reply), "ok; ok");
  }
}

TEST(CannedWrite, IsLongerByTheValue) {
  for (const WireProtocol protocol : kProtocols) {
    SCOPED_TRACE(WireScheme(protocol));
    EXPECT_GT(CannedWrite(protocol, "k", 3'000'000).request_bytes, 3'000'000U);
  }
}

// Each look at it takes a while, as with a real one.
class TickingClock final : public env::Clock {
 public:
  static constexpr int64_t kLookNanos = 50;
  [[nodiscard]] int64_t MonotonicNanos() const override {
    ++looks_;
    return now_ns_ += kLookNanos;
  }
  [[nodiscard]] int64_t WallMillis() const override { return 0; }
  [[nodiscard]] int64_t looks() const { return looks_; }

 private:
  mutable int64_t now_ns_ = 0;
  mutable int64_t looks_ = 0;
};

// A server on one end of real sockets, and the other ends.
class CannedServerTest : public testing::Test {
 protected:
  void Serve(const CannedReply& canned) {
    std::string reason;
    auto reactor = io::MakeReactor({.choice = io::BackEndChoice::kEpoll, .clock = &clock_}, reason);
    ASSERT_TRUE(reactor.ok());
    reactor_ = std::move(*reactor);
    server_ = std::make_unique<CannedServer>(*reactor_, canned);
  }
  io::UniqueFd Connect() {
    auto pair = io::SocketPair();
    EXPECT_TRUE(pair.ok());
    server_->OnAccepted(pair->first.Release());
    return std::move(pair->second);
  }
  void TearDown() override { reactor_.reset(); }

  // Polls until so many bytes are there.
  std::string Receive(int fd, size_t bytes) {
    std::string received;
    char piece[4096];
    while (received.size() < bytes) {
      reactor_->Poll(0);
      const ssize_t count = ::recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
      if (count > 0) received.append(piece, static_cast<size_t>(count));
    }
    return received;
  }

  env::SystemClock clock_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<CannedServer> server_;
};

TEST_F(CannedServerTest, AnswersByTheByte) {
  Serve({.request_bytes = 3, .reply = "ab"});
  const io::UniqueFd first = Connect();
  const io::UniqueFd second = Connect();
  ASSERT_EQ(::send(first.get(), "1234", 4, 0), 4);
  EXPECT_EQ(Receive(first.get(), 2), "ab");
  ASSERT_EQ(::send(second.get(), "123", 3, 0), 3);
  EXPECT_EQ(Receive(second.get(), 2), "ab");
  // The rest of the second request, the third, and a byte of the fourth.
  ASSERT_EQ(::send(first.get(), "123456", 6, 0), 6);
  EXPECT_EQ(Receive(first.get(), 4), "abab");
}

TEST_F(CannedServerTest, OwesNothingWhenThereIsMoreThanOneSendTakes) {
  Serve({.request_bytes = 1, .reply = "xyz"});
  const io::UniqueFd client = Connect();
  const std::string requests(3 * CannedServer::kRepliesPerSendMax + 1, '?');
  ASSERT_EQ(::send(client.get(), requests.data(), requests.size(), 0),
            static_cast<ssize_t>(requests.size()));
  const std::string replies = Receive(client.get(), 3 * requests.size());
  EXPECT_EQ(replies.size(), 3 * requests.size());
  EXPECT_EQ(replies.find("yzy"), std::string::npos);
}

TEST_F(CannedServerTest, BurnsForEachRequest) {
  const TickingClock clock;
  Serve({.request_bytes = 1, .reply = "x"});
  server_->BurnPerRequest(clock, 1'000);
  const io::UniqueFd client = Connect();
  ASSERT_EQ(::send(client.get(), "???", 3, 0), 3);
  EXPECT_EQ(Receive(client.get(), 3), "xxx");
  // 3 us in looks of 50 ns, behind the first one.
  EXPECT_EQ(clock.looks(), 1 + 3 * int64_t{1'000} / TickingClock::kLookNanos);
}

TEST_F(CannedServerTest, GoesOnWhenAConnectionGoes) {
  Serve({.request_bytes = 1, .reply = "x"});
  io::UniqueFd gone = Connect();
  const io::UniqueFd stays = Connect();
  ASSERT_EQ(::send(gone.get(), "?", 1, 0), 1);
  gone.Reset();
  ASSERT_EQ(::send(stays.get(), "??", 2, 0), 2);
  EXPECT_EQ(Receive(stays.get(), 2), "xx");
}

}  // namespace
}  // namespace corelane::loadgen
