#pragma once

// What the codec targets share. The first two bytes of an input say in which pieces and how
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

// Decodes the stream with `codec` in one piece, and with another one in the pieces that the input
// asks for: both see the same, and a codec that looks for the ends of lines looks at no byte twice.
template <typename TestedCodec>
Seen DecodeBothWays(TestedCodec& codec, const CodecInput& input) {
  const Seen seen = DecodeInPieces(codec, input.stream, 0);
  TestedCodec pieces(kFuzzLimits);
  CheckSame(seen, DecodeInPieces(pieces, input.stream, input.piece_bytes, input.requests_max));
  if constexpr (requires { pieces.bytes_scanned(); }) {
    CHECK(pieces.bytes_scanned() <= input.stream.size());
  }
  return seen;
}

// Says one of a few replies, chosen by `choice`, whether it suits the command or not.
inline void SayAnything(size_t choice, kv::ReplyWriter& out) {
  switch (choice % 8) {
    case 0:
      return out.Ok();
    case 1:
      return out.Nil();
    case 2:
      return out.Integer(static_cast<int64_t>(choice) - 20);
    case 3:
      return out.Value({.type = kv::ValueType::kBoolean, .bytes = "\x01"});
    case 4:
      return out.Error(StatusCode::kBusy, "later");
    case 5:
      return out.Map(0);
    case 6:
      out.Array(2);
      out.Integer(1);
      out.Array(1);
      return out.Bulk("key");
    default:
      out.Array(3);
      out.Nil();
      out.Bulk("x");
      return out.Error(StatusCode::kError, "y");
  }
}

}  // namespace corelane::proto
