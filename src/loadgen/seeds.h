#pragma once

// StreamSeed: many independent rows of random numbers from the one seed of a run, so that a run can
// be repeated from that number alone. Pure; any thread.

#include <cstdint>

#include "base/random.h"

namespace corelane::loadgen {

// The rows that every thread draws alike.
inline constexpr uint64_t kArrivalsStream = 0;
inline constexpr uint64_t kPayloadStream = 1;
inline constexpr uint64_t kSequenceStream = 2;
// The first of a row for each thread, to which its index is added.
inline constexpr uint64_t kWorkloadStreams = uint64_t{1} << 32;
inline constexpr uint64_t kLoadPhaseStreams = uint64_t{2} << 32;

// The seed of one row. Seeds that differ by the step of base::Random's splitmix64 would begin rows
// that overlap, so the stream goes through the generator once, with a factor of its own (that of
// the 64-bit LCG in Steele and Vigna, "Computationally easy, spectrally good multipliers", 2021).
[[nodiscard]] inline uint64_t StreamSeed(uint64_t seed, uint64_t stream) {
  base::Random mixer(seed ^ ((stream + 1) * 0xd1342543de82ef95));
  return mixer.Next();
}

}  // namespace corelane::loadgen
