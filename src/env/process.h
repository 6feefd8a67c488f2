#pragma once

// What the system says of this process, and randomness from it. Free functions, any thread.

#include <cstdint>

namespace corelane::env {

// The memory of this process that is resident, as the system counts it; 0 when it does not say. Any
// thread.
[[nodiscard]] uint64_t ResidentBytes();

// Lets this process open so many files, as far as its hard limit goes; returns how many it may open
// now. Every connection is a file.
[[nodiscard]] uint64_t RaiseOpenFilesLimit(uint64_t wanted);

// Eight bytes out of the system's entropy pool.
[[nodiscard]] uint64_t RandomSeed();

}  // namespace corelane::env
