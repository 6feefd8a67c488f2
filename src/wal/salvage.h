#pragma once

// Salvage: what recovery refuses (wal/recovery.h), read all the same: everything that is sound in
// the files of a damaged lane, in its order, and a report of what is not.
//
//   Good frames count before and behind the damage, as far as their sequence numbers go up; so do
//   the good blocks of a damaged checkpoint. The newest whole checkpoint is where it begins; when
//   there is none, with the oldest frames that there are.
//
// What comes of it is no state that there ever was: changes are missing from its midst, and a key
// whose erase is missing is back. So a damaged lane is never appended to: what was salvaged is
// written as a new generation of the data directory, and the old one is kept.
//
// Only reads. A free function for one thread per lane.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "env/file_system.h"
#include "wal/frame_visitor.h"
#include "wal/lane_identity.h"

namespace corelane::wal {

struct SalvageReport {
  // More than these are only counted: damage can come in any number of pieces.
  static constexpr size_t kLinesMax = 30;

  std::vector<std::string> lines;  // what was dropped or is missing, one thing each
  uint64_t lines_left_out = 0;
  uint64_t dropped_bytes = 0;   // in all
  uint64_t missing_frames = 0;  // in all, as far as it is known that there were any
  uint64_t entries = 0;         // of checkpoints, handed on
  uint64_t frames = 0;          // handed on
};

// kIoError, kIncompatible (files of a newer version are not damaged), or what the visitor said.
// Entries of a damaged checkpoint are handed on where it was taken, in the midst of frames.
[[nodiscard]] Result<SalvageReport> SalvageLane(env::FileSystem& files, const LaneIdentity& lane,
                                                FrameVisitor& visitor);

}  // namespace corelane::wal
