#include "log_ways/segment_files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "log_ways/frame_ring.h"
#include "wal/format.h"
#include "wal/lane_log_options.h"

namespace corelane::bench {

SegmentPlan PlanSegments(uint64_t bytes_max) {
  SegmentPlan plan;
  plan.segment_bytes =
      bytes_max < FrameRing::kBytes ? FrameRing::kBytes : wal::kSegmentBytesDefault;
  // At the end of a segment less than a fifth of it stays empty.
  plan.segments = (bytes_max + bytes_max / 4) / plan.segment_bytes + 1;
  return plan;
}

Result<std::unique_ptr<SegmentFiles>> SegmentFiles::Make(const WayOptions& options,
                                                         const SegmentPlan& plan) {
  auto made = std::make_unique<SegmentFiles>(plan.segment_bytes);
  for (uint64_t number = 1; number <= plan.segments; ++number) {
    Result<std::unique_ptr<env::File>> file = options.files->Open(
        absl::StrCat(options.directory, "/", wal::SegmentName(number)), env::OpenMode::kCreateNew);
    if (!file.ok()) return file.status();
    RETURN_IF_ERROR((*file)->Allocate(0, plan.segment_bytes));
    RETURN_IF_ERROR((*file)->Sync());
    made->files_.push_back(std::move(file).value());
  }
  RETURN_IF_ERROR(options.files->SyncDirectory(options.directory));
  return made;
}

void SegmentFiles::Write(uint64_t position, std::string_view bytes) {
  const uint64_t segment = position / segment_bytes_;
  CHECK(segment < files_.size());
  EndProgramUnlessOk(files_[segment]->WriteAt(position % segment_bytes_, bytes));
}

void SegmentFiles::SyncTo(uint64_t end) {
  if (end == synced_end_) return;
  CHECK(end > synced_end_);
  const uint64_t last = (end - 1) / segment_bytes_;
  for (uint64_t segment = synced_end_ / segment_bytes_; segment <= last; ++segment) {
    EndProgramUnlessOk(files_[segment]->Sync());
  }
  synced_end_ = end;
}

}  // namespace corelane::bench
