#pragma once

// What the two codec targets share. The first two bytes of an input say in which pieces and how
// many requests a time the rest is decoded; what comes out must not depend on either.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec_testing.h"

namespace corelane::proto {

struct CodecInput {
  size_t piece_bytes = 1;
  size_t requests_max = 1;
  std::string_view stream;
};

// False for an input that is too short to be one.
inline bool ReadCodecInput(const uint8_t* data, size_t size, CodecInput& input) {
  constexpr size_t kHeadBytes = 2;
  if (size < kHeadBytes) return false;
  input.piece_bytes = size_t{1} + data[0];
  input.requests_max = size_t{1} + data[1] % 16;
  input.stream = {reinterpret_cast<const char*>(data) + kHeadBytes, size - kHeadBytes};
  return true;
}

// Small limits, so that short inputs reach them.
inline constexpr CodecLimits kFuzzLimits = {
    .key_bytes_max = 16, .value_bytes_max = 64, .request_args_max = 16, .request_bytes_max = 512};

inline void CheckSame(const Seen& whole, const Seen& pieces) {
  CHECK(whole.requests == pieces.requests);
  CHECK(whole.state == pieces.state);
  CHECK(whole.error == pieces.error);
  CHECK(whole.error_code == pieces.error_code);
  CHECK(whole.error_tag == pieces.error_tag);
}

}  // namespace corelane::proto
