#pragma once

// What the tests and the fuzz target of the wires share: a connection that feeds a wire as a socket
// does, and plain copies of what came out. One thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/wire.h"
#include "proto/native_client.h"

namespace corelane::loadgen {

// A reply, copied out of the bytes.
struct SeenReply {
  size_t bytes = 0;
  Outcome outcome = Outcome::kOk;
  uint32_t hits = 0;
  uint32_t misses = 0;
  std::string value;
  std::string error;
  bool operator==(const SeenReply&) const = default;
};

// What a wire made of a stream of bytes.
struct SeenReplies {
  std::vector<SeenReply> replies;
  proto::ReplyState state = proto::ReplyState::kNeedMore;  // of the last call
  size_t bytes = 0;                                        // of the replies
  size_t bytes_left = 0;                                   // of the stream
  bool operator==(const SeenReplies&) const = default;
};

// Feeds the stream in pieces of `piece_bytes`, the whole at once when that is 0. Bytes that are not
// taken come again, at another address each time and with nothing readable behind them, so that a
// sanitizer sees a view that outlives its bytes or looks past their end.
[[nodiscard]] SeenReplies FeedWire(Wire& wire, std::string_view stream, size_t piece_bytes);

// Writes the requests that the stream answers.
using Ask = std::function<void(Wire& wire, base::Buffer& out)>;

// What a new wire that has asked this makes of the stream in one piece; and it must make the same
// of it in pieces of every size. If it does not, `differs` is the first such size, otherwise 0.
[[nodiscard]] SeenReplies FeedInAllPieces(WireProtocol protocol, const Ask& ask,
                                          std::string_view stream, size_t& differs);

// For people and for tables: "ok", "hit 1/0 the value", "miss 0/1", "error what it said"; replies
// are separated by "; ", and at the end "more" says that there is the beginning of another one,
// "broken" that the connection is.
[[nodiscard]] std::string Describe(const SeenReplies& seen);

// FeedInAllPieces() and Describe(); a difference is described as such.
[[nodiscard]] std::string Outcomes(WireProtocol protocol, const Ask& ask, std::string_view stream);

// The bytes that ask this.
[[nodiscard]] std::string RequestBytes(WireProtocol protocol, const Ask& ask);

}  // namespace corelane::loadgen
