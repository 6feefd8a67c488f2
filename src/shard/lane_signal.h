#pragma once

// LaneSignal: wakes a lane that sleeps in its reactor, and costs nothing while the lane is awake.
// Everything that hands work to a lane (other lanes, the control thread, the log's helper)
// publishes the work first and then calls Ring().
//
// Why no wake-up is lost. Both sides change `sleeping` by an exchange, and exchanges of one
// variable have one order. The sleeper puts true in and then looks for work; the ringer publishes
// work and then puts false in. If the ringer's exchange comes after the sleeper's, it takes out the
// true and wakes the lane. If it comes before, the sleeper's exchange reads what the ringer's left
// (acquire after release), so the look behind it sees the work and the lane does not sleep.
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
    // acq_rel: the order of exchanges described above.
    if (!sleeping_.exchange(false, std::memory_order_acq_rel)) return false;
    // acquire: the reactor is complete.
    io::Reactor* const reactor = reactor_.load(std::memory_order_acquire);
    if (reactor == nullptr) return false;
    reactor->Wake();
    return true;
  }

  // The lane announces its sleep; it must look for work after this and before it sleeps.
  void AnnounceSleep() { sleeping_.exchange(true, std::memory_order_acq_rel); }
  // relaxed: a ringer that still sees `true` rings once too often, which is harmless.
  void AnnounceAwake() { sleeping_.store(false, std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<bool> sleeping_{false};
  std::atomic<io::Reactor*> reactor_{nullptr};
};

}  // namespace corelane::shard
