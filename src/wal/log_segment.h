#pragma once

// LogSegment: a segment that is being written. The helper thread makes it, gives it room, syncs it
// and ends it; the lane stores frames into its mapping. This is the whole hand-off between the two,
// together with the atomics of LogHelper.
//
// Owned by the helper. The lane uses it from LogHelper::TakeNext() (or Start()) until it has stored
// sealed_end.

#include <corelane/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "env/file_system.h"
#include "wal/format.h"

namespace corelane::wal {

struct LogSegment {
  // Prefaulting works in these units; a page of another size costs faults, not correctness.
  static constexpr uint64_t kPageBytes = 4096;

  // Fixed while the lane knows the segment.
  std::string path;
  SegmentHeader header;
  uint64_t size = 0;  // how far it can grow
  std::unique_ptr<env::File> file;
  std::unique_ptr<env::Mapping> mapping;
  char* bytes = nullptr;  // the mapping's

  // The helper's own.
  uint64_t allocated_end = 0;
  uint64_t prefaulted_end = 0;
  uint64_t synced_end = 0;

  // Helper to lane: up to here there is disk space. release/acquire: the space is there before the
  // lane stores into it.
  std::atomic<uint64_t> ready_end{0};
  // Lane to helper, at the end of a turn: frames are whole up to here. release/acquire: so are
  // their bytes.
  std::atomic<uint64_t> written_end{kSegmentHeaderBytes};
  // Lane to helper, once: the lane is done with this segment, which ends here. 0 until then.
  // release/acquire: the lane touches nothing of it after this, and sealed_seq is set.
  std::atomic<uint64_t> sealed_end{0};
  uint64_t sealed_seq = 0;
};

// Makes a file with a synced header and `room` bytes of disk space, known to its directory for
// good, ready to be written. kDiskFull leaves no file behind.
[[nodiscard]] Result<std::unique_ptr<LogSegment>> CreateLogSegment(env::FileSystem& files,
                                                                   const std::string& directory,
                                                                   const SegmentHeader& header,
                                                                   uint64_t size, uint64_t room);

// Changes how far a segment can grow. The lane must not know it yet.
[[nodiscard]] Status ResizeLogSegment(LogSegment& segment, uint64_t size);

// Gives the segment disk space up to `end` and tells the lane.
[[nodiscard]] Status ExtendLogSegment(LogSegment& segment, uint64_t end);

// Makes the frames up to `end` durable.
[[nodiscard]] Status SyncLogSegment(LogSegment& segment, uint64_t end);

}  // namespace corelane::wal
