#pragma once

// What the tests and the fuzzers of src/proto share: a connection that feeds a codec, and plain
// copies of what came out. One object per test; one thread.

#include <corelane/status.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "kv/request.h"
#include "proto/codec.h"

namespace corelane::proto {

// A request, copied out of the batch: its word, then its arguments.
struct SeenRequest {
  std::vector<std::string> words;
  uint32_t tag = 0;
  bool operator==(const SeenRequest&) const = default;
};

// What a codec made of a stream of bytes.
struct Seen {
  std::vector<SeenRequest> requests;
  DecodeState state = DecodeState::kDone;  // of the last call
  std::string error;
  StatusCode error_code = StatusCode::kOk;
  uint32_t error_tag = 0;
  std::string left;  // what stays in the connection's input buffer

  // The words alone.
  [[nodiscard]] std::vector<std::vector<std::string>> words() const;
};

// Gives a codec bytes as a connection does: unconsumed bytes come again, at another address each
// time and with nothing readable behind them, so that a sanitizer sees a view that outlives its
// bytes or looks past their end.
class FeedingConnection {
 public:
  FeedingConnection(Codec& codec, size_t requests_max)
      : codec_(codec), requests_max_(requests_max) {}

  // Returns false once the codec has reported an error.
  bool Feed(std::string_view bytes);
  [[nodiscard]] const Seen& seen() const { return seen_; }

 private:
  Codec& codec_;
  size_t requests_max_;
  size_t needed_ = 1;
  kv::RequestBatch batch_;
  Seen seen_;
};

// Feeds `bytes` in pieces of `piece_bytes`; the whole at once when that is 0.
[[nodiscard]] Seen DecodeInPieces(Codec& codec, std::string_view bytes, size_t piece_bytes,
                                  size_t requests_max = 64);

// The bytes that answer the error a codec reported, as a connection sends them.
[[nodiscard]] std::string ErrorReply(Codec& codec, const Seen& seen);

}  // namespace corelane::proto
