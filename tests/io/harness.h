#pragma once

// What the tests of the reactor share: operations that record what they are told, and a way to poll
// until something holds that fails instead of hanging. One thread a reactor, as everywhere.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "env/clock.h"
#include "io/reactor.h"
#include "io/socket.h"
#include "io/unique_fd.h"

namespace corelane::io {

// The back ends that this machine has. epoll always.
std::vector<BackEnd> AvailableBackEnds();

ReactorOptions OptionsFor(BackEnd back_end, const env::Clock& clock);
std::unique_ptr<Reactor> MakeOrDie(const ReactorOptions& options);

// Polls until `done` holds. False, with a test failure, when it still does not after a time that
// only a bug can take.
bool PollUntil(Reactor& reactor, const std::function<bool()>& done);
// Enough turns for everything that can happen without anything from outside to have happened.
void PollIdle(Reactor& reactor);

struct Receiver : RecvOp {
  void OnReceived(std::span<const char> bytes) override {
    EXPECT_FALSE(bytes.empty());
    EXPECT_FALSE(ended) << "bytes after the end";
    data.append(bytes.data(), bytes.size());
    ++deliveries;
    if (on_received) on_received();
  }
  void OnRecvEnd(int end_result) override {
    EXPECT_FALSE(ended) << "two last callbacks";
    ended = true;
    result = end_result;
    if (on_end) on_end();
  }
  std::string data;
  int deliveries = 0;
  bool ended = false;
  int result = 1;
  std::function<void()> on_received;
  std::function<void()> on_end;
};

struct Sender : SendOp {
  void OnSent(int64_t sent_result) override {
    ++calls;
    result = sent_result;
    if (on_sent) on_sent();
  }
  [[nodiscard]] bool done() const { return calls > 0; }
  int calls = 0;
  int64_t result = 0;
  std::function<void()> on_sent;
};

struct Acceptor : AcceptOp {
  void OnAccepted(int fd) override {
    EXPECT_FALSE(ended);
    accepted.emplace_back(fd);
    if (on_accepted) on_accepted();
  }
  void OnAcceptError(int error) override {
    EXPECT_FALSE(ended);
    errors.push_back(error);
    if (on_error) on_error();
  }
  void OnAcceptEnd(int end_result) override {
    EXPECT_FALSE(ended);
    ended = true;
    result = end_result;
  }
  std::vector<UniqueFd> accepted;
  std::vector<int> errors;
  bool ended = false;
  int result = 1;
  std::function<void()> on_accepted;
  std::function<void()> on_error;
};

struct Watcher : ReadableOp {
  void OnReadable() override {
    EXPECT_FALSE(ended);
    ++calls;
    if (on_readable) on_readable();
  }
  void OnReadableEnd(int end_result) override {
    EXPECT_FALSE(ended);
    ended = true;
    result = end_result;
  }
  int calls = 0;
  bool ended = false;
  int result = 1;
  std::function<void()> on_readable;
};

struct Timer : TimerOp {
  void OnTimer() override {
    ++calls;
    if (on_timer) on_timer();
  }
  int calls = 0;
  std::function<void()> on_timer;
};

// One reactor of the back end that the parameter names, on the system's clock.
class ReactorTest : public ::testing::TestWithParam<BackEnd> {
 protected:
  ReactorTest() : reactor_(MakeOrDie(OptionsFor(GetParam(), clock_))) {}

  std::pair<UniqueFd, UniqueFd> Pair();
  // A connection over TCP: {client, server}, both non-blocking.
  std::pair<UniqueFd, UniqueFd> TcpPair();
  bool Until(const std::function<bool()>& done) { return PollUntil(*reactor_, done); }

  const env::SystemClock clock_;
  std::unique_ptr<Reactor> reactor_;
};

std::string BackEndTestName(const ::testing::TestParamInfo<BackEnd>& info);

// Bytes that differ from place to place, so that one lost, doubled or swapped shows.
std::string PatternBytes(size_t size, uint64_t seed);

}  // namespace corelane::io
