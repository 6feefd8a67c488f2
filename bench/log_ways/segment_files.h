#pragma once

// SegmentFiles: the segments of a run as files with disk space, made before the run and written
// through the page cache. Positions as in FrameRing.
//
// Owned by a way. One thread writes; the same or another one syncs, beside it.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "env/file_system.h"
#include "log_ways/way.h"

namespace corelane::bench {

// How big a segment is when the run appends so much, and how many it fills: the product's size, or
// less for a moment's run.
struct SegmentPlan {
  uint64_t segment_bytes = 0;
  uint64_t segments = 0;
};
[[nodiscard]] SegmentPlan PlanSegments(uint64_t bytes_max);

class SegmentFiles {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SegmentFiles>> Make(const WayOptions& options,
                                                                  const SegmentPlan& plan);

  explicit SegmentFiles(uint64_t segment_bytes) : segment_bytes_(segment_bytes) {}  // use Make

  // Within one segment.
  void Write(uint64_t position, std::string_view bytes);
  // Makes all that was written before `end` durable; an `end` never lies before the last one.
  void SyncTo(uint64_t end);

 private:
  const uint64_t segment_bytes_;
  std::vector<std::unique_ptr<env::File>> files_;
  uint64_t synced_end_ = 0;  // of whoever syncs
};

}  // namespace corelane::bench
