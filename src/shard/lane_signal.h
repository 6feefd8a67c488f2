#pragma once

// LaneSignal: wakes a lane that sleeps in its reactor, and costs nothing while the lane is awake.
// Everything that hands work to a lane (other lanes, the control thread, the log's helper)
// publishes the work first and then calls Ring().
//
// Why no wake-up is lost. The sleeper stores `sleeping`, fences, and looks for work; the ringer
// publishes work, fences, and looks at `sleeping`. Both fences are sequentially consistent, so one
// of them comes first. If it is the sleeper's, the ringer's later look sees `sleeping` and wakes
// it. If it is the ringer's, the sleeper's later look sees the work and it does not sleep.
//
// Ring() may be called from any thread at any time between SetReactor() and the end of the threads
// that ring; the other functions belong to the lane.

#include <atomic>

#include "io/reactor.h"

namespace corelane::shard {

class LaneSignal {
 public:
  // Before any other thread can ring.
  void SetReactor(io::Reactor* reactor) { reactor_.store(reactor, std::memory_order_release); }

  // True when it had to wake the lane (a system call).
  bool Ring() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    // relaxed: the fence orders this look behind the publishing stores.
    if (!sleeping_.load(std::memory_order_relaxed)) return false;
    return RingSleeper();
  }

  // The lane announces its sleep; it must look for work after this and before it sleeps.
  void AnnounceSleep() {
    // relaxed: the fence orders this store before the looks that follow.
    sleeping_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  // relaxed: a ringer that still sees `true` rings once too often, which is harmless.
  void AnnounceAwake() { sleeping_.store(false, std::memory_order_relaxed); }

 private:
  bool RingSleeper() {
    // Of several ringers one wins the exchange and pays for the wake-up. acq_rel: see Wake() of the
    // reactor that SetReactor() published.
    if (!sleeping_.exchange(false, std::memory_order_acq_rel)) return false;
    io::Reactor* const reactor = reactor_.load(std::memory_order_acquire);
    if (reactor == nullptr) return false;
    reactor->Wake();
    return true;
  }

  alignas(64) std::atomic<bool> sleeping_{false};
  std::atomic<io::Reactor*> reactor_{nullptr};
};

}  // namespace corelane::shard
