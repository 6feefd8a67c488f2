#include "wal/segment_reader.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace corelane::wal {
namespace {

// A sequence number further on than this cannot belong to the same log tail; it only looks like a
// frame.
constexpr uint64_t kScanSequencesMax = uint64_t{1} << 32;

// Behind a bad frame anything can look like the head of a long frame and cost a checksum. Real logs
// need a small part of this.
constexpr uint64_t kScanChecksumBytesMax = uint64_t{8} << 30;

bool OnlyZeros(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

}  // namespace

Status SegmentReader::Open() {
  RETURN_IF_ERROR(window_.Open());
  const auto count =
      static_cast<size_t>(std::min<uint64_t>(kSegmentHeaderBytes, window_.file_bytes()));
  const char* bytes = nullptr;
  RETURN_IF_ERROR(At(0, count, bytes));
  Result<SegmentHeader> header = DecodeSegmentHeader({bytes, count});
  if (!header.ok()) {
    return Status(header.code(), name_ + ": " + header.status().message());
  }
  header_ = *header;
  return OkStatus();
}

Result<bool> SegmentReader::OpenAnyway() {
  if (window_.file_bytes() < kSegmentHeaderBytes) return false;
  const char* bytes = nullptr;
  RETURN_IF_ERROR(At(0, kSegmentHeaderBytes, bytes));
  header_ = UncheckedSegmentHeader({bytes, kSegmentHeaderBytes});
  return true;
}

Result<bool> SegmentReader::IsBlank() { return OnlyZerosFrom(0); }

Status SegmentReader::At(uint64_t offset, size_t count, const char*& bytes) {
  bytes = window_.Peek(offset, count);
  if (bytes != nullptr) return OkStatus();
  RETURN_IF_ERROR(window_.Load(offset, count));
  bytes = window_.Peek(offset, count);
  return OkStatus();
}

Result<bool> SegmentReader::OnlyZerosFrom(uint64_t offset) {
  while (offset < window_.file_bytes()) {
    const auto count = static_cast<size_t>(
        std::min<uint64_t>(FileWindow::kPieceBytes, window_.file_bytes() - offset));
    const char* bytes = nullptr;
    RETURN_IF_ERROR(At(offset, count, bytes));
    if (!OnlyZeros({bytes, count})) return false;
    offset += count;
  }
  return true;
}

Status SegmentReader::Judge(FrameVerdict verdict, bool tolerant, SegmentSummary& summary) const {
  if (verdict == FrameVerdict::kUnknownType) {
    return Status(StatusCode::kIncompatible,
                  absl::StrFormat(
                      "%s has a frame of an unknown type at offset %u: written by a newer corelane",
                      name_, summary.end_offset));
  }
  if (verdict == FrameVerdict::kBadContent && !tolerant) {
    return Status(StatusCode::kCorruption,
                  absl::StrFormat("corrupt frame in %s at offset %u: %s", name_, summary.end_offset,
                                  std::string(FrameVerdictName(verdict))));
  }
  summary.reason = FrameVerdictName(verdict);
  return OkStatus();
}

Status SegmentReader::EndAtZeroLength(SegmentSummary& summary) {
  Result<bool> zeros = OnlyZerosFrom(summary.end_offset);
  if (!zeros.ok()) return zeros.status();
  summary.clean = *zeros;
  if (!summary.clean) summary.reason = "no frame where one should be";
  return OkStatus();
}

// The first frame says where the segment begins.
bool SegmentReader::Follows(uint64_t seq, const FrameRange& range, SegmentSummary& summary) {
  if (summary.frames == 0 && seq >= range.first_min && seq <= range.first_max) {
    summary.next_seq = seq;
  }
  if (seq == summary.next_seq) return true;
  summary.reason =
      summary.next_seq == UINT64_MAX
          ? absl::StrFormat("sequence number %u, which has passed", seq)
          : absl::StrFormat("sequence number %u where %u should be", seq, summary.next_seq);
  return false;
}

Result<SegmentSummary> SegmentReader::Read(const FrameRange& range, FrameVisitor& visitor) {
  SegmentSummary summary{.end_offset = range.offset, .next_seq = range.first_max};
  const uint64_t end = window_.file_bytes();
  while (true) {
    const uint64_t left = end - summary.end_offset;
    const char* bytes = nullptr;
    if (left < kFrameHeaderBytes) {
      RETURN_IF_ERROR(EndAtZeroLength(summary));
      return summary;
    }
    RETURN_IF_ERROR(At(summary.end_offset, kFrameHeaderBytes, bytes));
    const uint32_t length = AnnouncedFrameLength(bytes);
    if (length == 0) {
      RETURN_IF_ERROR(EndAtZeroLength(summary));
      return summary;
    }
    const size_t padded = PaddedFrameBytes(length);
    if (length < kFrameHeaderBytes || padded > kFrameBytesMax || padded > left) {
      summary.reason = FrameVerdictName(FrameVerdict::kBadLength);
      return summary;
    }
    RETURN_IF_ERROR(At(summary.end_offset, padded, bytes));
    Frame frame;
    const FrameVerdict verdict =
        DecodeFrame({bytes, padded}, FrameChecksumSeed(header_.salt, summary.end_offset), frame);
    if (verdict != FrameVerdict::kGood) {
      RETURN_IF_ERROR(Judge(verdict, range.tolerant, summary));
      return summary;
    }
    if (!Follows(frame.seq, range, summary)) return summary;
    // Only marks have one; it is 0 in all others.
    summary.durable_seq = std::max(summary.durable_seq, frame.durable_seq);
    if (frame.seq >= range.visit_from) {
      RETURN_IF_ERROR(visitor.OnFrameAt(frame, summary.end_offset));
    }
    summary.end_offset += padded;
    ++summary.next_seq;
    ++summary.frames;
  }
}

Result<SegmentReader::Found> SegmentReader::FindNext(uint64_t offset, uint64_t next_seq,
                                                     uint64_t& checksum_bytes) {
  offset = std::max<uint64_t>(PaddedFrameBytes(offset), kSegmentHeaderBytes);
  for (; offset + kFrameHeaderBytes <= window_.file_bytes(); offset += kFrameAlignmentBytes) {
    const char* bytes = nullptr;
    RETURN_IF_ERROR(At(offset, kFrameHeaderBytes, bytes));
    const uint32_t length = AnnouncedFrameLength(bytes);
    const size_t padded = PaddedFrameBytes(length);
    const uint64_t seq = AnnouncedSequence(bytes);
    if (length < kFrameHeaderBytes || padded > kFrameBytesMax ||
        padded > window_.file_bytes() - offset || seq < next_seq ||
        seq - next_seq > kScanSequencesMax) {
      continue;
    }
    checksum_bytes += padded;
    if (checksum_bytes > kScanChecksumBytesMax) {
      return Status(StatusCode::kCorruption,
                    "what follows the bad frame in " + name_ + " cannot be told from good frames");
    }
    RETURN_IF_ERROR(At(offset, padded, bytes));
    Frame frame;
    if (DecodeFrame({bytes, padded}, FrameChecksumSeed(header_.salt, offset), frame) ==
        FrameVerdict::kGood) {
      return Found{
          .offset = offset, .end_offset = offset + padded, .durable_seq = frame.durable_seq};
    }
  }
  return Found{};
}

Result<LaterFrames> SegmentReader::ScanFrom(uint64_t offset, uint64_t next_seq) {
  LaterFrames later;
  uint64_t checksum_bytes = 0;
  while (true) {
    const Result<Found> found = FindNext(offset, next_seq, checksum_bytes);
    if (!found.ok()) return found.status();
    if (found->offset == 0) return later;
    ++later.frames;
    later.durable_seq = std::max(later.durable_seq, found->durable_seq);
    offset = found->end_offset;
  }
}

Result<uint64_t> SegmentReader::FindFrame(uint64_t offset, uint64_t next_seq) {
  uint64_t checksum_bytes = 0;
  const Result<Found> found = FindNext(offset, next_seq, checksum_bytes);
  if (!found.ok()) return found.status();
  return found->offset;
}

}  // namespace corelane::wal
