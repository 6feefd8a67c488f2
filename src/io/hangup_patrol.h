#pragma once

// HangupPatrol: looks after sockets that are being received from and whose end the kernel may have
// kept to itself. Seen on Linux 6.18 with TCP: when a peer's last bytes and its reset arrive at
// nearly the same moment, about one multishot recv in 400,000 delivers the bytes and never
// completes again, until something else touches the socket. (liburing issue 1549 reports the same
// of Unix sockets.)
//
// A round asks poll(2) about some of the sockets, in turn, with one system call, and touches those
// that have hung up: the recv then completes as it should have. A socket whose end is just being
// reported comes to no harm.
//
// Owned by a reactor, used on its thread. An op is in the patrol from Add() to Remove().

#include <poll.h>

#include <array>
#include <cstddef>
#include <vector>

#include "io/reactor.h"

namespace corelane::io {

class HangupPatrol {
 public:
  static constexpr size_t kSocketsPerRound = 64;

  void Add(OpState& state);
  void Remove(OpState& state);
  [[nodiscard]] bool empty() const { return states_.empty(); }

  // One round. Returns how many sockets it touched.
  size_t Round();

 private:
  std::vector<OpState*> states_;
  size_t next_ = 0;  // where the next round begins
  std::array<pollfd, kSocketsPerRound> polled_;
};

}  // namespace corelane::io
