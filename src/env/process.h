#pragma once

// What the system says of this process, and randomness from it. Free functions, any thread.

#include <cstdint>

namespace corelane::env {

// The memory of this process that is resident, as the system counts it; 0 when it does not say. Any
// thread.
[[nodiscard]] uint64_t ResidentBytes();

// Eight bytes out of the system's entropy pool.
[[nodiscard]] uint64_t RandomSeed();

}  // namespace corelane::env
