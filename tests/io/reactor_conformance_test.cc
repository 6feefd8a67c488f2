// The rules of io/reactor.h, held against every back end that this machine has: streams.

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <random>

#include "harness.h"

namespace corelane::io {
namespace {

using ReactorConformance = ReactorTest;

INSTANTIATE_TEST_SUITE_P(BackEnds, ReactorConformance, ::testing::ValuesIn(AvailableBackEnds()),
                         BackEndTestName);

void WriteAll(int fd, std::string_view bytes) {
  ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

std::string ReadSome(int fd) {
  char buffer[4096];
  const ssize_t got = ::recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
  return got <= 0 ? "" : std::string(buffer, static_cast<size_t>(got));
}

// Closes with a reset instead of an orderly end.
void ResetClose(UniqueFd fd) {
  const linger hard{1, 0};
  ASSERT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
}

TEST_P(ReactorConformance, NamesItself) { EXPECT_EQ(reactor_->back_end(), GetParam()); }

TEST_P(ReactorConformance, DeliversWhatArrivesThenTheEnd) {
  auto [near, far] = Pair();
  Receiver receiver;
  reactor_->StartRecv(near.get(), receiver);
  WriteAll(far.get(), "hello ");
  ASSERT_TRUE(Until([&] { return receiver.data == "hello "; }));
  WriteAll(far.get(), "world");
  far.Reset();
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
  EXPECT_EQ(receiver.data, "hello world");
  EXPECT_EQ(receiver.result, 0);
}

TEST_P(ReactorConformance, ASocketThatIsBeingConnectedSendsAndReceives) {
  const UniqueFd listener = Listen({"127.0.0.1", 0}, 8).value();
  const UniqueFd client = BeginConnect({"127.0.0.1", LocalPort(listener.get()).value()}).value();
  Receiver receiver;
  Sender sender;
  reactor_->StartRecv(client.get(), receiver);
  reactor_->StartSend(client.get(), std::span("hello", 5), sender);
  UniqueFd server(::accept(listener.get(), nullptr, nullptr));
  ASSERT_TRUE(Until([&] { return sender.done(); }));
  EXPECT_EQ(sender.result, 5);
  ASSERT_EQ(::send(server.get(), "world", 5, 0), 5);
  ASSERT_TRUE(Until([&] { return receiver.data == "world"; }));
  server.Reset();
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
}

TEST_P(ReactorConformance, AConnectionThatIsRefusedEndsReceivingWithAnError) {
  UniqueFd listener = Listen({"127.0.0.1", 0}, 8).value();
  const Endpoint endpoint{"127.0.0.1", LocalPort(listener.get()).value()};
  listener.Reset();
  const Result<UniqueFd> client = BeginConnect(endpoint);
  if (!client.ok()) return;  // the system knew at once
  Receiver receiver;
  reactor_->StartRecv(client->get(), receiver);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
  EXPECT_EQ(receiver.result, -ECONNREFUSED);
}

TEST_P(ReactorConformance, HalfCloseEndsReceivingButNotSending) {
  auto [client, server] = TcpPair();
  Receiver receiver;
  reactor_->StartRecv(server.get(), receiver);
  WriteAll(client.get(), "request");
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
  EXPECT_EQ(receiver.data, "request");
  EXPECT_EQ(receiver.result, 0);
  Sender sender;
  const std::string reply = "reply";
  reactor_->StartSend(server.get(), reply, sender);
  ASSERT_TRUE(Until([&] { return sender.done(); }));
  EXPECT_EQ(sender.result, 5);
  ASSERT_TRUE(Until([&, text = std::string()]() mutable {
    text += ReadSome(client.get());
    return text == reply;
  }));
}

TEST_P(ReactorConformance, ResetEndsReceivingWithAnError) {
  auto [client, server] = TcpPair();
  Receiver receiver;
  reactor_->StartRecv(server.get(), receiver);
  PollIdle(*reactor_);
  ResetClose(std::move(client));
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
  EXPECT_EQ(receiver.result, -ECONNRESET);
}

TEST_P(ReactorConformance, SendToAClosedPeerFailsWithoutASignal) {
  auto [near, far] = Pair();
  far.Reset();
  Sender sender;
  reactor_->StartSend(near.get(), std::string_view("lost"), sender);
  ASSERT_TRUE(Until([&] { return sender.done(); }));
  EXPECT_EQ(sender.result, -EPIPE);
}

TEST_P(ReactorConformance, PendingSendFailsWhenThePeerGoes) {
  auto [client, server] = TcpPair();
  const std::string bytes = PatternBytes(32 << 20, 1);
  Sender sender;
  reactor_->StartSend(server.get(), bytes, sender);
  PollIdle(*reactor_);
  EXPECT_FALSE(sender.done());
  ResetClose(std::move(client));
  ASSERT_TRUE(Until([&] { return sender.done(); }));
  EXPECT_TRUE(sender.result == -EPIPE || sender.result == -ECONNRESET) << sender.result;
}

TEST_P(ReactorConformance, SendsASpanLargerThanAnySocketBuffer) {
  auto [client, server] = TcpPair();
  const std::string bytes = PatternBytes(20 << 20, 2);
  Sender sender;
  Receiver receiver;
  reactor_->StartSend(server.get(), bytes, sender);
  reactor_->StartRecv(client.get(), receiver);
  ASSERT_TRUE(Until([&] { return receiver.data.size() == bytes.size() && sender.done(); }));
  EXPECT_EQ(sender.result, static_cast<int64_t>(bytes.size()));
  EXPECT_TRUE(receiver.data == bytes);
  EXPECT_EQ(reactor_->counters().sent_bytes, bytes.size());
  EXPECT_EQ(reactor_->counters().received_bytes, bytes.size());
  reactor_->CancelRecv(receiver);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
}

TEST_P(ReactorConformance, SendsNothing) {
  auto [near, far] = Pair();
  Sender sender;
  reactor_->StartSend(near.get(), {}, sender);
  ASSERT_TRUE(Until([&] { return sender.done(); }));
  EXPECT_EQ(sender.result, 0);
}

// Rule 1.
TEST_P(ReactorConformance, StartingAndCancellingCallNothingBack) {
  auto [near, far] = Pair();
  auto [other_near, other_far] = Pair();
  WriteAll(far.get(), "waiting");
  Receiver receiver;
  Sender sender;
  Sender failing;
  other_far.Reset();
  reactor_->StartRecv(near.get(), receiver);
  reactor_->StartSend(near.get(), std::string_view("x"), sender);
  reactor_->StartSend(other_near.get(), std::string_view("x"), failing);
  reactor_->CancelRecv(receiver);
  EXPECT_EQ(receiver.deliveries, 0);
  EXPECT_FALSE(receiver.ended);
  EXPECT_FALSE(sender.done());
  EXPECT_FALSE(failing.done());
  ASSERT_TRUE(Until([&] { return receiver.ended && sender.done() && failing.done(); }));
  EXPECT_EQ(sender.result, 1);
  EXPECT_EQ(failing.result, -EPIPE);
}

TEST_P(ReactorConformance, CallbacksAreNeverNested) {
  auto [near, far] = Pair();
  int depth = 0;
  Sender sender;
  Receiver receiver;
  Receiver echo;
  receiver.on_received = [&] {
    EXPECT_EQ(depth, 0);
    ++depth;
    if (!sender.done()) reactor_->StartSend(near.get(), std::string_view("pong"), sender);
    reactor_->CancelRecv(echo);
    --depth;
  };
  sender.on_sent = [&] { EXPECT_EQ(depth, 0); };
  echo.on_end = [&] { EXPECT_EQ(depth, 0); };
  reactor_->StartRecv(near.get(), receiver);
  reactor_->StartRecv(far.get(), echo);
  WriteAll(far.get(), "ping");
  ASSERT_TRUE(Until([&] { return sender.done() && echo.ended; }));
  reactor_->CancelRecv(receiver);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
}

// Rule 2.
TEST_P(ReactorConformance, AnOpMayStartAgainInItsLastCallback) {
  auto [near, far] = Pair();
  constexpr int kSends = 1000;
  Sender sender;
  sender.on_sent = [&] {
    if (sender.calls < kSends) reactor_->StartSend(near.get(), std::string_view("x"), sender);
  };
  Receiver receiver;
  receiver.on_end = [&] {
    receiver.ended = false;
    reactor_->StartRecv(far.get(), receiver);
  };
  reactor_->StartRecv(far.get(), receiver);
  receiver.on_received = [&] { reactor_->CancelRecv(receiver); };
  reactor_->StartSend(near.get(), std::string_view("x"), sender);
  ASSERT_TRUE(Until([&] { return sender.calls == kSends && receiver.data.size() == kSends; }));
  EXPECT_EQ(receiver.data, std::string(kSends, 'x'));
  receiver.on_end = nullptr;
  reactor_->CancelRecv(receiver);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
}

TEST_P(ReactorConformance, AnOpMayBeDestroyedInItsLastCallback) {
  constexpr int kRounds = 50;
  for (int i = 0; i < kRounds; ++i) {
    auto [near, far] = Pair();
    auto receiver = std::make_unique<Receiver>();
    auto sender = std::make_unique<Sender>();
    receiver->on_end = [&] { receiver.reset(); };
    sender->on_sent = [&] { sender.reset(); };
    reactor_->StartRecv(near.get(), *receiver);
    reactor_->StartSend(near.get(), std::string_view("x"), *sender);
    if (i % 2 == 0) {
      far.Reset();
    } else {
      reactor_->CancelRecv(*receiver);
    }
    ASSERT_TRUE(Until([&] { return receiver == nullptr && sender == nullptr; }));
  }
}

// Rule 3.
TEST_P(ReactorConformance, CancellingAnIdleOpDoesNothing) {
  Receiver receiver;
  Sender sender;
  Acceptor acceptor;
  Watcher watcher;
  Timer timer;
  reactor_->CancelRecv(receiver);
  reactor_->CancelSend(sender);
  reactor_->CancelAccept(acceptor);
  reactor_->CancelReadable(watcher);
  reactor_->CancelTimer(timer);
  PollIdle(*reactor_);
  EXPECT_FALSE(receiver.ended || sender.done() || acceptor.ended || watcher.ended);
}

TEST_P(ReactorConformance, CancelledRecvEndsOnce) {
  auto [near, far] = Pair();
  Receiver receiver;
  reactor_->StartRecv(near.get(), receiver);
  PollIdle(*reactor_);
  reactor_->CancelRecv(receiver);
  reactor_->CancelRecv(receiver);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
  EXPECT_EQ(receiver.result, -ECANCELED);
  PollIdle(*reactor_);
}

TEST_P(ReactorConformance, NoByteIsLostByCancelling) {
  auto [near, far] = TcpPair();
  const std::string bytes = PatternBytes(1 << 20, 3);
  Sender sender;
  Receiver receiver;
  receiver.on_received = [&] { reactor_->CancelRecv(receiver); };
  int ends = 0;
  receiver.on_end = [&] {
    EXPECT_EQ(receiver.result, -ECANCELED);
    receiver.ended = false;
    reactor_->StartRecv(near.get(), receiver);
    if (++ends % 3 == 0) reactor_->CancelRecv(receiver);
  };
  reactor_->StartRecv(near.get(), receiver);
  reactor_->StartSend(far.get(), bytes, sender);
  ASSERT_TRUE(Until([&] { return receiver.data.size() >= bytes.size() && sender.done(); }));
  EXPECT_TRUE(receiver.data == bytes);
  receiver.on_end = nullptr;
  reactor_->CancelRecv(receiver);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
}

TEST_P(ReactorConformance, CancelsASendToAPeerThatDoesNotRead) {
  auto [near, far] = Pair();
  const std::string bytes = PatternBytes(16 << 20, 4);
  Sender sender;
  reactor_->StartSend(near.get(), bytes, sender);
  PollIdle(*reactor_);
  ASSERT_FALSE(sender.done());
  reactor_->CancelSend(sender);
  reactor_->CancelSend(sender);
  ASSERT_TRUE(Until([&] { return sender.done(); }));
  EXPECT_EQ(sender.result, -ECANCELED);
  PollIdle(*reactor_);
  EXPECT_EQ(sender.calls, 1);
}

TEST_P(ReactorConformance, CancelAfterTheOutcomeKeepsTheOutcome) {
  auto [near, far] = Pair();
  Sender sender;
  reactor_->StartSend(near.get(), std::string_view("gone"), sender);
  reactor_->CancelSend(sender);
  ASSERT_TRUE(Until([&] { return sender.done(); }));
  // io_uring may drop a send that it has not begun; either way the result says what the peer got.
  PollIdle(*reactor_);
  EXPECT_EQ(ReadSome(far.get()), sender.result == 4 ? "gone" : "");
  EXPECT_TRUE(sender.result == 4 || sender.result == -ECANCELED) << sender.result;
}

// Rules 4 and 5.
TEST_P(ReactorConformance, ADescriptorNumberMayBeUsedAgain) {
  constexpr int kRounds = 200;
  int reused = 0;
  int last_fd = -1;
  for (int i = 0; i < kRounds; ++i) {
    auto [near, far] = Pair();
    reused += near.get() == last_fd ? 1 : 0;
    last_fd = near.get();
    Receiver receiver;
    reactor_->StartRecv(near.get(), receiver);
    const std::string text = "round " + std::to_string(i);
    WriteAll(far.get(), text);
    ASSERT_TRUE(Until([&] { return !receiver.data.empty(); }));
    EXPECT_EQ(receiver.data, text);
    if (i % 2 == 0) far.Reset();
    reactor_->CancelRecv(receiver);
    ASSERT_TRUE(Until([&] { return receiver.ended; }));
  }
  EXPECT_GT(reused, 0);
}

// Both sockets are ready in one turn; the first callback closes the second one's descriptor, whose
// number comes back at once for a socket without data.
TEST_P(ReactorConformance, AStaleEventDoesNotReachANewOpOfTheSameNumber) {
  auto [a_near, a_far] = Pair();
  auto [b_near, b_far] = Pair();
  auto [c_near, c_far] = Pair();
  Receiver a, b, c;
  const int b_number = b_near.get();
  const auto replace_b = [&] {
    if (!b.ended || b_number != b_near.get()) return;
    b_near.Reset();
    UniqueFd copy(::fcntl(c_near.get(), F_DUPFD_CLOEXEC, b_number));
    ASSERT_EQ(copy.get(), b_number);
    b_near = std::move(copy);
    reactor_->StartRecv(b_near.get(), c);
  };
  b.on_end = replace_b;
  a.on_received = [&] { reactor_->CancelRecv(b); };
  reactor_->StartRecv(a_near.get(), a);
  reactor_->StartRecv(b_near.get(), b);
  PollIdle(*reactor_);
  WriteAll(a_far.get(), "a");
  WriteAll(b_far.get(), "b");
  ASSERT_TRUE(Until([&] { return b.ended; }));
  PollIdle(*reactor_);
  EXPECT_EQ(c.data, "");
  WriteAll(c_far.get(), "c");
  ASSERT_TRUE(Until([&] { return !c.data.empty(); }));
  EXPECT_EQ(c.data, "c");
  reactor_->CancelRecv(a);
  reactor_->CancelRecv(c);
  ASSERT_TRUE(Until([&] { return a.ended && c.ended; }));
}

TEST_P(ReactorConformance, BadDescriptorsAreReportedThroughTheOp) {
  int closed = -1;
  {
    auto [near, far] = Pair();
    closed = near.get();
  }
  Receiver receiver;
  Sender sender;
  Watcher watcher;
  Acceptor acceptor;
  reactor_->StartRecv(closed, receiver);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
  reactor_->StartSend(closed, std::string_view("x"), sender);
  ASSERT_TRUE(Until([&] { return sender.done(); }));
  reactor_->StartReadable(closed, watcher);
  ASSERT_TRUE(Until([&] { return watcher.ended; }));
  reactor_->StartAccept(closed, acceptor);
  ASSERT_TRUE(Until([&] { return acceptor.ended; }));
  EXPECT_EQ(receiver.result, -EBADF);
  EXPECT_EQ(sender.result, -EBADF);
  EXPECT_EQ(watcher.result, -EBADF);
  EXPECT_EQ(acceptor.result, -EBADF);
}

// Sends back what it receives, one send at a time, reading on while a send is under way.
class EchoConnection {
 public:
  EchoConnection(Reactor& reactor, int fd) : reactor_(reactor), fd_(fd) {
    receiver_.on_received = [this] { Flush(); };
    sender_.on_sent = [this] {
      sending_ = false;
      Flush();
    };
    reactor_.StartRecv(fd, receiver_);
  }

  void Flush() {
    if (sending_ || receiver_.data.empty()) return;
    sending_ = true;
    out_.swap(receiver_.data);
    receiver_.data.clear();
    reactor_.StartSend(fd_, out_, sender_);
  }

  [[nodiscard]] bool sending() const { return sending_; }
  [[nodiscard]] bool ended() const { return receiver_.ended; }

 private:
  Reactor& reactor_;
  int fd_;
  bool sending_ = false;
  std::string out_;
  Receiver receiver_;
  Sender sender_;
};

TEST_P(ReactorConformance, EchoesTenMegabytesInRandomPieces) {
  auto [client, server] = TcpPair();
  EchoConnection echo(*reactor_, server.get());
  const std::string bytes = PatternBytes(10 << 20, 5);
  std::mt19937 random(6);
  size_t started = 0;
  Sender sender;
  Receiver receiver;
  const auto send_next = [&] {
    const size_t piece = std::min<size_t>(bytes.size() - started, 1 + random() % 300'000);
    if (piece == 0) return;
    reactor_->StartSend(client.get(), std::span(bytes).subspan(started, piece), sender);
    started += piece;
  };
  sender.on_sent = send_next;
  reactor_->StartRecv(client.get(), receiver);
  send_next();
  ASSERT_TRUE(Until([&] { return receiver.data.size() >= bytes.size(); }));
  EXPECT_TRUE(receiver.data == bytes);
  ASSERT_TRUE(Until([&] { return !echo.sending(); }));
  reactor_->CancelRecv(receiver);
  ASSERT_TRUE(Until([&] { return receiver.ended; }));
  client.Reset();
  ASSERT_TRUE(Until([&] { return echo.ended(); }));
}

TEST_P(ReactorConformance, ServesManySockets) {
  constexpr size_t kSockets = 300;
  constexpr int kRounds = 20;
  std::vector<std::pair<UniqueFd, UniqueFd>> pairs;
  std::vector<std::unique_ptr<EchoConnection>> echoes;
  for (size_t i = 0; i < kSockets; ++i) {
    pairs.push_back(Pair());
    echoes.push_back(std::make_unique<EchoConnection>(*reactor_, pairs.back().second.get()));
  }
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < kSockets; ++i) {
      WriteAll(pairs[i].first.get(), "socket " + std::to_string(i));
    }
    std::vector<std::string> answers(kSockets);
    ASSERT_TRUE(Until([&] {
      size_t whole = 0;
      for (size_t i = 0; i < kSockets; ++i) {
        answers[i] += ReadSome(pairs[i].first.get());
        whole += answers[i] == "socket " + std::to_string(i) ? 1 : 0;
      }
      return whole == kSockets;
    }));
  }
  for (auto& [client, server] : pairs) client.Reset();
  ASSERT_TRUE(Until([&] {
    return std::all_of(echoes.begin(), echoes.end(),
                       [](const auto& echo) { return echo->ended(); });
  }));
}

// More sockets with data than receive buffers: nobody is left waiting, nothing is lost.
TEST_P(ReactorConformance, FewReceiveBuffersServeManySockets) {
  ReactorOptions options = OptionsFor(GetParam(), clock_);
  options.recv_buffers = 2;
  options.recv_buffer_bytes = 512;
  reactor_ = MakeOrDie(options);
  constexpr size_t kSockets = 64;
  const std::string bytes = PatternBytes(50'000, 7);
  std::vector<std::pair<UniqueFd, UniqueFd>> pairs;
  std::vector<std::unique_ptr<Receiver>> receivers;
  for (size_t i = 0; i < kSockets; ++i) {
    pairs.push_back(Pair());
    WriteAll(pairs.back().first.get(), bytes);
    receivers.push_back(std::make_unique<Receiver>());
    reactor_->StartRecv(pairs.back().second.get(), *receivers.back());
  }
  for (auto& [far, near] : pairs) ASSERT_EQ(::shutdown(far.get(), SHUT_WR), 0);
  ASSERT_TRUE(Until([&] {
    return std::all_of(receivers.begin(), receivers.end(),
                       [](const auto& receiver) { return receiver->ended; });
  }));
  for (const auto& receiver : receivers) {
    EXPECT_EQ(receiver->result, 0);
    EXPECT_TRUE(receiver->data == bytes);
  }
  if (GetParam() == BackEnd::kUring) {
    EXPECT_GT(reactor_->counters().recv_buffer_shortages, 0u);
  }
}

// A socket that always has more to read must not keep another one waiting.
TEST_P(ReactorConformance, AFloodDoesNotStarveOthers) {
  auto [flood_client, flood_server] = TcpPair();
  auto [client, server] = Pair();
  const std::string bytes = PatternBytes(8 << 20, 8);
  Sender flood;
  flood.on_sent = [&] { reactor_->StartSend(flood_client.get(), bytes, flood); };
  Receiver sink;
  sink.on_received = [&] { sink.data.clear(); };
  Receiver receiver;
  reactor_->StartSend(flood_client.get(), bytes, flood);
  reactor_->StartRecv(flood_server.get(), sink);
  reactor_->StartRecv(server.get(), receiver);
  for (int round = 0; round < 20; ++round) {
    receiver.data.clear();
    WriteAll(client.get(), "me too");
    const uint64_t before_bytes = reactor_->counters().received_bytes;
    ASSERT_TRUE(Until([&] { return !receiver.data.empty(); }));
    EXPECT_LT(reactor_->counters().received_bytes - before_bytes, 64u << 20);
  }
  flood.on_sent = nullptr;
  reactor_->CancelSend(flood);
  reactor_->CancelRecv(sink);
  reactor_->CancelRecv(receiver);
  const int calls = flood.calls;
  ASSERT_TRUE(Until([&] { return flood.calls > calls && sink.ended && receiver.ended; }));
}

}  // namespace
}  // namespace corelane::io
