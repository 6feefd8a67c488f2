#include "io/uring_ring.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/check.h"

namespace corelane::io {

namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
// Multishot operations complete many times per submission.
constexpr uint32_t kCompletionsPerSubmission = 4;
constexpr int kSubmitTriesMax = 8;

Status Refused(const char* call, int error) {
  return Status(StatusCode::kIoError, std::string(call) + ": " + strerror(-error));
}

}  // namespace

Result<std::unique_ptr<UringRing>> UringRing::Make(uint32_t queue_entries) {
  auto ring = std::make_unique<UringRing>();
  io_uring_params params{};
  // TASKRUN_FLAG shows in memory whether the kernel has something for us, so that a Poll(0) that
  // finds nothing costs no call. NO_SQARRAY must stay off: liburing 2.3 does not know it, and would
  // write over the ring.
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE |
                 IORING_SETUP_CLAMP;
  params.cq_entries = queue_entries * kCompletionsPerSubmission;
  int error = ::io_uring_queue_init_params(queue_entries, &ring->ring_, &params);
  if (error != 0) return Refused("io_uring_setup", error);
  ring->made_ = true;
  constexpr uint32_t kNeeded = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_CQE_SKIP;
  if ((params.features & kNeeded) != kNeeded) return Refused("io_uring features", -EOPNOTSUPP);
  error = ring->Probe();
  if (error != 0) return Refused("io_uring_enter", error);
  // Spares the kernel a look-up of the descriptor in each call; nothing depends on it.
  (void)::io_uring_register_ring_fd(&ring->ring_);
  return ring;
}

UringRing::~UringRing() {
  if (made_) ::io_uring_queue_exit(&ring_);
}

int UringRing::Probe() {
  ::io_uring_prep_nop(&NextSqe());
  const int submitted = ::io_uring_submit_and_wait(&ring_, 1);
  if (submitted < 0) return submitted;
  return ready() == 1 ? Take().result : -EIO;
}

io_uring_sqe& UringRing::NextSqe() {
  for (int i = 0; i < kSubmitTriesMax; ++i) {
    if (io_uring_sqe* sqe = ::io_uring_get_sqe(&ring_); sqe != nullptr) return *sqe;
    (void)::io_uring_submit(&ring_);
  }
  CHECK(false && "the kernel takes no submissions");
  __builtin_unreachable();
}

void UringRing::Enter(int64_t wait_ns) {
  const uint32_t kernel_flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
  const bool fetch = (kernel_flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
  if ((kernel_flags & IORING_SQ_CQ_OVERFLOW) != 0) ++overflows_;
  int result = 0;
  if (wait_ns == 0 || ready() > 0) {
    if (!fetch && ::io_uring_sq_ready(&ring_) == 0) return;
    result = ::io_uring_submit_and_get_events(&ring_);
  } else if (wait_ns < 0) {
    result = ::io_uring_submit_and_wait(&ring_, 1);
  } else {
    // Read by the kernel during the call only (IORING_FEAT_EXT_ARG).
    __kernel_timespec timeout{wait_ns / kNanosPerSecond, wait_ns % kNanosPerSecond};
    io_uring_cqe* ignored = nullptr;
    result = ::io_uring_submit_and_wait_timeout(&ring_, &ignored, 1, &timeout, nullptr);
  }
  // ETIME: the wait is over. EINTR: a signal. EAGAIN, EBUSY: short of memory or room, what was not
  // taken stays queued for the next turn. EBADR: the kernel had no memory to keep a completion;
  // counted by the kernel, an operation may hang.
  CHECK(result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN ||
        result == -EBUSY || result == -EBADR);
}

UringCompletion UringRing::Take() {
  const unsigned head = *ring_.cq.khead;  // written by this thread only
  const io_uring_cqe& cqe = ring_.cq.cqes[head & ring_.cq.ring_mask];
  const UringCompletion completion{cqe.user_data, cqe.res, cqe.flags};
  ::io_uring_cq_advance(&ring_, 1);
  return completion;
}

RecvBuffers::RecvBuffers(uint32_t count, uint32_t buffer_bytes)
    : count_(count),
      buffer_bytes_(buffer_bytes),
      memory_(std::make_unique_for_overwrite<char[]>(size_t{count} * buffer_bytes)) {}

Result<std::unique_ptr<RecvBuffers>> RecvBuffers::Make(UringRing& ring, uint32_t count,
                                                       uint32_t buffer_bytes) {
  CHECK(std::has_single_bit(count) && buffer_bytes > 0);
  auto buffers = std::make_unique<RecvBuffers>(count, buffer_bytes);
  void* mapped = ::mmap(nullptr, count * sizeof(io_uring_buf), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return Refused("mmap", -errno);
  buffers->ring_ = static_cast<io_uring_buf_ring*>(mapped);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uintptr_t>(mapped);
  registration.ring_entries = count;
  registration.bgid = kGroup;
  const int error = ::io_uring_register_buf_ring(&ring.raw(), &registration, 0);
  if (error != 0) return Refused("io_uring_register", error);
  ::io_uring_buf_ring_init(buffers->ring_);
  for (uint32_t id = 0; id < count; ++id) buffers->GiveBack(static_cast<uint16_t>(id));
  return buffers;
}

RecvBuffers::~RecvBuffers() {
  if (ring_ != nullptr) ::munmap(ring_, count_ * sizeof(io_uring_buf));
}

void RecvBuffers::GiveBack(uint16_t id) {
  char* const buffer = memory_.get() + size_t{id} * buffer_bytes_;
  ::io_uring_buf_ring_add(ring_, buffer, buffer_bytes_, id, ::io_uring_buf_ring_mask(count_), 0);
  ::io_uring_buf_ring_advance(ring_, 1);
}

}  // namespace corelane::io
