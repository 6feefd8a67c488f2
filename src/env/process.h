#pragma once

// What the system says of this process, and randomness from it. Free functions, any thread.

#include <cstdint>
#include <vector>

namespace corelane::env {

// The memory of this process that is resident, as the system counts it; 0 when it does not say. Any
// thread.
[[nodiscard]] uint64_t ResidentBytes();

// The cores that this process may use, in order; none where the system does not say.
[[nodiscard]] std::vector<int> UsableCpus();

// Keeps the calling thread on one core; below 0: wherever the system likes. A hint: where it is not
// allowed the thread runs all the same.
void PinThread(int cpu);

// From here on the calling thread makes room for any other at once, and gets next to nothing on a
// core that others keep busy all the time: for work that can wait. A hint. Measured for the writer
// of checkpoints, on the core of a lane that is half busy: p95 of the lane's requests 0.4 ms, with
// nice 10 and SCHED_BATCH instead 1.2 to 1.4 ms, and as many checkpoints.
void YieldToOthers();

// The CPU time that the calling thread has used so far.
[[nodiscard]] int64_t ThreadCpuNanos();

// Lets this process open so many files, as far as its hard limit goes; returns how many it may open
// now. Every connection is a file.
[[nodiscard]] uint64_t RaiseOpenFilesLimit(uint64_t wanted);

// Eight bytes out of the system's entropy pool.
[[nodiscard]] uint64_t RandomSeed();

}  // namespace corelane::env
