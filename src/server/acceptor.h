#pragma once

// Acceptor: one listening socket on the control thread. Each accepted connection goes to the lane
// that its 4-tuple (both addresses and ports) hashes to; over the limit of connections it goes
// there marked as refused, so that the client hears why in its own protocol.
//
// The control thread's. Stop() before it is destroyed, and poll the reactor until stopped().

#include <cstdint>
#include <string>

#include "io/reactor.h"
#include "io/unique_fd.h"
#include "server/options.h"

namespace corelane::server {

// Who takes accepted sockets: the server.
class ConnectionTaker {
 public:
  virtual ~ConnectionTaker() = default;
  virtual void Take(io::UniqueFd fd, Scheme scheme) = 0;
};

class Acceptor final : public io::AcceptOp {
 public:
  Acceptor(io::UniqueFd listener, const ListenOptions& options, ConnectionTaker& taker);

  void Start(io::Reactor& reactor);
  // No new connections from here on; those that wait in the system's queue are reset when the
  // socket closes.
  void Stop(io::Reactor& reactor);
  [[nodiscard]] bool stopped() const { return !accepting_; }

  // "listening scheme=auto address=127.0.0.1:7878"
  [[nodiscard]] std::string Describe() const;
  [[nodiscard]] uint16_t port() const;

  void OnAccepted(int fd) override;
  void OnAcceptError(int error) override;
  void OnAcceptEnd(int result) override;

 private:
  io::UniqueFd listener_;
  const ListenOptions options_;
  ConnectionTaker& taker_;
  bool accepting_ = false;
};

// The lane of a connection: a hash of its 4-tuple.
[[nodiscard]] uint32_t LaneOfConnection(int fd, uint64_t seed, uint32_t lanes);

}  // namespace corelane::server
