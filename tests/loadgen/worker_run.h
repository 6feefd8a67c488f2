#pragma once

// WorkerRun: one worker over one simulated network, from its first connection to its figures.

#include <cstdint>

#include "loadgen/worker.h"
#include "simulated_network.h"

namespace corelane::loadgen {

class WorkerRun {
 public:
  // On a whole second, so that a script can tell how far in the run it is.
  static constexpr int64_t kBeginNanos = 2'000'000'000;

  // `thread`: which of the run's workers it is. `last`: what a verified one is told at the end.
  WorkerRun(const LoadOptions& options, Script& script, uint32_t thread = 0,
            WorkerOrder::Kind last = WorkerOrder::Kind::kSweep)
      : options_(options),
        network_(clock_, script),
        worker_(options_, {network_, clock_, bell_}, thread) {
    worker_.Order({.kind = WorkerOrder::Kind::kBegin, .begin_ns = kBeginNanos});
    if (options.verify) worker_.Order({.kind = last});
    worker_.Main();
  }

  [[nodiscard]] Worker& worker() { return worker_; }
  [[nodiscard]] const Figures& figures() const { return worker_.figures(); }
  [[nodiscard]] SimulatedNetwork& network() { return network_; }
  [[nodiscard]] int64_t now_ns() const { return clock_.MonotonicNanos(); }
  [[nodiscard]] OpFigures total() const { return worker_.figures().Total(); }

 private:
  const LoadOptions options_;
  VirtualClock clock_;
  Bell bell_;
  SimulatedNetwork network_;
  Worker worker_;
};

}  // namespace corelane::loadgen
