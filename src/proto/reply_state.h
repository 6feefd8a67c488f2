#pragma once

// ReplyState: what the client's half of each protocol says of the bytes that it was given.

#include <cstdint>

namespace corelane::proto {

enum class ReplyState : uint8_t {
  kDone,
  kNeedMore,
  kError,  // not a reply, or one over the limit: the stream cannot be read any further
};

}  // namespace corelane::proto
