#pragma once

// EpollReactor: the Reactor for kernels, containers and sandboxes that refuse io_uring.
// Level-triggered; completions are made from readiness. Received bytes go through one scratch
// buffer of the reactor; sends are tried at once.
//
// Thread rules as for Reactor. Always: slots_[fd] names the operations that wait for readiness of
// fd, and `interest` is what the kernel was told to watch; it is zero, and the kernel knows nothing
// of fd, when no operation waits. That is why a descriptor may be closed as soon as its operations
// have ended.

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/reactor_base.h"

namespace corelane::io {

class EpollReactor final : public ReactorBase {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Reactor>> Make(const ReactorOptions& options);
  // For Make(), which has watched `wake_fd` on `epoll_fd`.
  EpollReactor(const env::Clock& clock, UniqueFd wake_fd, UniqueFd epoll_fd);

  [[nodiscard]] BackEnd back_end() const override { return BackEnd::kEpoll; }

  void StartAccept(int listener_fd, AcceptOp& op) override;
  void CancelAccept(AcceptOp& op) override;
  void StartRecv(int fd, RecvOp& op) override;
  void CancelRecv(RecvOp& op) override;
  void StartSend(int fd, std::span<const char> bytes, SendOp& op) override;
  void CancelSend(SendOp& op) override;
  void StartReadable(int fd, ReadableOp& op) override;
  void CancelReadable(ReadableOp& op) override;

  size_t Poll(int64_t timeout_ns) override;

 private:
  static constexpr size_t kScratchBytes = 64 << 10;
  static constexpr size_t kEventsPerTurnMax = 256;
  // What one socket may take of a turn while others wait; the rest stays readable.
  static constexpr int kRecvsPerTurnMax = 4;
  static constexpr int kAcceptsPerTurnMax = 64;

  // Who waits for a descriptor. Of the three readers one at most is set.
  struct Slot {
    AcceptOp* accept = nullptr;
    RecvOp* recv = nullptr;
    ReadableOp* readable = nullptr;
    SendOp* send = nullptr;
    uint32_t interest = 0;
    uint32_t generation = 0;  // of the registration; an event of an older one is stale
  };

  Slot& SlotOf(int fd);
  // Tells the kernel what the slot now waits for, if that has changed. 0 or a negated errno.
  [[nodiscard]] int UpdateInterest(int fd);
  void DropInterest(int fd);
  void ResumeAccept(AcceptOp& op) override;

  // One attempt at what is left of the op's bytes. Sets `result` when the op has ended.
  [[nodiscard]] bool TrySend(SendOp& op, int64_t& result);

  [[nodiscard]] size_t Wait(int64_t wait_ns);
  [[nodiscard]] bool IsCurrent(const epoll_event& event) const;
  size_t HandleEvent(const epoll_event& event);
  size_t HandleWritable(SendOp& op);
  size_t HandleAcceptable(AcceptOp& op);
  size_t HandleReceivable(RecvOp& op);
  size_t FinishRecv(RecvOp& op, int result);

  const UniqueFd epoll_fd_;
  std::vector<Slot> slots_;  // by descriptor
  std::unique_ptr<char[]> scratch_;
  std::array<epoll_event, kEventsPerTurnMax> events_;
  bool told_outcomes_only_ = false;  // the last Poll() made no system call
  bool has_pwait2_ = true;           // epoll_pwait2: Linux 5.11
};

}  // namespace corelane::io
