#pragma once

// Payload: the bytes of values.
//
// Plain values are slices of one block of random bytes, made at the start: nothing is copied, and
// neighbouring values differ. A share of the block can be made compressible, for stores, disks and
// networks that compress.
//
// Verified values say themselves what they are, so that a reply can be checked without any memory
// of what was written (for what needs such memory see sequence_book.h). All little-endian:
//
//   0   4 bytes  checksum: base::Checksum32 of all bytes behind it, with the seed kSealSeed
//   4   4 bytes  length of the whole value
//   8   8 bytes  number of the key
//   16  8 bytes  sequence number of the write among the writes of its key
//   24  ...      filling: a slice of the block
//
// So a value of 26 bytes of key 7, its third write, with the filling "ab":
//
//   7e 91 80 b1  1a 00 00 00  07 00 00 00 00 00 00 00  03 00 00 00 00 00 00 00  61 62
//
// Used by one thread; CheckSealed() by any.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace corelane::loadgen {

struct PayloadOptions {
  uint32_t bytes_max = 0;   // of the largest value
  double compressible = 0;  // the share of all bytes that a compressor can do away with; in [0, 1]
  uint64_t seed = 1;
};

// The smallest verified value.
inline constexpr uint32_t kSealedBytesMin = 24;

enum class SealState : uint8_t {
  kSound,
  kCorrupt,   // not what was written for any key: bytes changed, are missing, or there are more
  kOtherKey,  // sound, but it was written for another key
};

struct SealCheck {
  SealState state = SealState::kCorrupt;
  uint64_t sequence = 0;  // of a sound one
};

// Whether the value read from key number `key` is one that was written there.
[[nodiscard]] SealCheck CheckSealed(std::string_view value, uint64_t key);

// Writes header and checksum around a filling that stands at to + kSealedBytesMin already.
void Seal(uint64_t key, uint64_t sequence, uint32_t bytes, char* to);

class Payload {
 public:
  // Values begin at any byte of a window of this size.
  static constexpr size_t kWindowBytes = size_t{64} << 10;

  // compressible is in [0, 1], bytes_max at most kValueBytesHardMax; both are CHECKed. Takes
  // bytes_max + kWindowBytes of memory.
  explicit Payload(const PayloadOptions& options);

  // The next plain value; bytes <= bytes_max. It holds as long as the Payload.
  [[nodiscard]] std::string_view Next(uint32_t bytes) {
    return std::string_view(block_).substr(random_.Uniform(kWindowBytes), bytes);
  }

  // Appends the verified value of write `sequence` of a key; bytes from kSealedBytesMin to
  // bytes_max.
  void AppendSealed(uint64_t key, uint64_t sequence, uint32_t bytes, std::string& to);

  [[nodiscard]] uint32_t bytes_max() const { return bytes_max_; }

 private:
  const uint32_t bytes_max_;
  base::Random random_;
  std::string block_;
};

}  // namespace corelane::loadgen
