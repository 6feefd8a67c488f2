#pragma once

// Reactor: one thread's event loop, in terms of completions. The caller starts an operation on an
// object that it owns (an Op) and hears of the outcome through that object's virtual functions.
// What is below (io_uring, epoll) is chosen at run time by MakeReactor() and does not show here: no
// readiness, no buffer ids.
//
// Thread rules: a reactor is made, used and destroyed on one thread. Only Wake() may be called from
// others.
//
// Operation rules, the same for every back end (tests/io/reactor_conformance_test.cc holds them):
//   1. Callbacks run only inside Poll(), never inside the call that starts or cancels an operation,
//      and never nested.
//   2. An Op must stay alive, and must not be started again, until its last callback (marked below)
//      has been entered. Inside its last callback it may be started again or destroyed.
//   3. Cancel*() asks; the last callback still comes, with -ECANCELED or with the outcome that was
//      faster. Cancelling an idle op does nothing.
//   4. A descriptor may be closed only when no operation on it is under way.
//   5. Results are >= 0, or a negated errno.
//   6. A reactor that is destroyed calls nobody back, and touches no Op.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "env/clock.h"

struct sockaddr_storage;

namespace corelane::io {

// What a back end keeps in an operation. Callers leave it alone.
struct OpState {
  int fd = -1;
  bool active = false;
  bool cancelled = false;
  size_t done_bytes = 0;
  size_t place = 0;  // in a list of the back end
};

// Accepts connections on a listening socket, one callback each, until cancelled or failed. Accepted
// sockets are non-blocking and close-on-exec; the callee owns them. Running out of descriptors
// (EMFILE, ENFILE) is reported through OnAcceptError and accepting goes on after a pause.
class AcceptOp {
 public:
  virtual ~AcceptOp() = default;
  virtual void OnAccepted(int fd) = 0;
  virtual void OnAcceptError(int error) = 0;  // negated errno; accepting goes on
  virtual void OnAcceptEnd(int result) = 0;   // last callback
  OpState state;
};

// Receives from a socket until the peer closes, an error, or CancelRecv(). At least the bytes that
// have arrived are delivered before the end is. The span is valid during the callback only.
class RecvOp {
 public:
  virtual ~RecvOp() = default;
  virtual void OnReceived(std::span<const char> bytes) = 0;  // never empty
  virtual void OnRecvEnd(int result) = 0;  // last callback; 0: the peer closed its side
  OpState state;
};

// Sends all of a span; the bytes must stay until the callback. One send at a time on a socket.
// Never raises SIGPIPE.
class SendOp {
 public:
  virtual ~SendOp() = default;
  // last callback; the span's size, or an error after which any part may have been sent
  virtual void OnSent(int64_t result) = 0;
  OpState state;
  std::span<const char> bytes;  // the back end's
};

// Tells each time that a descriptor (signalfd, eventfd, ...) has something to read; the callee
// reads it.
class ReadableOp {
 public:
  virtual ~ReadableOp() = default;
  virtual void OnReadable() = 0;
  virtual void OnReadableEnd(int result) = 0;  // last callback
  OpState state;
};

// One shot at a deadline of the clock's MonotonicNanos(). Never early; late by no more than a turn.
// Timers live in a heap above the back ends.
class TimerOp {
 public:
  virtual ~TimerOp() = default;
  virtual void OnTimer() = 0;  // last callback; a cancelled timer gets none
  static constexpr size_t kIdle = SIZE_MAX;
  size_t heap_index = kIdle;  // the reactor's
  int64_t deadline_ns = 0;    // the reactor's
};

enum class BackEnd { kUring, kEpoll };
[[nodiscard]] std::string_view BackEndName(BackEnd back_end);  // "io_uring", "epoll"

// What has happened, for stats. Read on the reactor's thread.
struct ReactorCounters {
  uint64_t polls = 0;  // calls of Poll()
  uint64_t waits = 0;  // polls that were allowed to sleep
  uint64_t completions = 0;
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
  uint64_t short_sends = 0;
  uint64_t recv_buffer_shortages = 0;  // ENOBUFS
  uint64_t recv_ends_missed = 0;       // see hangup_patrol.h; a few of them came a moment later
  uint64_t completion_overflows = 0;
};

class Reactor {
 public:
  virtual ~Reactor() = default;

  [[nodiscard]] virtual BackEnd back_end() const = 0;

  virtual void StartAccept(int listener_fd, AcceptOp& op) = 0;
  virtual void CancelAccept(AcceptOp& op) = 0;
  virtual void StartRecv(int fd, RecvOp& op) = 0;
  virtual void CancelRecv(RecvOp& op) = 0;
  virtual void StartSend(int fd, std::span<const char> bytes, SendOp& op) = 0;
  virtual void CancelSend(SendOp& op) = 0;
  virtual void StartReadable(int fd, ReadableOp& op) = 0;
  virtual void CancelReadable(ReadableOp& op) = 0;

  // Timers: see io/timer_heap.h. Starting an armed timer moves it.
  virtual void StartTimer(int64_t deadline_ns, TimerOp& op) = 0;
  virtual void CancelTimer(TimerOp& op) = 0;

  // Hands what was started to the kernel, waits until something completes, a timer is due,
  // `timeout_ns` has passed (0: does not wait; < 0: no bound) or Wake() was called, then runs the
  // callbacks of all that is ready. Returns how many ran. One system call in the common case.
  // It may return early with nothing done, when the kernel interrupts the wait. That needs no
  // signal: a ring that this thread has closed is taken down later, and interrupts it then.
  virtual size_t Poll(int64_t timeout_ns) = 0;

  // Makes the current or the next Poll() return. Any thread. Costs a system call: call it only for
  // a sleeper.
  virtual void Wake() = 0;

  [[nodiscard]] virtual const ReactorCounters& counters() const = 0;
};

enum class BackEndChoice { kAuto, kUring, kEpoll };

struct ReactorOptions {
  BackEndChoice choice = BackEndChoice::kAuto;
  const env::Clock* clock = nullptr;  // required
  // Receive buffers, shared by all connections of the reactor.
  uint32_t recv_buffer_bytes = 16 << 10;
  uint32_t recv_buffers = 256;  // power of two; io_uring only
  uint32_t queue_entries = 1024;
};

// Makes the reactor of the calling thread. kAuto takes io_uring if the kernel allows it and all
// that is needed is there, else epoll; `fallback_reason` then says why in a few words (empty when
// io_uring was taken or not asked for). kUring fails with kIoError where it is refused.
[[nodiscard]] Result<std::unique_ptr<Reactor>> MakeReactor(const ReactorOptions& options,
                                                           std::string& fallback_reason);

}  // namespace corelane::io
