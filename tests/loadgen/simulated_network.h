#pragma once

// SimulatedNetwork: a network, a server and a clock that exist in virtual time only, so that a test
// can say what a worker must measure, to the nanosecond and on any machine. The server speaks RESP;
// when it answers, and what, a Script says: unless it does, a GET is a miss, everything else is OK.
//
// Time moves when the worker polls: to the next reply or to the end of the poll's timeout,
// whichever comes first; a poll that does not wait takes kPollNanos. One thread.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "env/clock.h"
#include "io/reactor.h"
#include "kv/request.h"
#include "loadgen/network.h"
#include "proto/resp_codec.h"

namespace corelane::loadgen {

class VirtualClock final : public env::Clock {
 public:
  [[nodiscard]] int64_t MonotonicNanos() const override { return now_ns_; }
  [[nodiscard]] int64_t WallMillis() const override { return now_ns_ / 1'000'000; }
  void MoveTo(int64_t now_ns) { now_ns_ = now_ns; }

 private:
  int64_t now_ns_ = 1'000'000'000;
};

// When and how the simulated server answers.
class Script {
 public:
  struct Answer {
    int64_t at_ns = 0;
    std::string bytes = {};  // empty: what the command asks for
    bool closes = false;     // the connection ends instead
  };

  virtual ~Script() = default;
  // For request `number` (of all connections, from 0), which arrives at `now_ns`. Replies of one
  // connection leave in order all the same.
  [[nodiscard]] virtual Answer AnswerTo(uint64_t number, int64_t now_ns) = 0;
  // The same for one that has to know what was asked.
  [[nodiscard]] virtual Answer AnswerTo(uint64_t number, int64_t now_ns,
                                        const kv::Request& /*request*/) {
    return AnswerTo(number, now_ns);
  }
};

class SimulatedNetwork final : public Network {
 public:
  static constexpr int64_t kPollNanos = 1'000;

  // Both outlive the network.
  SimulatedNetwork(VirtualClock& clock, Script& script);
  ~SimulatedNetwork() override;

  [[nodiscard]] Result<std::unique_ptr<io::Reactor>> MakeReactor() override;
  [[nodiscard]] Result<io::UniqueFd> Connect(const io::Endpoint& endpoint) override;

  [[nodiscard]] uint64_t requests() const { return requests_; }
  [[nodiscard]] uint64_t connects() const { return connects_; }

  // For the reactor. The server's side of a connection:
  struct Peer {
    proto::RespCodec codec{proto::CodecLimits()};
    std::string received;
    int64_t last_answer_ns = 0;
    std::deque<Script::Answer> answers;  // in the order in which they leave
  };

  [[nodiscard]] Peer& PeerOf(int fd) { return peers_.at(fd); }
  void Receive(Peer& peer, std::string_view bytes);
  [[nodiscard]] VirtualClock& clock() { return clock_; }

 private:
  VirtualClock& clock_;
  Script& script_;
  uint64_t requests_ = 0;
  uint64_t connects_ = 0;
  std::map<int, Peer> peers_;  // by the worker's descriptor
};

}  // namespace corelane::loadgen
