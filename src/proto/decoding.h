#pragma once

// What the codecs' decoders share: the loop over the received bytes, the two ways in which it stops
// short of their end, and the search for the end of a line.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "proto/codec.h"

namespace corelane::proto {

// The step that took nothing: the request at the front is `needed` bytes long, or longer.
inline bool NeedMore(DecodeResult& result, size_t needed) {
  result.state = DecodeState::kNeedMore;
  result.needed = needed;
  return false;
}

// The step that took nothing: the stream ends here, with `message` as its last reply.
inline bool Refuse(DecodeResult& result, StatusCode code, std::string message, uint32_t tag = 0) {
  result.state = DecodeState::kError;
  result.error_code = code;
  result.error = std::move(message);
  result.error_tag = tag;
  return false;
}

// The body of Codec::Decode(). The step `take_one(rest, result)` takes a request, or bytes that are
// none, from the front of `rest`, sets result.consumed to their number and returns true; or returns
// what NeedMore() or Refuse() does. `rest` is never empty.
template <typename TakeOne>
DecodeResult DecodeEach(std::string_view in, size_t requests_max, const kv::RequestBatch& batch,
                        TakeOne take_one) {
  DecodeResult result;
  size_t at = 0;
  while (at < in.size()) {
    if (batch.size() >= requests_max) {
      result.state = DecodeState::kFull;
      break;
    }
    if (!take_one(in.substr(at), result)) break;
    at += result.consumed;
  }
  result.consumed = at;
  return result;
}

// Passes over bytes as they come: a value that is too large to be held.
class Swallower {
 public:
  void Start(uint64_t bytes) { bytes_left_ = bytes; }
  [[nodiscard]] bool active() const { return bytes_left_ != 0; }
  // How many bytes at the front of `rest` are passed over.
  [[nodiscard]] size_t Take(std::string_view rest) {
    const size_t taken = bytes_left_ < rest.size() ? static_cast<size_t>(bytes_left_) : rest.size();
    bytes_left_ -= taken;
    return taken;
  }

 private:
  uint64_t bytes_left_ = 0;
};

}  // namespace corelane::proto
