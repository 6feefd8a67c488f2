#include "wal/segment_rewriter.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace corelane::wal {

// What was good when it was read must not be written back as anything else.
Status SegmentRewriter::Changed(uint64_t offset) const {
  return Status(
      StatusCode::kIoError,
      absl::StrFormat("%s at offset %u was read twice, with different results", name_, offset));
}

Status SegmentRewriter::WritePending() {
  const auto count = static_cast<size_t>(pending_end_ - pending_begin_);
  if (count != 0) {
    RETURN_IF_ERROR(file_.WriteAt(pending_begin_, {window_.Peek(pending_begin_, count), count}));
  }
  pending_begin_ = pending_end_;
  return OkStatus();
}

Result<const char*> SegmentRewriter::At(uint64_t offset, size_t count) {
  if (count > window_.file_bytes() - offset) return Changed(offset);
  if (const char* const bytes = window_.Peek(offset, count)) return bytes;
  RETURN_IF_ERROR(WritePending());
  RETURN_IF_ERROR(window_.Load(offset, count));
  return window_.Peek(offset, count);
}

Status SegmentRewriter::Run(uint64_t durable_seq) {
  RETURN_IF_ERROR(window_.Open());
  Result<const char*> bytes = At(0, std::min<uint64_t>(window_.file_bytes(), kSegmentHeaderBytes));
  if (!bytes.ok()) return bytes.status();
  const Result<SegmentHeader> header = DecodeSegmentHeader({*bytes, kSegmentHeaderBytes});
  if (!header.ok()) return Changed(0);
  uint64_t offset = kSegmentHeaderBytes;
  // Behind the last frame of a segment that was full there can be zeros.
  while (window_.file_bytes() - offset >= kFrameHeaderBytes) {
    bytes = At(offset, kFrameHeaderBytes);
    if (!bytes.ok()) return bytes.status();
    const size_t padded = PaddedFrameBytes(AnnouncedFrameLength(*bytes));
    if (padded == 0) break;
    bytes = At(offset, padded);
    if (!bytes.ok()) return bytes.status();
    Frame frame;
    const uint64_t seed = FrameChecksumSeed(header->salt, offset);
    if (DecodeFrame({*bytes, padded}, seed, frame) != FrameVerdict::kGood) return Changed(offset);
    if (frame.seq <= durable_seq) pending_begin_ = offset + padded;
    offset += padded;
    pending_end_ = offset;
  }
  RETURN_IF_ERROR(WritePending());
  return file_.Sync();
}

}  // namespace corelane::wal
