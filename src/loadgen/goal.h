#pragma once

// Goals: what latencies have to keep to, as "p99<1ms,p99.9<5ms", and whether a run has. Plain
// values; pure functions, any thread.
//
// A goal holds where the upper limit of the percentile's 95 % interval is below it: what chance may
// have made of a percentile a little above is then no reason to believe in it.

#include <corelane/status.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"

namespace corelane::loadgen {

struct Goal {
  double percent = 99;
  int64_t below_ns = 0;
};

// Several, separated by commas: "p99<1ms". kBadArgument says what is wrong.
[[nodiscard]] Result<std::vector<Goal>> ParseGoals(std::string_view text);

struct GoalState {
  bool holds = false;
  std::string because;  // "p99 is 0.42 ms (up to 0.5 ms), below 1 ms"
};
// Whether all of them hold for these latencies, with `failed` operations that had no answer: those
// are slower than any. A percentile that the answers do not carry does not hold.
[[nodiscard]] GoalState CheckGoals(std::span<const Goal> goals, const base::Histogram& latency_ns,
                                   uint64_t failed);

}  // namespace corelane::loadgen
