#pragma once

// Placement: which bits of a key's 64-bit hash (base::KeyHash) decide what. Pure functions, any
// thread.
//
//   lane            the low 32 bits, scaled to the number of lanes: in effect the highest of them,
//   bits 31 downwards stripe          the hash as a whole turned into a position (below): in effect
//   its top bits, 63 downwards. The first
//                   8 bits of the position name the root slot, the next ones the slot of the
//                   sub-directory
//   slot in stripe  what abseil takes: tag = bits 0-6, probe start = bits 7-14 for a stripe of 255
//   slots
//
// The three draw on different ends of the hash, so that they are independent: all keys of a lane
// spread over all stripes, and all keys of a stripe over all of its slots. With 256 lanes the lane
// fixes bits 24-31, which leaves the bits below to abseil; a stripe would have to be 33 bits deep
// before it shared a bit with the lane.
//
// A position is not the hash itself, because hashes are spread evenly: all stripes would fill
// alike, split in the same short while, and stand half empty together right after it; memory per
// key would swing by a factor of two. The position stretches the hash space, so that keys are twice
// as dense at its end as at its start. At any time, then, stripes of all fills between half and
// full exist in the same mix, splits come evenly, and memory per key stays level. (The idea is that
// of spiral storage, Martin 1979.) The order of positions is the order of hashes.

#include <cstdint>

namespace corelane::storage {

// A point of the space that stripes divide among them; also the unit of WalkCursor.
using Position = uint64_t;

inline constexpr int kPositionBits = 64;
inline constexpr int kRootBits = 8;
inline constexpr uint32_t kRootSlots = uint32_t{1} << kRootBits;

[[nodiscard]] inline uint32_t LaneOf(uint64_t hash, uint32_t lanes) {
  const uint64_t low = static_cast<uint32_t>(hash);
  return static_cast<uint32_t>((low * lanes) >> 32);
}

// With x = hash / 2^64, the position is x + x(1 - x)/3. Its slope falls evenly from 4/3 at x = 0 to
// 2/3 at x = 1, never below zero, so that it keeps the order; it is 0 at 0 and 1 at 1, so that it
// neither overflows nor leaves a gap.
[[nodiscard]] inline Position PositionOf(uint64_t hash) {
  const auto product = static_cast<unsigned __int128>(hash) * ~hash;
  return hash + static_cast<uint64_t>(product >> 64) / 3;
}

[[nodiscard]] inline uint32_t RootIndexOf(Position position) {
  return static_cast<uint32_t>(position >> (kPositionBits - kRootBits));
}

}  // namespace corelane::storage
