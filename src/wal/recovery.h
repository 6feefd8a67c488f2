#pragma once

// Recovery: reads all segments of a lane in order, hands every change to a visitor, and judges how
// the log ends.
//
//   A bad frame that no sync had covered yet is a torn tail: the machine or the process died while
//   it was written. It is cut. A bad frame below a point that is known to have been on stable
//   storage (a durable mark, or a later segment's header, says so) is damage. So is a missing
//   segment. Then nothing is touched and the result is kCorruption, naming file and offset.
//
// RecoverLane() only reads, so that a server can judge all its lanes before it changes one.
// CutLaneTail() then makes the lane end where its good frames end, and makes durable what was read.
// The writer goes on in a new segment.
//
// Free functions for one thread per lane; different lanes can be recovered at the same time.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "env/file_system.h"
#include "wal/lane_identity.h"
#include "wal/segment_reader.h"

namespace corelane::wal {

struct LaneRecovery {
  uint64_t last_seq = 0;      // the writer goes on with the next one
  uint64_t last_segment = 0;  // highest number that is kept; 0 when there is none
  uint64_t last_segment_bytes = 0;
  uint64_t frames = 0;
  uint64_t bytes = 0;  // of frames that were read
  uint64_t torn_bytes =
      0;  // cut off: behind the last good frame, up to the end of what was written or allocated
  uint64_t lost_frames = 0;  // good frames behind a hole; possible only after the machine went down
  uint64_t durable_seq = 0;  // all frames up to here were on stable storage, as marks say
  std::string torn_reason;   // empty when the log ended cleanly
  std::vector<uint64_t> unsynced_segments;  // have frames that no mark says are durable
  std::vector<uint64_t> unused_segments;    // nothing in them counts; CutLaneTail() removes them
};

// kCorruption, kIncompatible, kIoError, or what the visitor said.
[[nodiscard]] Result<LaneRecovery> RecoverLane(env::FileSystem& files, const LaneIdentity& lane,
                                               FrameVisitor& visitor);

// May be repeated after a crash in its middle. Frames that no mark calls durable are written once
// more, in place, before they are synced: a sync that failed in an earlier life leaves pages behind
// that read well, are not on the disk, and that no sync takes for dirty.
[[nodiscard]] Status CutLaneTail(env::FileSystem& files, const LaneIdentity& lane,
                                 const LaneRecovery& recovery);

}  // namespace corelane::wal
