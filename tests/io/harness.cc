#include "harness.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <iostream>

namespace corelane::io {

namespace {

constexpr int64_t kStepNanos = 200'000'000;
constexpr int64_t kHangNanos = 60'000'000'000;
constexpr int kIdleTurns = 20;

}  // namespace

ReactorOptions OptionsFor(BackEnd back_end, const env::Clock& clock) {
  ReactorOptions options;
  options.choice = back_end == BackEnd::kUring ? BackEndChoice::kUring : BackEndChoice::kEpoll;
  options.clock = &clock;
  return options;
}

std::unique_ptr<Reactor> MakeOrDie(const ReactorOptions& options) {
  std::string reason;
  Result<std::unique_ptr<Reactor>> reactor = MakeReactor(options, reason);
  if (!reactor.ok()) {
    std::cerr << reactor.status().ToString() << "\n";
    std::abort();
  }
  return std::move(*reactor);
}

std::vector<BackEnd> AvailableBackEnds() {
  const env::SystemClock clock;
  std::string reason;
  std::vector<BackEnd> back_ends = {BackEnd::kEpoll};
  if (MakeReactor(OptionsFor(BackEnd::kUring, clock), reason).ok()) {
    back_ends.push_back(BackEnd::kUring);
  }
  return back_ends;
}

bool PollUntil(Reactor& reactor, const std::function<bool()>& done) {
  const env::SystemClock clock;
  const int64_t give_up_ns = clock.MonotonicNanos() + kHangNanos;
  while (!done()) {
    if (clock.MonotonicNanos() > give_up_ns) {
      ADD_FAILURE() << "waited in vain";
      return false;
    }
    reactor.Poll(kStepNanos);
  }
  return true;
}

void PollIdle(Reactor& reactor) {
  for (int i = 0; i < kIdleTurns; ++i) reactor.Poll(0);
}

std::pair<UniqueFd, UniqueFd> ReactorTest::Pair() {
  Result<std::pair<UniqueFd, UniqueFd>> pair = SocketPair();
  EXPECT_TRUE(pair.ok());
  return std::move(*pair);
}

std::pair<UniqueFd, UniqueFd> ReactorTest::TcpPair() {
  Result<UniqueFd> listener = Listen({"127.0.0.1", 0}, 1);
  EXPECT_TRUE(listener.ok());
  Result<UniqueFd> client = Connect({"127.0.0.1", LocalPort(listener->get()).value()});
  EXPECT_TRUE(client.ok());
  EXPECT_EQ(::fcntl(client->get(), F_SETFL, O_NONBLOCK), 0);
  // connect() has returned, so the connection is in the queue.
  UniqueFd server(::accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_TRUE(server.valid());
  return {std::move(*client), std::move(server)};
}

std::string BackEndTestName(const ::testing::TestParamInfo<BackEnd>& info) {
  return std::string(BackEndName(info.param));
}

std::string PatternBytes(size_t size, uint64_t seed) {
  std::string bytes(size, '\0');
  uint64_t state = seed;
  for (char& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

}  // namespace corelane::io
