#pragma once

// Loop: the policy of a thread's event loop, written once above all back ends. A turn is
//   1. poll the reactor, sleeping only if step 3 of the last turn allowed it;
//   2. run each TurnTask once (drain mailboxes, execute, flush replies, ring doorbells);
//   3. if no task has more to do, spin for `spin_ns`, then announce the sleep, look once more, and
//   sleep.
// The order in step 3 is what makes a wake-up impossible to miss: PrepareToSleep() publishes
// "sleeping" and only then looks again (shard/mailbox.h has the other half of the proof).
//
// One thread; Stop() may be called from any.

#include <atomic>
#include <cstdint>
#include <vector>

#include "io/reactor.h"

namespace corelane::io {

class TurnTask {
 public:
  virtual ~TurnTask() = default;
  // One bounded helping of work. True when there is more to do at once.
  virtual bool RunTurn() = 0;
  // The thread wants to sleep. True when, after announcing it, there is still nothing to do.
  virtual bool PrepareToSleep() = 0;
  // The thread is awake again (also after a PrepareToSleep() of another task said no).
  virtual void OnAwake() = 0;
};

struct LoopOptions {
  int64_t spin_ns = 0;  // how long to poll without sleeping once idle
};

class Loop {
 public:
  Loop(Reactor& reactor, const env::Clock& clock, LoopOptions options);

  // Tasks run in the order added. They must outlive the loop's Run().
  void AddTask(TurnTask& task);

  // Runs turns until Stop().
  void Run();
  // One turn; sleeps at most `timeout_ns` (< 0: no bound).
  void RunOnce(int64_t timeout_ns);

  void Stop();

 private:
  static constexpr int64_t kBusy = INT64_MIN;  // the last turn did something

  bool RunTasks();
  bool MayAnnounceSleep();
  bool PrepareToSleep();

  Reactor& reactor_;
  const env::Clock& clock_;
  const LoopOptions options_;
  std::vector<TurnTask*> tasks_;
  bool more_to_do_ = true;  // so that the first turn runs the tasks before any sleep
  int64_t idle_since_ns_ = kBusy;
  std::atomic<bool> stopping_{false};
};

}  // namespace corelane::io
