#include "wal/checkpoint_format.h"

#include <cstring>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "wal/numbered_name.h"

namespace corelane::wal {
namespace {

constexpr std::string_view kMagic = "CORELCKP";
constexpr std::string_view kSuffix = ".ckpt";
constexpr std::string_view kUnfinishedSuffix = ".ckpt.tmp";

// Offsets in the header.
constexpr size_t kVersionAt = 8;
constexpr size_t kLaneAt = 12;
constexpr size_t kNumberAt = 16;
constexpr size_t kGenerationAt = 24;
constexpr size_t kSaltAt = 32;
constexpr size_t kSeqAt = 40;
constexpr size_t kFirstSegmentAt = 48;
constexpr size_t kFlagsAt = 56;
constexpr size_t kHeaderChecksumAt = 60;

constexpr uint32_t kInDatabase = 1;

// Offsets in a block.
constexpr size_t kStoredAt = 4;
constexpr size_t kRawAt = 8;
constexpr size_t kEntriesAt = 12;
constexpr size_t kTypeAt = 16;
constexpr size_t kCodecAt = 17;
constexpr size_t kZerosAt = 18;
constexpr size_t kZeros = 6;

// The codec makes no more than this of one byte, so that a length which announces more is wrong.
constexpr uint64_t kLz4RatioMax = 255;

uint32_t BlockChecksum(const char* block, size_t payload_bytes, uint64_t seed) {
  return base::Checksum32({block + kStoredAt, kBlockHeaderBytes - kStoredAt + payload_bytes}, seed);
}

bool FieldsAgree(const BlockHeader& header, const char* from) {
  constexpr char kNothing[kZeros] = {};
  if (std::memcmp(from + kZerosAt, kNothing, kZeros) != 0) return false;
  if (header.codec == BlockCodec::kNone && header.raw_bytes != header.stored_bytes) return false;
  if (header.type == BlockType::kEnd) {
    return header.codec == BlockCodec::kNone && header.raw_bytes == kCheckpointEndBytes &&
           header.entries == 0;
  }
  const size_t raw_max = header.entries == 1 ? kCheckpointEntryBytesMax : kCheckpointBlockBytesMax;
  return header.entries != 0 && header.raw_bytes <= raw_max &&
         header.raw_bytes <= header.stored_bytes * kLz4RatioMax;
}

}  // namespace

std::string_view BlockVerdictName(BlockVerdict verdict) {
  switch (verdict) {
    case BlockVerdict::kGood:
      return "good";
    case BlockVerdict::kBadLength:
      return "impossible length";
    case BlockVerdict::kBadChecksum:
      return "checksum mismatch";
    case BlockVerdict::kUnknownType:
      return "unknown type";
    case BlockVerdict::kBadContent:
      return "contradicting fields";
  }
  return "unknown";
}

void EncodeCheckpointHeader(const CheckpointHeader& header, char* to) {
  std::memset(to, 0, kCheckpointHeaderBytes);
  std::memcpy(to, kMagic.data(), kMagic.size());
  base::StoreLittle<uint32_t>(to + kVersionAt, kCheckpointFormatVersion);
  base::StoreLittle<uint32_t>(to + kLaneAt, header.lane);
  base::StoreLittle<uint64_t>(to + kNumberAt, header.number);
  base::StoreLittle<uint64_t>(to + kGenerationAt, header.generation);
  base::StoreLittle<uint64_t>(to + kSaltAt, header.salt);
  base::StoreLittle<uint64_t>(to + kSeqAt, header.seq);
  base::StoreLittle<uint64_t>(to + kFirstSegmentAt, header.first_segment);
  base::StoreLittle<uint32_t>(to + kFlagsAt, header.in_database ? kInDatabase : 0);
  base::StoreLittle<uint32_t>(to + kHeaderChecksumAt,
                              base::Checksum32({to, kHeaderChecksumAt}, kCheckpointFormatVersion));
}

Result<CheckpointHeader> DecodeCheckpointHeader(std::string_view bytes) {
  if (bytes.size() < kCheckpointHeaderBytes) {
    return Status(StatusCode::kCorruption, "shorter than the header of a checkpoint");
  }
  const char* const from = bytes.data();
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return Status(StatusCode::kCorruption, "not a checkpoint: wrong magic bytes");
  }
  // The version comes before the checksum: a newer version may compute another one.
  const auto version = base::LoadLittle<uint32_t>(from + kVersionAt);
  if (version > kCheckpointFormatVersion) {
    return Status(StatusCode::kIncompatible,
                  absl::StrFormat(
                      "written by a newer corelane (checkpoint format %u); this one reads up to %u",
                      version, kCheckpointFormatVersion));
  }
  if (base::LoadLittle<uint32_t>(from + kHeaderChecksumAt) !=
      base::Checksum32(bytes.substr(0, kHeaderChecksumAt), kCheckpointFormatVersion)) {
    return Status(StatusCode::kCorruption, "checksum mismatch in the header of the checkpoint");
  }
  if (const auto flags = base::LoadLittle<uint32_t>(from + kFlagsAt); (flags & ~kInDatabase) != 0) {
    return Status(StatusCode::kIncompatible,
                  absl::StrFormat("written by a newer corelane (checkpoint flags %x)", flags));
  }
  return UncheckedCheckpointHeader(bytes);
}

CheckpointHeader UncheckedCheckpointHeader(std::string_view bytes) {
  const char* const from = bytes.data();
  return CheckpointHeader{
      .lane = base::LoadLittle<uint32_t>(from + kLaneAt),
      .generation = base::LoadLittle<uint64_t>(from + kGenerationAt),
      .number = base::LoadLittle<uint64_t>(from + kNumberAt),
      .salt = base::LoadLittle<uint64_t>(from + kSaltAt),
      .seq = base::LoadLittle<uint64_t>(from + kSeqAt),
      .first_segment = base::LoadLittle<uint64_t>(from + kFirstSegmentAt),
      .in_database = (base::LoadLittle<uint32_t>(from + kFlagsAt) & kInDatabase) != 0,
  };
}

void EncodeBlockHeader(const BlockHeader& header, uint64_t checksum_seed, char* to) {
  std::memset(to, 0, kBlockHeaderBytes);
  base::StoreLittle<uint32_t>(to + kStoredAt, header.stored_bytes);
  base::StoreLittle<uint32_t>(to + kRawAt, header.raw_bytes);
  base::StoreLittle<uint32_t>(to + kEntriesAt, header.entries);
  base::StoreLittle<uint8_t>(to + kTypeAt, static_cast<uint8_t>(header.type));
  base::StoreLittle<uint8_t>(to + kCodecAt, static_cast<uint8_t>(header.codec));
  base::StoreLittle<uint32_t>(to, BlockChecksum(to, header.stored_bytes, checksum_seed));
}

bool LooksLikeBlock(const char* from) {
  const auto type = base::LoadLittle<uint8_t>(from + kTypeAt);
  const auto codec = base::LoadLittle<uint8_t>(from + kCodecAt);
  const bool known = (type == static_cast<uint8_t>(BlockType::kEntries) ||
                      type == static_cast<uint8_t>(BlockType::kEnd)) &&
                     codec <= static_cast<uint8_t>(BlockCodec::kLz4);
  return known && FieldsAgree({.stored_bytes = AnnouncedPayloadBytes(from),
                               .raw_bytes = base::LoadLittle<uint32_t>(from + kRawAt),
                               .entries = base::LoadLittle<uint32_t>(from + kEntriesAt),
                               .type = static_cast<BlockType>(type),
                               .codec = static_cast<BlockCodec>(codec)},
                              from);
}

BlockVerdict DecodeBlockHeader(std::string_view bytes, uint64_t checksum_seed,
                               BlockHeader& header) {
  if (bytes.size() < kBlockHeaderBytes) return BlockVerdict::kBadLength;
  const char* const from = bytes.data();
  const uint32_t payload_bytes = AnnouncedPayloadBytes(from);
  if (payload_bytes != bytes.size() - kBlockHeaderBytes) return BlockVerdict::kBadLength;
  if (base::LoadLittle<uint32_t>(from) != BlockChecksum(from, payload_bytes, checksum_seed)) {
    return BlockVerdict::kBadChecksum;
  }
  const auto type = base::LoadLittle<uint8_t>(from + kTypeAt);
  const auto codec = base::LoadLittle<uint8_t>(from + kCodecAt);
  if (type != static_cast<uint8_t>(BlockType::kEntries) &&
      type != static_cast<uint8_t>(BlockType::kEnd)) {
    return BlockVerdict::kUnknownType;
  }
  if (codec > static_cast<uint8_t>(BlockCodec::kLz4)) return BlockVerdict::kUnknownType;
  header = {.stored_bytes = payload_bytes,
            .raw_bytes = base::LoadLittle<uint32_t>(from + kRawAt),
            .entries = base::LoadLittle<uint32_t>(from + kEntriesAt),
            .type = static_cast<BlockType>(type),
            .codec = static_cast<BlockCodec>(codec)};
  return FieldsAgree(header, from) ? BlockVerdict::kGood : BlockVerdict::kBadContent;
}

void EncodeCheckpointEnd(const CheckpointEnd& end, char* to) {
  base::StoreLittle<uint64_t>(to, end.entries);
  base::StoreLittle<uint64_t>(to + sizeof(uint64_t), end.end_seq);
}

CheckpointEnd DecodeCheckpointEnd(std::string_view payload) {
  return {.entries = base::LoadLittle<uint64_t>(payload.data()),
          .end_seq = base::LoadLittle<uint64_t>(payload.data() + sizeof(uint64_t))};
}

bool DecodeCheckpointEntry(std::string_view& bytes, std::string_view& key, kv::ValueView& value) {
  if (bytes.size() < kCheckpointEntryFixedBytes) return false;
  const char* const from = bytes.data();
  const auto flags = base::LoadLittle<uint8_t>(from);
  const auto type = base::LoadLittle<uint8_t>(from + 1);
  if (flags > (checkpoint_entry::kHasExpiry | checkpoint_entry::kHasNotes)) return false;
  if (type > kv::kValueTypeMax) return false;
  const size_t key_bytes = base::LoadLittle<uint16_t>(from + 2);
  const size_t value_bytes = base::LoadLittle<uint32_t>(from + 4);
  const size_t fixed_bytes = checkpoint_entry::FixedBytes(flags);
  if (value_bytes > kValueBytesHardMax || bytes.size() < fixed_bytes + key_bytes + value_bytes) {
    return false;
  }
  kv::ValueView found{.type = static_cast<kv::ValueType>(type),
                      .bytes = bytes.substr(fixed_bytes + key_bytes, value_bytes),
                      .created_at_s = base::LoadLittle<uint32_t>(from + 8)};
  if (!kv::IsWellFormed(found.type, found.bytes)) return false;
  const char* at = from + kCheckpointEntryFixedBytes;
  if ((flags & checkpoint_entry::kHasExpiry) != 0) {
    found.expires_at = base::LoadLittle<int64_t>(at);
    at += kCheckpointExpiryBytes;
  }
  if ((flags & checkpoint_entry::kHasNotes) != 0) {
    found.client_flags = base::LoadLittle<uint32_t>(at);
    found.marks = static_cast<kv::Marks>(base::LoadLittle<uint32_t>(at + 4) & kv::kMarksLogged);
  }
  key = bytes.substr(fixed_bytes, key_bytes);
  value = found;
  bytes.remove_prefix(fixed_bytes + key_bytes + value_bytes);
  return true;
}

std::string CheckpointName(uint64_t number) { return NumberedName(number, kSuffix); }

uint64_t CheckpointNumberOf(std::string_view name) { return NumberOfName(name, kSuffix); }

std::string UnfinishedCheckpointName(uint64_t number) {
  return NumberedName(number, kUnfinishedSuffix);
}

bool IsUnfinishedCheckpoint(std::string_view name) {
  return NumberOfName(name, kUnfinishedSuffix) != 0;
}

}  // namespace corelane::wal
