#pragma once

// Doorbell: wakes the one thread that waits, from the one thread that rings. Ringing costs one
// exchange when the waiter is awake and one futex call when it sleeps; it never waits. A ring
// before the wait is kept, so none is lost; many rings make one.
//
// Owned by the log, shared by its lane (Ring) and its helper thread (Wait).

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace corelane::wal {

class Doorbell {
 public:
  void Ring() {
    // acq_rel: what the ringer wrote before is seen by the waiter that takes this ring (acquire in
    // Wait).
    if (state_.exchange(kRung, std::memory_order_acq_rel) == kSleeping) {
      syscall(SYS_futex, Address(), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }

  // Returns after a ring or `nanos`, or for no reason at all: the caller looks around in any case.
  void Wait(int64_t nanos) {
    uint32_t expected = kQuiet;
    if (state_.compare_exchange_strong(expected, kSleeping, std::memory_order_acq_rel)) {
      const timespec timeout{.tv_sec = nanos / 1'000'000'000, .tv_nsec = nanos % 1'000'000'000};
      syscall(SYS_futex, Address(), FUTEX_WAIT_PRIVATE, kSleeping, &timeout, nullptr, 0);
    }
    state_.exchange(kQuiet, std::memory_order_acq_rel);
  }

 private:
  static constexpr uint32_t kQuiet = 0;
  static constexpr uint32_t kRung = 1;
  static constexpr uint32_t kSleeping = 2;

  // The kernel looks at the bare word.
  uint32_t* Address() { return reinterpret_cast<uint32_t*>(&state_); }

  std::atomic<uint32_t> state_{kQuiet};
  static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));
};

}  // namespace corelane::wal
