#include "wal/format.h"

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "wal/numbered_name.h"

namespace corelane::wal {
namespace {

constexpr std::string_view kSegmentMagic = "CORELWAL";
constexpr std::string_view kSegmentSuffix = ".wal";

// Offsets in the segment header.
constexpr size_t kVersionAt = 8;
constexpr size_t kLaneAt = 12;
constexpr size_t kNumberAt = 16;
constexpr size_t kGenerationAt = 24;
constexpr size_t kSaltAt = 32;
constexpr size_t kDurableAt = 40;
constexpr size_t kHeaderChecksumAt = 60;

// Offsets in a frame.
constexpr size_t kLengthAt = 4;
constexpr size_t kSequenceAt = 8;
constexpr size_t kTypeAt = 16;
constexpr size_t kValueTypeAt = 17;
constexpr size_t kKeyLengthAt = 18;
constexpr size_t kCreatedAt = 20;

// What the bodies of a type have.
enum : uint8_t {
  kKnown = 1,  // this version reads and writes it
  kNumber = 2,
  kNotes = 4,
  kKey = 8,
  kValue = 16,
};

constexpr std::array<uint8_t, 11> kFrameParts = {
    0,
    kKnown | kKey | kValue,                     // put
    kKnown | kNumber | kKey | kValue,           // put with expiry
    kKnown | kKey,                              // erase
    kKnown | kNumber | kKey,                    // expiry
    kKnown,                                     // clear
    kKnown | kNumber,                           // durable mark
    0,                                          // checkpoint begin
    0,                                          // checkpoint end
    kKnown | kNumber | kNotes | kKey | kValue,  // put with notes
    kKnown | kNumber | kKey,                    // marks
};

uint8_t PartsOf(uint8_t type) { return type < kFrameParts.size() ? kFrameParts[type] : 0; }
bool Has(FrameType type, uint8_t part) { return (PartsOf(static_cast<uint8_t>(type)) & part) != 0; }

size_t FixedBytes(FrameType type) {
  return (Has(type, kNumber) ? kFrameNumberBytes : 0) + (Has(type, kNotes) ? kFrameNotesBytes : 0);
}

size_t FrameLength(const Frame& frame) {
  return kFrameHeaderBytes + FixedBytes(frame.type) + frame.key.size() + frame.value.bytes.size();
}

uint64_t NumberOf(const Frame& frame) {
  switch (frame.type) {
    case FrameType::kDurableMark:
      return frame.durable_seq;
    case FrameType::kMarks:
      return frame.value.marks & kv::kMarksLogged;
    default:
      return static_cast<uint64_t>(frame.value.expires_at);
  }
}

void TakeNumber(uint64_t number, Frame& frame) {
  switch (frame.type) {
    case FrameType::kDurableMark:
      frame.durable_seq = number;
      break;
    case FrameType::kMarks:
      frame.value.marks = static_cast<kv::Marks>(number & kv::kMarksLogged);
      break;
    default:
      frame.value.expires_at = static_cast<kv::ExpiryMillis>(number);
  }
}

uint32_t FrameChecksum(const char* frame, size_t padded_bytes, uint64_t seed) {
  return base::Checksum32({frame + kLengthAt, padded_bytes - kLengthAt}, seed);
}

// A frame whose checksum is right can still be one that no writer makes; its fields are not used
// before this has passed.
bool FieldsAgree(const Frame& frame, uint32_t created_at_s) {
  if (!Has(frame.type, kKey) && !frame.key.empty()) return false;
  if (Has(frame.type, kValue)) return kv::IsWellFormed(frame.value.type, frame.value.bytes);
  return frame.value.bytes.empty() && frame.value.type == kv::ValueType::kString &&
         created_at_s == 0;
}

}  // namespace

std::string_view FrameVerdictName(FrameVerdict verdict) {
  switch (verdict) {
    case FrameVerdict::kGood:
      return "good";
    case FrameVerdict::kBadLength:
      return "impossible length";
    case FrameVerdict::kBadChecksum:
      return "checksum mismatch";
    case FrameVerdict::kUnknownType:
      return "unknown type";
    case FrameVerdict::kBadContent:
      return "contradicting fields";
  }
  return "unknown";
}

void EncodeSegmentHeader(const SegmentHeader& header, char* to) {
  std::memset(to, 0, kSegmentHeaderBytes);
  std::memcpy(to, kSegmentMagic.data(), kSegmentMagic.size());
  base::StoreLittle<uint32_t>(to + kVersionAt, kLogFormatVersion);
  base::StoreLittle<uint32_t>(to + kLaneAt, header.lane);
  base::StoreLittle<uint64_t>(to + kNumberAt, header.number);
  base::StoreLittle<uint64_t>(to + kGenerationAt, header.generation);
  base::StoreLittle<uint64_t>(to + kSaltAt, header.salt);
  base::StoreLittle<uint64_t>(to + kDurableAt, header.durable_seq);
  base::StoreLittle<uint32_t>(to + kHeaderChecksumAt,
                              base::Checksum32({to, kHeaderChecksumAt}, kLogFormatVersion));
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) {
    return Status(StatusCode::kCorruption, "shorter than a segment header");
  }
  const char* const from = bytes.data();
  if (bytes.substr(0, kSegmentMagic.size()) != kSegmentMagic) {
    return Status(StatusCode::kCorruption, "not a log segment: wrong magic bytes");
  }
  // The version comes before the checksum: a newer version may compute another one.
  const auto version = base::LoadLittle<uint32_t>(from + kVersionAt);
  if (version > kLogFormatVersion) {
    return Status(
        StatusCode::kIncompatible,
        absl::StrFormat("written by a newer corelane (log format %u); this one reads up to %u",
                        version, kLogFormatVersion));
  }
  if (base::LoadLittle<uint32_t>(from + kHeaderChecksumAt) !=
      base::Checksum32(bytes.substr(0, kHeaderChecksumAt), kLogFormatVersion)) {
    return Status(StatusCode::kCorruption, "checksum mismatch in the segment header");
  }
  return UncheckedSegmentHeader(bytes);
}

SegmentHeader UncheckedSegmentHeader(std::string_view bytes) {
  const char* const from = bytes.data();
  return SegmentHeader{
      .lane = base::LoadLittle<uint32_t>(from + kLaneAt),
      .generation = base::LoadLittle<uint64_t>(from + kGenerationAt),
      .number = base::LoadLittle<uint64_t>(from + kNumberAt),
      .salt = base::LoadLittle<uint64_t>(from + kSaltAt),
      .durable_seq = base::LoadLittle<uint64_t>(from + kDurableAt),
  };
}

size_t EncodedFrameBytes(const Frame& frame) { return PaddedFrameBytes(FrameLength(frame)); }

size_t EncodeFrame(const Frame& frame, uint64_t checksum_seed, char* to) {
  const size_t length = FrameLength(frame);
  const size_t padded = PaddedFrameBytes(length);
  // The padding lies in the last eight bytes; what belongs to the frame there is written over the
  // zeros below.
  base::StoreLittle<uint64_t>(to + padded - kFrameAlignmentBytes, 0);
  base::StoreLittle<uint32_t>(to + kLengthAt, static_cast<uint32_t>(length));
  base::StoreLittle<uint64_t>(to + kSequenceAt, frame.seq);
  base::StoreLittle<uint8_t>(to + kTypeAt, static_cast<uint8_t>(frame.type));
  base::StoreLittle<uint8_t>(to + kValueTypeAt, static_cast<uint8_t>(frame.value.type));
  base::StoreLittle<uint16_t>(to + kKeyLengthAt, static_cast<uint16_t>(frame.key.size()));
  base::StoreLittle<uint32_t>(to + kCreatedAt, frame.value.created_at_s);
  char* at = to + kFrameHeaderBytes;
  if (Has(frame.type, kNumber)) {
    base::StoreLittle<uint64_t>(at, NumberOf(frame));
    at += kFrameNumberBytes;
  }
  if (Has(frame.type, kNotes)) {
    base::StoreLittle<uint32_t>(at, frame.value.client_flags);
    base::StoreLittle<uint32_t>(at + sizeof(uint32_t), frame.value.marks & kv::kMarksLogged);
    at += kFrameNotesBytes;
  }
  // An empty view may hold a null pointer, which memcpy does not take.
  if (!frame.key.empty()) std::memcpy(at, frame.key.data(), frame.key.size());
  at += frame.key.size();
  if (!frame.value.bytes.empty()) {
    std::memcpy(at, frame.value.bytes.data(), frame.value.bytes.size());
  }
  base::StoreLittle<uint32_t>(to, FrameChecksum(to, padded, checksum_seed));
  return padded;
}

FrameVerdict DecodeFrame(std::string_view bytes, uint64_t checksum_seed, Frame& frame) {
  if (bytes.size() < kFrameHeaderBytes) return FrameVerdict::kBadLength;
  const char* const from = bytes.data();
  const size_t length = AnnouncedFrameLength(from);
  if (length < kFrameHeaderBytes || PaddedFrameBytes(length) != bytes.size()) {
    return FrameVerdict::kBadLength;
  }
  if (base::LoadLittle<uint32_t>(from) != FrameChecksum(from, bytes.size(), checksum_seed)) {
    return FrameVerdict::kBadChecksum;
  }
  const auto type = base::LoadLittle<uint8_t>(from + kTypeAt);
  const auto value_type = base::LoadLittle<uint8_t>(from + kValueTypeAt);
  if (PartsOf(type) == 0 || value_type > kv::kValueTypeMax) return FrameVerdict::kUnknownType;
  frame = Frame{.type = static_cast<FrameType>(type), .seq = AnnouncedSequence(from)};
  frame.value.type = static_cast<kv::ValueType>(value_type);
  size_t at = kFrameHeaderBytes;
  const size_t key_bytes = base::LoadLittle<uint16_t>(from + kKeyLengthAt);
  if (length < at + FixedBytes(frame.type) + key_bytes) return FrameVerdict::kBadContent;
  if (Has(frame.type, kNumber)) {
    TakeNumber(base::LoadLittle<uint64_t>(from + at), frame);
    at += kFrameNumberBytes;
  }
  if (Has(frame.type, kNotes)) {
    frame.value.client_flags = base::LoadLittle<uint32_t>(from + at);
    const auto marks = base::LoadLittle<uint32_t>(from + at + sizeof(uint32_t));
    frame.value.marks = static_cast<kv::Marks>(marks & kv::kMarksLogged);
    at += kFrameNotesBytes;
  }
  frame.key = bytes.substr(at, key_bytes);
  frame.value.bytes = bytes.substr(at + key_bytes, length - at - key_bytes);
  const auto created_at_s = base::LoadLittle<uint32_t>(from + kCreatedAt);
  frame.value.created_at_s = created_at_s;
  return FieldsAgree(frame, created_at_s) ? FrameVerdict::kGood : FrameVerdict::kBadContent;
}

std::string SegmentName(uint64_t number) { return NumberedName(number, kSegmentSuffix); }

uint64_t SegmentNumberOf(std::string_view name) { return NumberOfName(name, kSegmentSuffix); }

}  // namespace corelane::wal
