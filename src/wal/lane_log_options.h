#pragma once

// What a lane's log is opened with. Plain values; pointers are not owned and outlive the log.

#include <cstddef>
#include <cstdint>

#include "env/clock.h"
#include "env/file_system.h"
#include "wal/lane_log.h"
#include "wal/recovery.h"

namespace corelane::wal {

inline constexpr uint64_t kSegmentBytesDefault = uint64_t{64} << 20;
inline constexpr uint64_t kSegmentBytesMin = uint64_t{64} << 10;

// Told on the helper thread, so it may only do what any thread may: ring the lane's reactor, say.
class DurabilityListener {
 public:
  virtual ~DurabilityListener() = default;
  // released_seq() went up, or there is room after an Admit() that said kWait, or health changed.
  virtual void OnLogProgress() = 0;
};

struct LaneLogOptions {
  env::FileSystem* files = nullptr;
  const env::Clock* clock = nullptr;
  LaneIdentity lane;  // the directory exists
  FsyncMode mode = FsyncMode::kEverySecond;
  // A segment is made bigger than this only for changes that would not fit in one.
  uint64_t segment_bytes = kSegmentBytesDefault;
  // All from recovery: everything before next_seq is on stable storage.
  uint64_t next_seq = 1;
  uint64_t next_segment = 1;
  // Mixed into the salts of new segments, with the time: the hash seed of the manifest will do.
  uint64_t salt_seed = 0;
  DurabilityListener* listener = nullptr;  // may be null
};

}  // namespace corelane::wal
