#pragma once

// Cursors of a walk over all lanes, as SCAN and LIST hand them to clients: the lane in the low
// byte, the place in that lane's space of hashes (storage::WalkCursor) in the bits above. A lane's
// walk moves in steps of whole stripes, which are ranges of the hash's top bits, so the low byte of
// a place is always zero and nothing is lost. 0 starts a walk and ends it.

#include <corelane/limits.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/engine.h"

namespace corelane::shard {

inline constexpr uint64_t kCursorLaneMask = 0xff;
static_assert(kLanesMax <= kCursorLaneMask + 1);

// A step of a walk visits no more than about this many entries, whatever the client asks for: other
// requests wait meanwhile.
inline constexpr int64_t kWalkStepEntriesMax = 4096;

// A cursor in decimal, as SCAN takes it: what C's strtoul makes of the text (a sign is welcome, and
// no digits at all are 0) unless it begins with white space. Nothing: it is none.
[[nodiscard]] std::optional<uint64_t> ParseCursor(std::string_view text);

[[nodiscard]] inline uint32_t CursorLane(uint64_t cursor) {
  return static_cast<uint32_t>(cursor & kCursorLaneMask);
}
[[nodiscard]] inline storage::WalkCursor CursorPlace(uint64_t cursor) {
  return cursor & ~kCursorLaneMask;
}
// Where the walk goes on after `place` in `lane`; a finished lane hands over to the next.
[[nodiscard]] inline uint64_t NextCursor(uint32_t lane, storage::WalkCursor place, uint32_t lanes) {
  if (place != storage::kWalkStart) return place | lane;
  return lane + 1 == lanes ? 0 : lane + 1;
}

}  // namespace corelane::shard
