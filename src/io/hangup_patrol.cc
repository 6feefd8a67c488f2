#include "io/hangup_patrol.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"

namespace corelane::io {

void HangupPatrol::Add(OpState& state) {
  state.place = states_.size();
  states_.push_back(&state);
}

void HangupPatrol::Remove(OpState& state) {
  CHECK(state.place < states_.size() && states_[state.place] == &state);
  states_.back()->place = state.place;
  states_[state.place] = states_.back();
  states_.pop_back();
}

size_t HangupPatrol::Round() {
  const size_t count = std::min(kSocketsPerRound, states_.size());
  for (size_t i = 0; i < count; ++i) {
    if (next_ >= states_.size()) next_ = 0;
    polled_[i] = {states_[next_++]->fd, POLLRDHUP, 0};
  }
  if (::poll(polled_.data(), count, 0) <= 0) return 0;
  size_t touched = 0;
  for (size_t i = 0; i < count; ++i) {
    if ((polled_[i].revents & (POLLHUP | POLLRDHUP | POLLERR)) == 0) continue;
    // Wakes whoever waits for the socket. Nothing is lost: the peer sends no more, and what it has
    // sent can still be read.
    ::shutdown(polled_[i].fd, SHUT_RD);
    ++touched;
  }
  return touched;
}

}  // namespace corelane::io
