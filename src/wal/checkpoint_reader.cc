#include "wal/checkpoint_reader.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/status_macros.h"
#include "wal/block_codec.h"

namespace corelane::wal {
namespace {

// Behind a bad block anything can look like the head of a large one and cost a checksum.
constexpr uint64_t kFindChecksumBytesMax = uint64_t{8} << 30;

}  // namespace

Result<bool> CheckpointReader::OpenAnyway() {
  if (window_.file_bytes() < kCheckpointHeaderBytes) return false;
  const char* bytes = nullptr;
  RETURN_IF_ERROR(At(0, kCheckpointHeaderBytes, bytes));
  header_ = UncheckedCheckpointHeader({bytes, kCheckpointHeaderBytes});
  return true;
}

Status CheckpointReader::Open() {
  RETURN_IF_ERROR(window_.Open());
  const auto count =
      static_cast<size_t>(std::min<uint64_t>(kCheckpointHeaderBytes, window_.file_bytes()));
  const char* bytes = nullptr;
  RETURN_IF_ERROR(At(0, count, bytes));
  Result<CheckpointHeader> header = DecodeCheckpointHeader({bytes, count});
  if (!header.ok()) return Status(header.code(), name_ + ": " + header.status().message());
  header_ = *header;
  return OkStatus();
}

Status CheckpointReader::At(uint64_t offset, size_t count, const char*& bytes) {
  bytes = window_.Peek(offset, count);
  if (bytes != nullptr) return OkStatus();
  RETURN_IF_ERROR(window_.Load(offset, count));
  bytes = window_.Peek(offset, count);
  return OkStatus();
}

Status CheckpointReader::Corrupt(uint64_t offset, std::string_view what) const {
  return Status(StatusCode::kCorruption, absl::StrFormat("corrupt block in %s at offset %u: %s",
                                                         name_, offset, base::ToAbsl(what)));
}

Status CheckpointReader::Judge(BlockVerdict verdict, uint64_t offset) const {
  if (verdict == BlockVerdict::kGood) return OkStatus();
  if (verdict == BlockVerdict::kUnknownType) {
    return Status(StatusCode::kIncompatible,
                  absl::StrFormat(
                      "%s has a block of an unknown type at offset %u: written by a newer corelane",
                      name_, offset));
  }
  if (offset == window_.file_bytes()) return Corrupt(offset, "the file ends without an end block");
  return Corrupt(offset, BlockVerdictName(verdict));
}

Result<BlockVerdict> CheckpointReader::ReadBlock(uint64_t offset, StoredBlock& block) {
  const uint64_t left = window_.file_bytes() - offset;
  if (left < kBlockHeaderBytes) return BlockVerdict::kBadLength;
  const char* bytes = nullptr;
  RETURN_IF_ERROR(At(offset, kBlockHeaderBytes, bytes));
  const uint64_t payload_bytes = AnnouncedPayloadBytes(bytes);
  if (payload_bytes > left - kBlockHeaderBytes || payload_bytes > AnnouncedPayloadMax(bytes)) {
    return BlockVerdict::kBadLength;
  }
  const auto whole_bytes = static_cast<size_t>(kBlockHeaderBytes + payload_bytes);
  RETURN_IF_ERROR(At(offset, whole_bytes, bytes));
  const BlockVerdict verdict = DecodeBlockHeader(
      {bytes, whole_bytes}, BlockChecksumSeed(header_.salt, offset), block.header);
  if (verdict != BlockVerdict::kGood) return verdict;
  block.offset = offset;
  block.end_offset = offset + whole_bytes;
  block.payload = {bytes + kBlockHeaderBytes, static_cast<size_t>(payload_bytes)};
  return verdict;
}

// Blocks stand at any offset.
Result<uint64_t> CheckpointReader::FindBlock(uint64_t offset) {
  uint64_t checksum_bytes = 0;
  for (; offset + kBlockHeaderBytes <= window_.file_bytes(); ++offset) {
    const char* bytes = nullptr;
    RETURN_IF_ERROR(At(offset, kBlockHeaderBytes, bytes));
    if (!LooksLikeBlock(bytes)) continue;
    checksum_bytes += AnnouncedPayloadBytes(bytes);
    if (checksum_bytes > kFindChecksumBytesMax) break;
    StoredBlock block;
    const Result<BlockVerdict> verdict = ReadBlock(offset, block);
    if (!verdict.ok()) return verdict.status();
    if (*verdict == BlockVerdict::kGood) return offset;
  }
  return uint64_t{0};
}

std::string_view CheckpointReader::RawOf(const StoredBlock& block) {
  if (block.header.codec == BlockCodec::kNone) return block.payload;
  const size_t raw_bytes = block.header.raw_bytes;
  // Room for one large value is not kept.
  if (raw_capacity_ < raw_bytes || raw_capacity_ > std::max(raw_bytes, kCheckpointBlockBytesMax)) {
    raw_ = std::make_unique_for_overwrite<char[]>(raw_bytes);
    raw_capacity_ = raw_bytes;
  }
  if (!DecompressBlock(block.payload, std::span(raw_.get(), raw_bytes))) return {};
  return {raw_.get(), raw_bytes};
}

Result<BlockVerdict> CheckpointReader::VisitEntries(const StoredBlock& block,
                                                    FrameVisitor& visitor) {
  std::string_view raw = RawOf(block);
  for (uint32_t entry = 0; entry < block.header.entries; ++entry) {
    Frame frame{.seq = header_.seq};
    if (!DecodeCheckpointEntry(raw, frame.key, frame.value)) return BlockVerdict::kBadContent;
    frame.type = PutTypeOf(frame.value);
    RETURN_IF_ERROR(visitor.OnEntry(frame, block.offset));
  }
  return raw.empty() ? BlockVerdict::kGood : BlockVerdict::kBadContent;
}

Status CheckpointReader::CheckEnd(const StoredBlock& block, uint64_t entries) const {
  const CheckpointEnd end = DecodeCheckpointEnd(block.payload);
  if (end.entries != entries) {
    return Corrupt(block.offset,
                   absl::StrFormat("%u entries in all where there were %u", end.entries, entries));
  }
  if (end.end_seq < header_.seq) {
    return Corrupt(block.offset,
                   absl::StrFormat("ends at frame %u and began at %u", end.end_seq, header_.seq));
  }
  if (block.end_offset != window_.file_bytes()) {
    return Corrupt(block.end_offset, "bytes behind the end block");
  }
  return OkStatus();
}

Result<CheckpointEnd> CheckpointReader::Read(FrameVisitor& visitor) {
  uint64_t offset = kCheckpointHeaderBytes;
  uint64_t entries = 0;
  while (true) {
    StoredBlock block;
    Result<BlockVerdict> verdict = ReadBlock(offset, block);
    if (!verdict.ok()) return verdict.status();
    RETURN_IF_ERROR(Judge(*verdict, offset));
    if (block.header.type == BlockType::kEnd) {
      RETURN_IF_ERROR(CheckEnd(block, entries));
      return DecodeCheckpointEnd(block.payload);
    }
    verdict = VisitEntries(block, visitor);
    if (!verdict.ok()) return verdict.status();
    RETURN_IF_ERROR(Judge(*verdict, offset));
    entries += block.header.entries;
    offset = block.end_offset;
  }
}

}  // namespace corelane::wal
