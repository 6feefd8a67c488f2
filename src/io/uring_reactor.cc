#include "io/uring_reactor.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "io/uring_factory.h"

namespace corelane::io {

Result<std::unique_ptr<Reactor>> MakeUringReactor(const ReactorOptions& options) {
  CHECK(options.clock != nullptr);
  Result<std::unique_ptr<UringRing>> ring = UringRing::Make(options.queue_entries);
  if (!ring.ok()) return ring.status();
  Result<std::unique_ptr<RecvBuffers>> buffers =
      RecvBuffers::Make(**ring, options.recv_buffers, options.recv_buffer_bytes);
  if (!buffers.ok()) return buffers.status();
  Result<UniqueFd> wake_fd = ReactorBase::MakeWakeFd();
  if (!wake_fd.ok()) return wake_fd.status();
  return std::unique_ptr<Reactor>(std::make_unique<UringReactor>(
      *options.clock, std::move(*wake_fd), std::move(*buffers), std::move(*ring)));
}

UringReactor::UringReactor(const env::Clock& clock, UniqueFd wake_fd,
                           std::unique_ptr<RecvBuffers> buffers, std::unique_ptr<UringRing> ring)
    : ReactorBase(clock, std::move(wake_fd)), buffers_(std::move(buffers)), ring_(std::move(ring)) {
  ArmWake();
}

template <typename Op>
uint64_t UringReactor::UserData(Kind kind, Op& op) {
  static_assert(alignof(Op) > kKindMask);
  return reinterpret_cast<uintptr_t>(&op) | static_cast<uint64_t>(kind);
}

void UringReactor::ArmAccept(AcceptOp& op) {
  io_uring_sqe& sqe = ring_->NextSqe();
  ::io_uring_prep_multishot_accept(&sqe, op.state.fd, nullptr, nullptr,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
  sqe.user_data = UserData(Kind::kAccept, op);
}

void UringReactor::ArmRecv(RecvOp& op) {
  op.state.done_bytes = 0;
  io_uring_sqe& sqe = ring_->NextSqe();
  ::io_uring_prep_recv_multishot(&sqe, op.state.fd, nullptr, 0, 0);
  sqe.flags |= IOSQE_BUFFER_SELECT;
  sqe.buf_group = RecvBuffers::kGroup;
  sqe.user_data = UserData(Kind::kRecv, op);
}

// MSG_WAITALL: the kernel goes on by itself after a part, most of the time.
void UringReactor::ArmSend(SendOp& op) {
  const std::span<const char> rest = op.bytes.subspan(op.state.done_bytes);
  io_uring_sqe& sqe = ring_->NextSqe();
  ::io_uring_prep_send(&sqe, op.state.fd, rest.data(), std::min(rest.size(), kSendBytesMax),
                       MSG_WAITALL | MSG_NOSIGNAL);
  sqe.user_data = UserData(Kind::kSend, op);
}

// One shot, armed anew after each callback, so that what the callee has left unread is reported
// again.
void UringReactor::ArmReadable(ReadableOp& op) {
  io_uring_sqe& sqe = ring_->NextSqe();
  ::io_uring_prep_poll_add(&sqe, op.state.fd, POLLIN);
  sqe.user_data = UserData(Kind::kReadable, op);
}

// Multishot watches edges: each write to the eventfd completes it once more, and nobody has to
// read.
void UringReactor::ArmWake() {
  io_uring_sqe& sqe = ring_->NextSqe();
  ::io_uring_prep_poll_multishot(&sqe, wake_fd(), POLLIN);
  sqe.user_data = static_cast<uint64_t>(Kind::kWake);
}

void UringReactor::StartAccept(int listener_fd, AcceptOp& op) {
  Begin(listener_fd, op.state);
  ArmAccept(op);
}

void UringReactor::StartRecv(int fd, RecvOp& op) {
  Begin(fd, op.state);
  if (patrol_.empty()) StartTimer(NowNanos() + kPatrolMillis * 1'000'000, patrol_timer_);
  patrol_.Add(op.state);
  ArmRecv(op);
}

void UringReactor::Patrol() {
  counters_.recv_ends_missed += patrol_.Round();
  if (!patrol_.empty()) StartTimer(NowNanos() + kPatrolMillis * 1'000'000, patrol_timer_);
}

void UringReactor::EndPatrolled(RecvOp& op, int64_t result) {
  patrol_.Remove(op.state);
  if (patrol_.empty()) CancelTimer(patrol_timer_);
  EndRecv(op, result);
}

void UringReactor::StartSend(int fd, std::span<const char> bytes, SendOp& op) {
  Begin(fd, op.state);
  op.bytes = bytes;
  ArmSend(op);
}

void UringReactor::StartReadable(int fd, ReadableOp& op) {
  Begin(fd, op.state);
  ArmReadable(op);
}

void UringReactor::CancelAccept(AcceptOp& op) {
  if (!op.state.active || op.state.cancelled) return;
  if (CancelPausedAccept(op)) {
    op.state.cancelled = true;
    QueueEnd(op, -ECANCELED);
    return;
  }
  Cancel(op.state, UserData(Kind::kAccept, op));
}

void UringReactor::CancelRecv(RecvOp& op) { Cancel(op.state, UserData(Kind::kRecv, op)); }

void UringReactor::CancelSend(SendOp& op) { Cancel(op.state, UserData(Kind::kSend, op)); }

void UringReactor::CancelReadable(ReadableOp& op) {
  Cancel(op.state, UserData(Kind::kReadable, op));
}

void UringReactor::Cancel(OpState& state, uint64_t user_data) {
  if (!state.active || state.cancelled) return;
  state.cancelled = true;
  cancelling_.insert(user_data);
  SubmitCancel(user_data);
}

// Submissions are taken in order: a request queued before this one is found, one queued after it
// (an op that has ended and begun anew meanwhile) is not touched. A success needs no completion;
// the cancelled request's own tells.
void UringReactor::SubmitCancel(uint64_t user_data) {
  io_uring_sqe& sqe = ring_->NextSqe();
  ::io_uring_prep_cancel64(&sqe, user_data, 0);
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
  sqe.user_data = static_cast<uint64_t>(Kind::kCancel);
}

void UringReactor::RepeatMissedCancels() {
  if (!std::exchange(cancel_missed_, false)) return;
  for (const uint64_t user_data : cancelling_) SubmitCancel(user_data);
}

void UringReactor::Forget(const OpState& state, uint64_t user_data) {
  if (state.cancelled) cancelling_.erase(user_data);
}

// One system call: it hands over what was started, and fetches or awaits completions. The kernel
// may fetch only some of what is there (DEFER_TASKRUN works in batches); it then says so in
// IORING_SQ_TASKRUN, and the next call finds the rest before it would sleep. Asking again at once
// would only make the batches, and with them the replies of a turn, smaller.
size_t UringReactor::Poll(int64_t timeout_ns) {
  ++counters_.polls;
  const int64_t wait_ns = WaitNanos(timeout_ns);
  if (wait_ns != 0) ++counters_.waits;
  ring_->Enter(wait_ns);
  size_t ran = RunOutcomes();
  ran += Drain();
  ran += RearmStarved();
  RepeatMissedCancels();
  ran += RunTimers();
  counters_.completions += ran;
  counters_.completion_overflows = ring_->overflows();
  return ran;
}

// No more than were there at the start: a callback that fills the submission queue makes new ones
// appear.
size_t UringReactor::Drain() {
  size_t ran = 0;
  for (unsigned left = ring_->ready(); left > 0; --left) ran += Dispatch(ring_->Take());
  return ran;
}

size_t UringReactor::Dispatch(const UringCompletion& completion) {
  void* const op = reinterpret_cast<void*>(completion.user_data & ~kKindMask);
  switch (static_cast<Kind>(completion.user_data & kKindMask)) {
    case Kind::kCancel:
      if (completion.result == -ENOENT || completion.result == -EALREADY) cancel_missed_ = true;
      return 0;
    case Kind::kAccept:
      return Complete(*static_cast<AcceptOp*>(op), completion);
    case Kind::kRecv:
      return Complete(*static_cast<RecvOp*>(op), completion);
    case Kind::kSend:
      return Complete(*static_cast<SendOp*>(op), completion);
    case Kind::kReadable:
      return Complete(*static_cast<ReadableOp*>(op), completion);
    case Kind::kWake:
      if ((completion.flags & IORING_CQE_F_MORE) == 0) ArmWake();
      return 0;
  }
  CHECK(false && "unknown completion");
  return 0;
}

size_t UringReactor::Complete(AcceptOp& op, const UringCompletion& completion) {
  int result = completion.result;
  AcceptFailure failure = AcceptFailure::kGoOn;
  size_t ran = 0;
  if (result >= 0) {
    op.OnAccepted(result);
    ++ran;
  } else {
    failure = op.state.cancelled ? AcceptFailure::kEnd : ClassifyAcceptError(result);
  }
  if ((completion.flags & IORING_CQE_F_MORE) != 0) return ran;
  if (failure == AcceptFailure::kPause) PauseAccept(op);
  if (result < 0 && failure != AcceptFailure::kEnd) {
    op.OnAcceptError(result);
    ++ran;
    if (failure == AcceptFailure::kPause) return ran;
  }
  if (!op.state.cancelled && failure == AcceptFailure::kGoOn) {
    ArmAccept(op);
    return ran;
  }
  Forget(op.state, completion.user_data);
  EndAccept(op, op.state.cancelled ? -ECANCELED : result);
  return ran + 1;
}

size_t UringReactor::Complete(RecvOp& op, const UringCompletion& completion) {
  size_t ran = 0;
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
    const auto id = static_cast<uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    if (completion.result > 0) {
      const auto size = static_cast<size_t>(completion.result);
      counters_.received_bytes += size;
      op.state.done_bytes += size;
      op.OnReceived(buffers_->BytesOf(id, size));
      ++ran;
    }
    buffers_->GiveBack(id);
  }
  if ((completion.flags & IORING_CQE_F_MORE) != 0) return ran;
  // The request is over; the op may not be.
  if (completion.result == -ENOBUFS) {
    ++counters_.recv_buffer_shortages;
    starved_.push_back(&op);
    return ran;
  }
  const bool goes_on = completion.result > 0 || completion.result == -EINTR;
  if (goes_on && !op.state.cancelled) {
    ArmRecv(op);
    return ran;
  }
  Forget(op.state, completion.user_data);
  EndPatrolled(op, goes_on ? -ECANCELED : completion.result);
  return ran + 1;
}

// All buffers are back by now. Those that have got nothing since they were last armed come first,
// or the same few sockets would take all buffers every time.
size_t UringReactor::RearmStarved() {
  if (starved_.empty()) return 0;
  std::stable_partition(starved_.begin(), starved_.end(),
                        [](const RecvOp* op) { return op->state.done_bytes == 0; });
  size_t ran = 0;
  for (RecvOp* op : std::exchange(starved_, {})) {
    if (!op->state.cancelled) {
      ArmRecv(*op);
      continue;
    }
    Forget(op->state, UserData(Kind::kRecv, *op));
    EndPatrolled(*op, -ECANCELED);
    ++ran;
  }
  return ran;
}

size_t UringReactor::Complete(SendOp& op, const UringCompletion& completion) {
  int64_t result = completion.result;
  if (result >= 0) {
    const size_t rest_bytes = op.bytes.size() - op.state.done_bytes;
    const auto sent_bytes = static_cast<size_t>(result);
    counters_.sent_bytes += sent_bytes;
    op.state.done_bytes += sent_bytes;
    if (sent_bytes == rest_bytes) {
      result = static_cast<int64_t>(op.bytes.size());
    } else {
      ++counters_.short_sends;
      result = sent_bytes == 0 ? -EPIPE : -EINTR;  // TCP has no short send of nothing.
    }
  }
  if (result == -EINTR && !op.state.cancelled) {
    ArmSend(op);
    return 0;
  }
  Forget(op.state, completion.user_data);
  EndSend(op, result == -EINTR ? -ECANCELED : result);
  return 1;
}

size_t UringReactor::Complete(ReadableOp& op, const UringCompletion& completion) {
  size_t ran = 0;
  if (completion.result >= 0) {
    op.OnReadable();
    ++ran;
    if (!op.state.cancelled) {
      ArmReadable(op);
      return ran;
    }
  }
  Forget(op.state, completion.user_data);
  EndReadable(op, op.state.cancelled ? -ECANCELED : completion.result);
  return ran + 1;
}

}  // namespace corelane::io
