#pragma once

// The two hashes of corelane, both XXH3 (https://xxhash.com).
//
// KeyHash places a key: lane, stripe and table slot all come out of this one value. The seed is
// drawn at the first start and kept in the manifest, so that placement is stable over restarts and
// unknown to a client.
//
// Checksum32 guards bytes on disk. It finds accidents, not attackers.
//
// Pure functions, any thread.

#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace corelane::base {

[[nodiscard]] inline uint64_t KeyHash(std::string_view key, uint64_t seed) {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}

[[nodiscard]] inline uint32_t Checksum32(std::string_view bytes, uint64_t seed) {
  return static_cast<uint32_t>(XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed));
}

}  // namespace corelane::base
