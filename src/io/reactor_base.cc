#include "io/reactor_base.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"

namespace corelane::io {

namespace {

// Long enough not to burn a core on a full descriptor table, short enough that nobody's connect
// times out.
constexpr int64_t kAcceptPauseNanos = 50'000'000;

}  // namespace

std::string_view BackEndName(BackEnd back_end) {
  return back_end == BackEnd::kUring ? "io_uring" : "epoll";
}

ReactorBase::ReactorBase(const env::Clock& clock, UniqueFd wake_fd)
    : clock_(clock), wake_fd_(std::move(wake_fd)) {}

Result<UniqueFd> ReactorBase::MakeWakeFd() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return Status(StatusCode::kIoError, std::string("eventfd: ") + strerror(errno));
  return fd;
}

void ReactorBase::Wake() {
  const uint64_t one = 1;
  for (;;) {
    const ssize_t written = ::write(wake_fd_.get(), &one, sizeof(one));
    if (written == static_cast<ssize_t>(sizeof(one))) return;
    CHECK(written < 0 && errno == EINTR);
  }
}

void ReactorBase::Begin(int fd, OpState& state) {
  CHECK(!state.active);
  state = OpState{};
  state.fd = fd;
  state.active = true;
}

void ReactorBase::EndAccept(AcceptOp& op, int64_t result) {
  op.state.active = false;
  op.OnAcceptEnd(static_cast<int>(result));
}

void ReactorBase::EndRecv(RecvOp& op, int64_t result) {
  op.state.active = false;
  op.OnRecvEnd(static_cast<int>(result));
}

void ReactorBase::EndSend(SendOp& op, int64_t result) {
  op.state.active = false;
  op.OnSent(result);
}

void ReactorBase::EndReadable(ReadableOp& op, int64_t result) {
  op.state.active = false;
  op.OnReadableEnd(static_cast<int>(result));
}

size_t ReactorBase::RunOutcomes() {
  if (outcomes_.empty()) return 0;
  running_outcomes_.swap(outcomes_);
  for (const Outcome& outcome : running_outcomes_) {
    switch (outcome.kind) {
      case EndKind::kAccept:
        EndAccept(*static_cast<AcceptOp*>(outcome.op), outcome.result);
        break;
      case EndKind::kRecv:
        EndRecv(*static_cast<RecvOp*>(outcome.op), outcome.result);
        break;
      case EndKind::kSend:
        EndSend(*static_cast<SendOp*>(outcome.op), outcome.result);
        break;
      case EndKind::kReadable:
        EndReadable(*static_cast<ReadableOp*>(outcome.op), outcome.result);
        break;
    }
  }
  const size_t ran = running_outcomes_.size();
  running_outcomes_.clear();
  return ran;
}

int64_t ReactorBase::WaitNanos(int64_t timeout_ns) const {
  if (timeout_ns == 0 || HasOutcomes()) return 0;
  if (timers_.empty()) return timeout_ns;
  const int64_t now_ns = clock_.MonotonicNanos();
  const int64_t until_timer_ns = std::max<int64_t>(0, timers_.next_deadline_ns() - now_ns);
  return timeout_ns < 0 ? until_timer_ns : std::min(timeout_ns, until_timer_ns);
}

size_t ReactorBase::RunTimers() {
  return timers_.empty() ? 0 : timers_.RunDue(clock_.MonotonicNanos());
}

void ReactorBase::PauseAccept(AcceptOp& op) {
  paused_accepts_.push_back(&op);
  if (pause_timer_.heap_index == TimerOp::kIdle) {
    timers_.Start(clock_.MonotonicNanos() + kAcceptPauseNanos, pause_timer_);
  }
}

bool ReactorBase::CancelPausedAccept(AcceptOp& op) { return std::erase(paused_accepts_, &op) != 0; }

void ReactorBase::EndAcceptPause() {
  for (AcceptOp* op : std::exchange(paused_accepts_, {})) ResumeAccept(*op);
}

ReactorBase::AcceptFailure ReactorBase::ClassifyAcceptError(int error) {
  switch (-error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return AcceptFailure::kPause;
    // What happened to one connection before it could be accepted, as accept(2) tells us to expect.
    case EINTR:
    case EPERM:
    case EPROTO:
    case ECONNABORTED:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case ETIMEDOUT:
      return AcceptFailure::kGoOn;
    default:
      return AcceptFailure::kEnd;
  }
}

}  // namespace corelane::io
