#pragma once

// UringRing: one io_uring with what the reactor needs of it: made and probed, filled and entered,
// drained. It knows nothing of operations. RecvBuffers: the receive buffers that the kernel picks
// from when bytes arrive.
//
// A ring belongs to the thread that made it (IORING_SETUP_SINGLE_ISSUER), and completions are made
// only while that thread is in the kernel for them (IORING_SETUP_DEFER_TASKRUN): nothing here is
// shared with another thread.

#include <liburing.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <corelane/status.h>

#include "io/reactor.h"

namespace corelane::io {

// What a completion says. Copied out of the ring, so that its place is free before the callback
// runs.
struct UringCompletion {
  uint64_t user_data;
  int result;
  uint32_t flags;
};

class UringRing {
 public:
  // kIoError, named after the call that was refused, when this kernel or sandbox lacks something
  // that the reactor needs. One no-op goes through the ring, because a sandbox may allow to make
  // rings but not to enter them.
  [[nodiscard]] static Result<std::unique_ptr<UringRing>> Make(uint32_t queue_entries);

  UringRing() = default;  // for Make()
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;
  ~UringRing();

  // A free submission entry, cleared. Never fails: a full queue is handed to the kernel first.
  [[nodiscard]] io_uring_sqe& NextSqe();

  // Hands all entries to the kernel and waits for a completion, for `wait_ns` (0: does not wait; <
  // 0: no bound). One system call, or none when there is nothing to hand over, nothing to wait for
  // and nothing to be fetched.
  void Enter(int64_t wait_ns);

  [[nodiscard]] unsigned ready() const { return ::io_uring_cq_ready(&ring_); }
  // Requires ready() > 0.
  [[nodiscard]] UringCompletion Take();

  // Turns in which the kernel had to keep completions aside because the ring was full.
  [[nodiscard]] uint64_t overflows() const { return overflows_; }
  [[nodiscard]] io_uring& raw() { return ring_; }

 private:
  [[nodiscard]] int Probe();

  io_uring ring_{};
  bool made_ = false;
  uint64_t overflows_ = 0;
};

class RecvBuffers {
 public:
  static constexpr uint16_t kGroup = 0;

  // Registers `count` (a power of two) buffers of `buffer_bytes` with `ring`. They must stay until
  // the ring, which fills them, is gone.
  [[nodiscard]] static Result<std::unique_ptr<RecvBuffers>> Make(UringRing& ring, uint32_t count,
                                                                 uint32_t buffer_bytes);

  RecvBuffers(uint32_t count, uint32_t buffer_bytes);  // for Make()
  RecvBuffers(const RecvBuffers&) = delete;
  RecvBuffers& operator=(const RecvBuffers&) = delete;
  ~RecvBuffers();

  // The first `size` bytes of the buffer that a completion's flags name.
  [[nodiscard]] std::span<const char> BytesOf(uint16_t id, size_t size) const {
    return {memory_.get() + size_t{id} * buffer_bytes_, size};
  }
  // The kernel may fill it again.
  void GiveBack(uint16_t id);

 private:
  const uint32_t count_;
  const uint32_t buffer_bytes_;
  std::unique_ptr<char[]> memory_;
  io_uring_buf_ring* ring_ = nullptr;  // mapped; the kernel reads it
};

}  // namespace corelane::io
