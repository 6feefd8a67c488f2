#pragma once

// Judgement: whether a run measured the server, in plain words. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/figures.h"

namespace corelane::loadgen {

enum class RunVerdict : uint8_t {
  kValid,             // the figures are the server's
  kGeneratorLimited,  // the generator was late, or had no CPU time left: they are its own
  kSaturated,  // more was asked than the server could do: they grow with the length of the run
  kFailing,    // reads were wrong or not possible, or operations failed and are in no latency
};

// "VALID", "GENERATOR-LIMITED", "SATURATED", "FAILING".
[[nodiscard]] std::string_view RunVerdictName(RunVerdict verdict);

struct JudgementInput {
  bool open_loop = false;
  double measured_s = 0;
  uint32_t threads = 1;
  double generator_cpu_s = 0;  // while it was counted
  // Open loop: the operations that the schedule asks for in each second that is counted. Empty:
  // what was achieved is not held against it.
  std::vector<double> asked_by_second = {};
  // The requests a second that all threads together can make, as calibrated; 0: nobody knows.
  double ceiling_per_s = 0;
  // Somebody ended the run, so that there was no time to read back what it wrote.
  bool stopped = false;
};

struct Judgement {
  RunVerdict verdict = RunVerdict::kValid;
  std::string reason;  // a sentence or two, with the figures it rests on
};

// The first of these that holds:
//   FAILING            a verified run found a read that was wrong
//   FAILING            more than 1 operation in 1000 failed
//   FAILING            a verified run that nobody stopped could not read back all that it wrote
//   SATURATED          open loop: more than 1 in 100 waited for room on a connection, or was never
//                      started
//   GENERATOR-LIMITED  open loop: it started operations late (p99 of the lag over a tenth of the
//                      p99 response time, and over 50 us), or more than 70 % of its ceiling was
//                      asked for; closed loop: its threads were busy for over 95 % of the time, or
//                      it achieved more than 80 % of its ceiling
//   SATURATED          open loop: from the second second on, less than 95 % of what was asked for
//                      was answered, and chance does not explain it; or the backlog (operations
//                      under way or due) grows by more than 1 % of what is asked for, and noise
//                      does not explain it
//   VALID              otherwise
// The first second of a run is left out of the last two, since a server needs some time to get as
// many operations under way as it always has.
[[nodiscard]] Judgement Judge(const Figures& figures, const JudgementInput& input);

}  // namespace corelane::loadgen
