#pragma once

// ReactorBase: what the back ends share, so that it is written once: timers, counters, the wake-up
// descriptor, the pause after running out of descriptors, and the queue of outcomes that are known
// before Poll() is called. A back end adds the kernel.
//
// Outcomes. Rule 1 of io/reactor.h says that callbacks run only inside Poll(). What is decided
// outside of it (a send that went through at once, a cancelled wait) is queued here and told by the
// next Poll(). A back end must not sleep while an outcome is queued. An op is in the queue once at
// most, and nothing else may end it from then on.
//
// Thread rules as for Reactor.

#include <cstdint>
#include <vector>

#include "io/reactor.h"
#include "io/timer_heap.h"
#include "io/unique_fd.h"

namespace corelane::io {

class ReactorBase : public Reactor {
 public:
  void StartTimer(int64_t deadline_ns, TimerOp& op) final { timers_.Start(deadline_ns, op); }
  void CancelTimer(TimerOp& op) final { timers_.Cancel(op); }
  void Wake() final;
  [[nodiscard]] const ReactorCounters& counters() const final { return counters_; }

  // An eventfd; Wake() writes to it. Nobody ever reads it: each write is an edge of its own for a
  // back end that watches edges, which spares a system call a wake-up. (Its counter has room for
  // 2^64 - 2 writes.)
  [[nodiscard]] static Result<UniqueFd> MakeWakeFd();

 protected:
  // `clock` outlives the reactor. `wake_fd`: see MakeWakeFd().
  ReactorBase(const env::Clock& clock, UniqueFd wake_fd);

  [[nodiscard]] int64_t NowNanos() const { return clock_.MonotonicNanos(); }
  [[nodiscard]] int wake_fd() const { return wake_fd_.get(); }

  // The one place where an op begins: not under way, not cancelled, nothing done.
  static void Begin(int fd, OpState& state);

  // Clears the op's state and runs its last callback.
  static void EndAccept(AcceptOp& op, int64_t result);
  static void EndRecv(RecvOp& op, int64_t result);
  static void EndSend(SendOp& op, int64_t result);
  static void EndReadable(ReadableOp& op, int64_t result);

  // Each ends its op with `result` in the next Poll().
  void QueueEnd(AcceptOp& op, int64_t result) { Queue(EndKind::kAccept, &op, result); }
  void QueueEnd(RecvOp& op, int64_t result) { Queue(EndKind::kRecv, &op, result); }
  void QueueEnd(SendOp& op, int64_t result) { Queue(EndKind::kSend, &op, result); }
  void QueueEnd(ReadableOp& op, int64_t result) { Queue(EndKind::kReadable, &op, result); }
  [[nodiscard]] bool HasOutcomes() const { return !outcomes_.empty(); }
  // Runs what was queued before the call; what the callbacks queue waits for the next one. Returns
  // how many ran.
  size_t RunOutcomes();

  // `timeout_ns` (< 0: no bound), cut short by the first timer and to zero by a queued outcome.
  [[nodiscard]] int64_t WaitNanos(int64_t timeout_ns) const;
  size_t RunTimers();

  // Accepting has run out of descriptors: ResumeAccept(op) is called after a pause, unless
  // CancelPausedAccept() takes the op out before (true when it was paused).
  void PauseAccept(AcceptOp& op);
  [[nodiscard]] bool CancelPausedAccept(AcceptOp& op);
  virtual void ResumeAccept(AcceptOp& op) = 0;

  // Whether accepting can go on after `error` (negated): at once, after a pause, or not.
  enum class AcceptFailure { kGoOn, kPause, kEnd };
  [[nodiscard]] static AcceptFailure ClassifyAcceptError(int error);

  ReactorCounters counters_;

 private:
  enum class EndKind : uint8_t { kAccept, kRecv, kSend, kReadable };
  struct Outcome {
    EndKind kind;
    void* op;
    int64_t result;
  };
  class PauseTimer final : public TimerOp {
   public:
    explicit PauseTimer(ReactorBase& reactor) : reactor_(reactor) {}
    void OnTimer() override { reactor_.EndAcceptPause(); }

   private:
    ReactorBase& reactor_;
  };

  void Queue(EndKind kind, void* op, int64_t result) { outcomes_.push_back({kind, op, result}); }
  void EndAcceptPause();

  const env::Clock& clock_;
  const UniqueFd wake_fd_;
  TimerHeap timers_;
  std::vector<Outcome> outcomes_;
  std::vector<Outcome> running_outcomes_;  // kept for its memory
  std::vector<AcceptOp*> paused_accepts_;
  PauseTimer pause_timer_{*this};
};

}  // namespace corelane::io
