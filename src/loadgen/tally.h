#pragma once

// Tally: what one worker counts: which operations count at all, what came of each of them, and the
// seconds of the run. It knows no connection and no clock: times are told to it.
//
// One thread, the worker's. Recording allocates nothing but a window a second.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/histogram.h"
#include "loadgen/connection.h"
#include "loadgen/figures.h"
#include "loadgen/worker_messages.h"

namespace corelane::loadgen {

class Tally {
 public:
  static constexpr int64_t kWindowNanos = 1'000'000'000;

  explicit Tally(bool open_loop) : open_loop_(open_loop) {}

  // Operations count that are meant to start in [from_ns, until_ns).
  void Begin(int64_t from_ns, int64_t until_ns);
  // No later than this.
  void EndBy(int64_t until_ns) { until_ns_ = std::min(until_ns_, until_ns); }
  [[nodiscard]] int64_t from_ns() const { return from_ns_; }
  [[nodiscard]] int64_t until_ns() const { return until_ns_; }
  [[nodiscard]] bool Counts(const Pending& pending) const {
    return pending.intended_ns >= from_ns_ && pending.intended_ns < until_ns_;
  }

  // All below are of operations that count.

  // Open loop: one that was due at `due_ns` starts now.
  void CountStart(int64_t due_ns, int64_t now_ns) {
    figures_.lag_ns.Record(std::max<int64_t>(1, now_ns - due_ns));
  }
  // It had to wait for room on a connection, so that its lag is not the generator's doing.
  void CountHeldBack() { ++figures_.held_back; }
  // It was due and had no connection until the end: nobody answered it either.
  void CountNeverStarted();
  // The keys that a reply has found, of an operation that may go on.
  void CountKeys(const Pending& pending, const WireReply& reply);
  // The reply that ends an operation.
  void CountReply(const Pending& pending, const WireReply& reply, int64_t now_ns);
  // There will be no reply: OpFigures::lost or OpFigures::timeouts.
  void CountLost(const Pending& pending, uint64_t OpFigures::*how);
  // What a server or a connection said; the first is kept.
  void NoteError(std::string_view error);

  // The second that is being counted, and whether there is anything in it.
  [[nodiscard]] int64_t window_end_ns() const { return window_end_ns_; }
  [[nodiscard]] bool window_empty() const { return latency_ns_.count() + window_.failed == 0; }
  // It is over; what there is to tell of it.
  [[nodiscard]] WorkerNews EndWindow(uint64_t under_way, int64_t behind_ns);

  [[nodiscard]] const Figures& figures() const { return figures_; }
  // For the verifiers of the worker's connections.
  [[nodiscard]] VerifyFigures& verify() { return figures_.verify; }

 private:
  const bool open_loop_;
  int64_t from_ns_ = INT64_MAX;
  int64_t until_ns_ = INT64_MAX;
  Figures figures_;
  base::Histogram latency_ns_;  // of the window
  WindowFigures window_;
  int64_t window_end_ns_ = INT64_MAX;
};

}  // namespace corelane::loadgen
