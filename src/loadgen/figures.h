#pragma once

// Figures: what one thread of the load generator has measured, and what all of them have measured
// together. Plain values; one thread at a time.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "loadgen/operation.h"
#include "loadgen/sparse_histogram.h"

namespace corelane::loadgen {

// The answers to one kind of operation. What failed is counted and is in no histogram, so that it
// never passes for a fast answer.
struct OpFigures {
  // From the moment when the operation was meant to start, and from the moment when its request was
  // handed to the system, to the moment when the reply was there. A closed loop means to start when
  // it sends: both are the same there, and only the second is kept.
  base::Histogram response_ns;
  base::Histogram service_ns;
  uint64_t hits = 0;    // keys that were read and there
  uint64_t misses = 0;  // keys that were read and not there
  uint64_t errors = 0;  // the server answered with an error
  uint64_t timeouts = 0;
  uint64_t lost = 0;  // the connection broke before the reply

  // What is told as the latency of a run.
  [[nodiscard]] const base::Histogram& latency_ns(bool open_loop) const {
    return open_loop ? response_ns : service_ns;
  }
  [[nodiscard]] uint64_t answered() const { return service_ns.count(); }
  [[nodiscard]] uint64_t failed() const { return errors + timeouts + lost; }
  void Merge(const OpFigures& other);
};

// One second of a run, by the time of the replies.
struct WindowFigures {
  uint64_t answered = 0;
  uint64_t failed = 0;
  uint64_t under_way = 0;  // at its end
  int64_t behind_ns =
      0;  // at its end: for how long the oldest operation was due that had not started
  SparseHistogram latency_ns;  // response times of an open loop, service times of a closed one

  void Merge(const WindowFigures& other);
};

// What the reads of a verified run said of the values (verifier.h), warm-up and all.
struct VerifyFigures {
  uint64_t verified = 0;      // reads that were judged; the findings are some of them
  uint64_t stale = 0;         // an older value than one known to be written
  uint64_t vanished = 0;      // no value, where one was known to be written
  uint64_t corrupt = 0;       // no value that was sent for the key
  uint64_t never_sent = 0;    // sound in itself, but of a write that this run has not sent
  uint64_t untracked = 0;     // of `verified`, those checked for corruption only
  uint64_t swept = 0;         // of `verified`, those of keys that were read back after the run
  uint64_t unswept = 0;       // keys that were not read back: no answer, or the run was stopped
  std::string first_finding;  // in words: which key, what it should have been, what it was

  [[nodiscard]] uint64_t findings() const { return stale + vanished + corrupt + never_sent; }
  void Merge(const VerifyFigures& other);
};

struct Figures {
  std::array<std::unique_ptr<OpFigures>, kOpKinds> by_kind;  // null: no such operation
  std::vector<WindowFigures> windows;
  uint64_t never_started = 0;  // due, and still waiting for a connection when the run ended
  uint64_t held_back = 0;      // due while no connection had room
  base::Histogram lag_ns;      // of the others: from when they were due to when they started
  std::string first_error;     // what a server or a connection said first
  VerifyFigures verify;        // nothing but zeros in a run that is not verified

  [[nodiscard]] OpFigures& Of(OpKind kind);
  // All kinds together.
  [[nodiscard]] OpFigures Total() const;
  void Merge(const Figures& other);
};

}  // namespace corelane::loadgen
