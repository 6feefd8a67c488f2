#include "wal/log_segment.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"

namespace corelane::wal {
namespace {

Status WriteHeader(env::FileSystem& files, const std::string& directory, LogSegment& segment,
                   uint64_t room) {
  RETURN_IF_ERROR(ExtendLogSegment(segment, room));
  std::array<char, kSegmentHeaderBytes> header;
  EncodeSegmentHeader(segment.header, header.data());
  RETURN_IF_ERROR(segment.file->WriteAt(0, {header.data(), header.size()}));
  RETURN_IF_ERROR(segment.file->Sync());
  segment.synced_end = kSegmentHeaderBytes;
  return files.SyncDirectory(directory);
}

}  // namespace

Result<std::unique_ptr<LogSegment>> CreateLogSegment(env::FileSystem& files,
                                                     const std::string& directory,
                                                     const SegmentHeader& header, uint64_t size,
                                                     uint64_t room) {
  auto segment = std::make_unique<LogSegment>();
  segment->path = directory + "/" + SegmentName(header.number);
  segment->header = header;
  Result<std::unique_ptr<env::File>> file = files.Open(segment->path, env::OpenMode::kCreateNew);
  if (!file.ok()) return file.status();
  segment->file = std::move(file).value();
  if (Status status = WriteHeader(files, directory, *segment, room); !status.ok()) {
    // Without frames in it the file means nothing; when removing it fails too, recovery does it.
    [[maybe_unused]] const Status ignored = files.Remove(segment->path);
    return status;
  }
  RETURN_IF_ERROR(ResizeLogSegment(*segment, size));
  return segment;
}

Status ResizeLogSegment(LogSegment& segment, uint64_t size) {
  Result<std::unique_ptr<env::Mapping>> mapping = segment.file->Map(size);
  if (!mapping.ok()) return mapping.status();
  segment.mapping = std::move(mapping).value();
  segment.bytes = segment.mapping->bytes().data();
  segment.size = size;
  segment.prefaulted_end = 0;
  return OkStatus();
}

Status ExtendLogSegment(LogSegment& segment, uint64_t end) {
  if (end <= segment.allocated_end) return OkStatus();
  RETURN_IF_ERROR(segment.file->Allocate(segment.allocated_end, end - segment.allocated_end));
  segment.allocated_end = end;
  segment.ready_end.store(end, std::memory_order_release);
  return OkStatus();
}

Status SyncLogSegment(LogSegment& segment, uint64_t end) {
  CHECK(end >= segment.synced_end);
  const uint64_t begin = segment.synced_end / LogSegment::kPageBytes * LogSegment::kPageBytes;
  Status status = segment.file->SyncMapped(*segment.mapping, begin, end - begin);
  // Whatever it says, what was dirty may be lost: not even a full disk is a reason to try a sync
  // again.
  if (!status.ok()) return Status(StatusCode::kIoError, status.message());
  segment.synced_end = end;
  return OkStatus();
}

}  // namespace corelane::wal
