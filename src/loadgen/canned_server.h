#pragma once

// CannedServer: a server that never looks at a request. It answers each `request_bytes` received
// bytes with one canned reply, on the reactor that corelane-server runs on: what is left of serving
// when all the work is taken out. The generator finds its own ceiling against it, and its CPU time
// per operation is the floor that a server's own is measured against.
//
// A CannedServer belongs to the thread of its reactor; whoever makes it lets the reactor go first.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "env/clock.h"
#include "io/reactor.h"
#include "io/unique_fd.h"
#include "loadgen/wire.h"

namespace corelane::loadgen {

// All requests must be of the same size.
struct CannedReply {
  size_t request_bytes = 0;
  std::string reply;
};

// What a server says to the read of a key that is there: the right reply to every read of a key as
// long as this one.
[[nodiscard]] CannedReply CannedRead(WireProtocol protocol, std::string_view key,
                                     size_t value_bytes);
// What it says to a write.
[[nodiscard]] CannedReply CannedWrite(WireProtocol protocol, std::string_view key,
                                      size_t value_bytes);

class CannedServer final : public io::AcceptOp {
 public:
  // The most replies, and about the most bytes, that leave in one send; what is behind them leaves
  // in the next.
  static constexpr size_t kRepliesPerSendMax = 1024;
  static constexpr size_t kBytesPerSendMax = size_t{1} << 20;

  CannedServer(io::Reactor& reactor, const CannedReply& canned);
  ~CannedServer() override;

  // Watches the clock for so long before each reply: a server that is slower by a known amount of
  // CPU time. Before Start(); without it no clock is looked at.
  void BurnPerRequest(const env::Clock& clock, int64_t burn_ns);

  // Accepts on this socket from now on, and answers while its reactor is polled.
  void Start(int listener_fd);
  // Accepting has failed.
  [[nodiscard]] bool ended() const { return ended_; }

  // io::AcceptOp
  void OnAccepted(int fd) override;
  void OnAcceptError(int error) override;
  void OnAcceptEnd(int result) override;

 private:
  class Connection;

  void Remove(const Connection& gone);
  void Burn(size_t requests) const;

  io::Reactor& reactor_;
  const size_t request_bytes_;
  const size_t reply_bytes_;
  std::string replies_;
  const env::Clock* clock_ = nullptr;
  int64_t burn_ns_ = 0;
  std::list<std::unique_ptr<Connection>> connections_;
  bool ended_ = false;
};

}  // namespace corelane::loadgen
