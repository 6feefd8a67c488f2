#pragma once

// UringReactor: the Reactor on io_uring. Accepting and receiving are multishot: one submission,
// many completions. Received bytes lie in buffers of the reactor that the kernel picks, and that go
// back to it when the callback returns.
//
// A submission's user_data is the address of its Op with the kind in the low bits. That is safe
// without a generation because an op has at most one request in the kernel, and by rule 2 of
// io/reactor.h its memory stays until that request's last completion (the one without
// IORING_CQE_F_MORE) has been seen. Requests to cancel carry no address.
//
// Thread rules as for Reactor. `buffers_` is registered with `ring_`, and is destroyed after it.

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "io/hangup_patrol.h"
#include "io/reactor_base.h"
#include "io/uring_ring.h"

namespace corelane::io {

class UringReactor final : public ReactorBase {
 public:
  UringReactor(const env::Clock& clock, UniqueFd wake_fd, std::unique_ptr<RecvBuffers> buffers,
               std::unique_ptr<UringRing> ring);

  [[nodiscard]] BackEnd back_end() const override { return BackEnd::kUring; }

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
  enum class Kind : uint64_t { kCancel = 0, kAccept, kRecv, kSend, kReadable, kWake };
  static constexpr uint64_t kKindMask = 7;
  // What one request is asked to send; the rest is the next one's.
  static constexpr size_t kSendBytesMax = 1 << 30;

  template <typename Op>
  static uint64_t UserData(Kind kind, Op& op);

  // Each queues one request for an op that has none in the kernel.
  void ArmAccept(AcceptOp& op);
  void ArmRecv(RecvOp& op);
  void ArmSend(SendOp& op);
  void ArmReadable(ReadableOp& op);
  void ArmWake();
  void ResumeAccept(AcceptOp& op) override { ArmAccept(op); }

  void Cancel(OpState& state, uint64_t user_data);
  void SubmitCancel(uint64_t user_data);
  void RepeatMissedCancels();
  // The op's last completion has come.
  void Forget(const OpState& state, uint64_t user_data);

  // Each handles one completion and returns how many callbacks it ran.
  size_t Drain();
  size_t Dispatch(const UringCompletion& completion);
  size_t Complete(AcceptOp& op, const UringCompletion& completion);
  size_t Complete(RecvOp& op, const UringCompletion& completion);
  size_t Complete(SendOp& op, const UringCompletion& completion);
  size_t Complete(ReadableOp& op, const UringCompletion& completion);
  size_t RearmStarved();

  std::unique_ptr<RecvBuffers> buffers_;
  std::unique_ptr<UringRing> ring_;
  // Cancelled, last completion still to come. A cancel can miss a request that the kernel is just
  // then moving from one of its queues to another, so it is repeated until the request is gone.
  absl::flat_hash_set<uint64_t> cancelling_;
  bool cancel_missed_ = false;
  std::vector<RecvOp*> starved_;  // met no free buffer; armed again at the end of the turn

  // Every kPatrolMillis, while anything is being received.
  class PatrolTimer final : public TimerOp {
   public:
    explicit PatrolTimer(UringReactor& reactor) : reactor_(reactor) {}
    void OnTimer() override { reactor_.Patrol(); }

   private:
    UringReactor& reactor_;
  };
  static constexpr int64_t kPatrolMillis = 100;
  void Patrol();
  void EndPatrolled(RecvOp& op, int64_t result);

  HangupPatrol patrol_;
  PatrolTimer patrol_timer_{*this};
};

}  // namespace corelane::io
