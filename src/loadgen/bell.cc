#include "loadgen/bell.h"

#include <poll.h>
#include <sys/eventfd.h>

#include "base/check.h"

namespace corelane::loadgen {

Bell::Bell() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { CHECK(event_.valid()); }

void Bell::Ring() {
  // Fails only when it has been rung 2^64 - 2 times and nobody waits.
  static_cast<void>(::eventfd_write(event_.get(), 1));
}

void Bell::Wait(int64_t timeout_ns) {
  constexpr int64_t kSecondNanos = 1'000'000'000;
  const timespec timeout{.tv_sec = timeout_ns / kSecondNanos, .tv_nsec = timeout_ns % kSecondNanos};
  pollfd waited{.fd = event_.get(), .events = POLLIN, .revents = 0};
  if (::ppoll(&waited, 1, &timeout, nullptr) <= 0) return;
  eventfd_t rings = 0;
  static_cast<void>(::eventfd_read(event_.get(), &rings));
}

}  // namespace corelane::loadgen
