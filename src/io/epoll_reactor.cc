#include "io/epoll_reactor.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"

namespace corelane::io {

namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kNanosPerMilli = 1'000'000;

constexpr uint64_t EventData(int fd, uint32_t generation) {
  return uint64_t{generation} << 32 | static_cast<uint32_t>(fd);
}
constexpr int FdOf(const epoll_event& event) {
  return static_cast<int>(event.data.u64 & 0xffffffff);
}
constexpr uint32_t GenerationOf(const epoll_event& event) {
  return static_cast<uint32_t>(event.data.u64 >> 32);
}

Status ErrnoStatus(const char* operation) {
  return Status(StatusCode::kIoError, std::string(operation) + ": " + strerror(errno));
}

}  // namespace

Result<std::unique_ptr<Reactor>> EpollReactor::Make(const ReactorOptions& options) {
  CHECK(options.clock != nullptr);
  Result<UniqueFd> wake_fd = MakeWakeFd();
  if (!wake_fd.ok()) return wake_fd.status();
  UniqueFd epoll_fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_fd.valid()) return ErrnoStatus("epoll_create1");

  // Edge-triggered, so that the eventfd need not be read: each Wake() is an edge.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = EventData(wake_fd->get(), 0);
  if (::epoll_ctl(epoll_fd.get(), EPOLL_CTL_ADD, wake_fd->get(), &event) != 0) {
    return ErrnoStatus("epoll_ctl");
  }
  return std::unique_ptr<Reactor>(
      std::make_unique<EpollReactor>(*options.clock, std::move(*wake_fd), std::move(epoll_fd)));
}

EpollReactor::EpollReactor(const env::Clock& clock, UniqueFd wake_fd, UniqueFd epoll_fd)
    : ReactorBase(clock, std::move(wake_fd)),
      epoll_fd_(std::move(epoll_fd)),
      scratch_(std::make_unique_for_overwrite<char[]>(kScratchBytes)) {}

EpollReactor::Slot& EpollReactor::SlotOf(int fd) {
  const auto index = static_cast<size_t>(fd);
  if (index >= slots_.size()) slots_.resize(std::max(index + 1, 2 * slots_.size()));
  return slots_[index];
}

int EpollReactor::UpdateInterest(int fd) {
  Slot& slot = SlotOf(fd);
  const bool reads = slot.accept != nullptr || slot.recv != nullptr || slot.readable != nullptr;
  const uint32_t wanted = (reads ? EPOLLIN : 0u) | (slot.send != nullptr ? EPOLLOUT : 0u);
  if (wanted == slot.interest) return 0;
  int operation = EPOLL_CTL_MOD;
  if (slot.interest == 0) {
    operation = EPOLL_CTL_ADD;
    ++slot.generation;
  } else if (wanted == 0) {
    operation = EPOLL_CTL_DEL;
  }
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = EventData(fd, slot.generation);
  if (::epoll_ctl(epoll_fd_.get(), operation, fd, &event) != 0) return -errno;
  slot.interest = wanted;
  return 0;
}

// For narrowing the interest, which cannot fail on a descriptor that is open as rule 4 of
// io/reactor.h asks.
void EpollReactor::DropInterest(int fd) { CHECK(UpdateInterest(fd) == 0); }

void EpollReactor::StartAccept(int listener_fd, AcceptOp& op) {
  Begin(listener_fd, op.state);
  // accept4() on a blocking listener would hold the thread when the peer has gone away since the
  // event.
  const int flags = ::fcntl(listener_fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(listener_fd, F_SETFL, flags | O_NONBLOCK);
  ResumeAccept(op);
}

void EpollReactor::ResumeAccept(AcceptOp& op) {
  Slot& slot = SlotOf(op.state.fd);
  CHECK(slot.accept == nullptr && slot.recv == nullptr && slot.readable == nullptr);
  slot.accept = &op;
  if (const int error = UpdateInterest(op.state.fd); error != 0) {
    slot.accept = nullptr;
    QueueEnd(op, error);
  }
}

void EpollReactor::CancelAccept(AcceptOp& op) {
  if (!op.state.active || op.state.cancelled) return;
  Slot& slot = SlotOf(op.state.fd);
  if (slot.accept == &op) {
    slot.accept = nullptr;
    DropInterest(op.state.fd);
  } else if (!CancelPausedAccept(op)) {
    return;  // Its end is queued.
  }
  op.state.cancelled = true;
  QueueEnd(op, -ECANCELED);
}

void EpollReactor::StartRecv(int fd, RecvOp& op) {
  Begin(fd, op.state);
  Slot& slot = SlotOf(fd);
  CHECK(slot.accept == nullptr && slot.recv == nullptr && slot.readable == nullptr);
  slot.recv = &op;
  if (const int error = UpdateInterest(fd); error != 0) {
    slot.recv = nullptr;
    QueueEnd(op, error);
  }
}

void EpollReactor::CancelRecv(RecvOp& op) {
  if (!op.state.active || op.state.cancelled) return;
  Slot& slot = SlotOf(op.state.fd);
  if (slot.recv != &op) return;  // Its end is queued.
  slot.recv = nullptr;
  DropInterest(op.state.fd);
  op.state.cancelled = true;
  QueueEnd(op, -ECANCELED);
}

void EpollReactor::StartReadable(int fd, ReadableOp& op) {
  Begin(fd, op.state);
  Slot& slot = SlotOf(fd);
  CHECK(slot.accept == nullptr && slot.recv == nullptr && slot.readable == nullptr);
  slot.readable = &op;
  if (const int error = UpdateInterest(fd); error != 0) {
    slot.readable = nullptr;
    QueueEnd(op, error);
  }
}

void EpollReactor::CancelReadable(ReadableOp& op) {
  if (!op.state.active || op.state.cancelled) return;
  Slot& slot = SlotOf(op.state.fd);
  if (slot.readable != &op) return;  // Its end is queued.
  slot.readable = nullptr;
  DropInterest(op.state.fd);
  op.state.cancelled = true;
  QueueEnd(op, -ECANCELED);
}

void EpollReactor::StartSend(int fd, std::span<const char> bytes, SendOp& op) {
  Begin(fd, op.state);
  op.bytes = bytes;
  int64_t result = 0;
  if (TrySend(op, result)) {
    QueueEnd(op, result);
    return;
  }
  Slot& slot = SlotOf(fd);
  CHECK(slot.send == nullptr);
  slot.send = &op;
  if (const int error = UpdateInterest(fd); error != 0) {
    slot.send = nullptr;
    QueueEnd(op, error);
  }
}

void EpollReactor::CancelSend(SendOp& op) {
  if (!op.state.active || op.state.cancelled) return;
  Slot& slot = SlotOf(op.state.fd);
  if (slot.send != &op) return;  // Its end is queued.
  slot.send = nullptr;
  DropInterest(op.state.fd);
  op.state.cancelled = true;
  QueueEnd(op, -ECANCELED);
}

bool EpollReactor::TrySend(SendOp& op, int64_t& result) {
  const std::span<const char> rest = op.bytes.subspan(op.state.done_bytes);
  ssize_t sent = 0;
  do {
    sent = ::send(op.state.fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    result = -errno;
    return true;
  }
  const auto sent_bytes = static_cast<size_t>(sent);
  counters_.sent_bytes += sent_bytes;
  op.state.done_bytes += sent_bytes;
  if (sent_bytes < rest.size()) {
    ++counters_.short_sends;
    return false;
  }
  result = static_cast<int64_t>(op.bytes.size());
  return true;
}

// What StartSend() has done at once must be told before the thread sleeps, yet telling it is no
// reason for a system call of its own. So a Poll() that finds outcomes queued tells them and
// returns, and the next one asks the kernel: the callbacks may have given the loop's tasks work (an
// ended connection, a parked request), which has to run before a sleep, so this Poll() must not
// wait; and asking with timeout zero would cost a call that mostly answers "nothing". Never twice
// in a row, or a peer that drains as fast as we send would keep all others waiting. A turn of a
// busy server is then one epoll_wait, one recv and one send a connection, and a round of callbacks.
size_t EpollReactor::Poll(int64_t timeout_ns) {
  ++counters_.polls;
  if (HasOutcomes() && !told_outcomes_only_) {
    told_outcomes_only_ = true;
    const size_t ran = RunOutcomes();
    counters_.completions += ran;
    return ran;
  }
  told_outcomes_only_ = false;

  const int64_t wait_ns = WaitNanos(timeout_ns);
  if (wait_ns != 0) ++counters_.waits;
  const size_t ready = Wait(wait_ns);
  size_t ran = RunOutcomes();
  for (size_t i = 0; i < ready; ++i) ran += HandleEvent(events_[i]);
  ran += RunTimers();
  counters_.completions += ran;
  return ran;
}

size_t EpollReactor::Wait(int64_t wait_ns) {
  constexpr int kMax = kEventsPerTurnMax;
  int ready = -1;
  if (wait_ns > 0 && has_pwait2_) {
    const timespec timeout{wait_ns / kNanosPerSecond, wait_ns % kNanosPerSecond};
    ready = ::epoll_pwait2(epoll_fd_.get(), events_.data(), kMax, &timeout, nullptr);
    // EPERM: sandboxes that do not know the call say so.
    if (ready < 0 && (errno == ENOSYS || errno == EPERM)) has_pwait2_ = false;
  }
  if (wait_ns <= 0 || !has_pwait2_) {
    // Rounded up: a timer is never early.
    const int64_t wait_ms =
        std::min<int64_t>((wait_ns + kNanosPerMilli - 1) / kNanosPerMilli, INT_MAX);
    const int timeout_ms = wait_ns < 0 ? -1 : static_cast<int>(wait_ms);
    ready = ::epoll_wait(epoll_fd_.get(), events_.data(), kMax, timeout_ms);
  }
  CHECK(ready >= 0 || errno == EINTR);
  return ready < 0 ? 0 : static_cast<size_t>(ready);
}

// A callback earlier in this turn may have ended the operations of `event`'s descriptor, closed it,
// and begun anew on the same number; the registration's generation tells.
bool EpollReactor::IsCurrent(const epoll_event& event) const {
  const Slot& slot = slots_[static_cast<size_t>(FdOf(event))];
  return slot.interest != 0 && slot.generation == GenerationOf(event);
}

size_t EpollReactor::HandleEvent(const epoll_event& event) {
  const int fd = FdOf(event);
  if (fd == wake_fd()) return 0;  // Waking up was all.
  constexpr uint32_t kBroken = EPOLLERR | EPOLLHUP;
  size_t ran = 0;
  // Writing comes first: it frees room for what reading will bring.
  if ((event.events & (EPOLLOUT | kBroken)) != 0 && IsCurrent(event)) {
    if (SendOp* send = SlotOf(fd).send; send != nullptr) ran += HandleWritable(*send);
  }
  if ((event.events & (EPOLLIN | kBroken)) != 0 && IsCurrent(event)) {
    const Slot slot = SlotOf(fd);
    if (slot.recv != nullptr) {
      ran += HandleReceivable(*slot.recv);
    } else if (slot.accept != nullptr) {
      ran += HandleAcceptable(*slot.accept);
    } else if (slot.readable != nullptr) {
      slot.readable->OnReadable();
      ++ran;
    }
  }
  return ran;
}

size_t EpollReactor::HandleWritable(SendOp& op) {
  int64_t result = 0;
  if (!TrySend(op, result)) return 0;
  SlotOf(op.state.fd).send = nullptr;
  DropInterest(op.state.fd);
  EndSend(op, result);
  return 1;
}

size_t EpollReactor::HandleReceivable(RecvOp& op) {
  size_t ran = 0;
  for (int i = 0; i < kRecvsPerTurnMax && !op.state.cancelled; ++i) {
    const ssize_t got = ::recv(op.state.fd, scratch_.get(), kScratchBytes, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (got <= 0) return ran + FinishRecv(op, got == 0 ? 0 : -errno);
    const auto got_bytes = static_cast<size_t>(got);
    counters_.received_bytes += got_bytes;
    op.OnReceived({scratch_.get(), got_bytes});
    ++ran;
    // A short read has emptied the socket; asking again would only be told so.
    if (got_bytes < kScratchBytes) break;
  }
  return ran;
}

size_t EpollReactor::FinishRecv(RecvOp& op, int result) {
  SlotOf(op.state.fd).recv = nullptr;
  DropInterest(op.state.fd);
  EndRecv(op, result);
  return 1;
}

size_t EpollReactor::HandleAcceptable(AcceptOp& op) {
  size_t ran = 0;
  for (int i = 0; i < kAcceptsPerTurnMax && !op.state.cancelled; ++i) {
    const int fd = ::accept4(op.state.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      op.OnAccepted(fd);
      ++ran;
      continue;
    }
    const int error = -errno;
    if (error == -EAGAIN || error == -EWOULDBLOCK) break;
    const AcceptFailure failure = ClassifyAcceptError(error);
    if (failure != AcceptFailure::kGoOn) {
      SlotOf(op.state.fd).accept = nullptr;
      DropInterest(op.state.fd);
    }
    if (failure == AcceptFailure::kEnd) {
      EndAccept(op, error);
      return ran + 1;
    }
    if (failure == AcceptFailure::kPause) PauseAccept(op);
    op.OnAcceptError(error);
    ++ran;
    if (failure == AcceptFailure::kPause) break;
  }
  return ran;
}

}  // namespace corelane::io
