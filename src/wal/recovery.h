#pragma once

// Recovery: reads a lane's checkpoint, if it has one, and then its segments in order, hands every
// entry and every change to a visitor, and judges how the log ends.
//
//   A bad frame that no sync had covered yet is a torn tail: the machine or the process died while
//   it was written. It is cut. A bad frame below a point that is known to have been on stable
//   storage (a durable mark, a later segment's header or the end of a checkpoint says so) is
//   damage. So is a missing segment, and anything that is wrong with a checkpoint, which got its
//   name only when it was whole. Then nothing is touched and the result is kCorruption, naming file
//   and offset.
//
// The checkpoint with the highest number counts, and the segments from the one that it names on.
// What is before it is not looked at, and goes.
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

// The checkpoint that a lane was recovered from.
struct LoadedCheckpoint {
  uint64_t number = 0;  // 0: there is none
  uint64_t seq = 0;
  uint64_t end_seq = 0;
  uint64_t first_segment = 0;
  uint64_t entries = 0;
  uint64_t bytes = 0;        // of the file
  bool in_database = false;  // it stands for a state of the lane's database
};

struct LaneRecovery {
  LoadedCheckpoint checkpoint;  // the next one has the next number
  uint64_t last_seq = 0;        // the writer goes on with the next one
  // The writer goes on with the next number. The highest that is kept; when none is, the one before
  // the first that could be.
  uint64_t last_segment = 0;
  uint64_t last_segment_bytes = 0;  // 0: no segment is kept
  uint64_t frames = 0;              // behind the checkpoint or not
  uint64_t bytes = 0;               // of frames that were read
  uint64_t torn_bytes =
      0;  // cut off: behind the last good frame, up to the end of what was written or allocated
  uint64_t lost_frames = 0;  // good frames behind a hole; possible only after the machine went down
  uint64_t durable_seq = 0;  // all frames up to here were on stable storage, as marks say
  std::string torn_reason;   // empty when the log ended cleanly
  std::vector<uint64_t> unsynced_segments;  // have frames that no mark says are durable
  // Nothing in these counts; CutLaneTail() removes them: segments at the end, by number, and the
  // names of what is before the checkpoint or never became one.
  std::vector<uint64_t> unused_segments;
  std::vector<std::string> superseded_files;
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
