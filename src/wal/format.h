#pragma once

// The bytes of a log segment: one header, then frames. WAL_FORMAT.md says what every offset holds;
// this file and format.cc are the only code that knows. Pure functions over bytes: no files, no
// clock, any thread.
//
// A frame is checked by a checksum that is seeded with its segment's salt and its own file offset,
// so that neither bytes of another segment nor a frame at another place ever pass for one.

#include <corelane/limits.h>
#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "kv/value.h"

namespace corelane::wal {

inline constexpr uint32_t kLogFormatVersion = 1;
inline constexpr size_t kSegmentHeaderBytes = 64;
inline constexpr size_t kFrameHeaderBytes = 24;
// Frames start at multiples of this, so that a reader that has lost its place has few places to
// look at.
inline constexpr size_t kFrameAlignmentBytes = 8;
// The number (an expiry or a sequence number) that the bodies of some types start with.
inline constexpr size_t kFrameNumberBytes = 8;
// Client flags and marks, which follow the number in a put with notes.
inline constexpr size_t kFrameNotesBytes = 8;

inline constexpr size_t kFrameOverheadBytesMax =
    kFrameHeaderBytes + kFrameNumberBytes + kFrameNotesBytes + kFrameAlignmentBytes - 1;
inline constexpr size_t kFrameBytesMax =
    kFrameOverheadBytesMax + kKeyBytesHardMax + kValueBytesHardMax;
static_assert(kFrameBytesMax < UINT32_MAX);

struct SegmentHeader {
  uint32_t lane = 0;
  uint64_t generation = 0;
  uint64_t number = 0;
  uint64_t salt = 0;         // random; part of the seed of every frame's checksum
  uint64_t durable_seq = 0;  // known to be on stable storage when the segment was made
};

// The numbers are on disk: never reuse one.
enum class FrameType : uint8_t {
  kPut = 1,
  kPutExpiring = 2,
  kErase = 3,
  kExpiry = 4,  // kv::kNoExpiry takes the expiry away
  kClear = 5,
  kDurableMark = 6,      // everything up to durable_seq was on stable storage when this was written
  kCheckpointBegin = 7,  // 7 and 8 were never written: checkpoints have files of their own
  kCheckpointEnd = 8,
  kPutNoted = 9,  // a put, with or without expiry, with client flags or marks
  kMarks = 10,    // nothing changes but the marks
};

// The type of frame that a put of `value` makes.
[[nodiscard]] inline FrameType PutTypeOf(const kv::ValueView& value) {
  if (value.client_flags != 0 || (value.marks & kv::kMarksLogged) != 0) return FrameType::kPutNoted;
  return value.expires_at == kv::kNoExpiry ? FrameType::kPut : FrameType::kPutExpiring;
}

// One frame, taken apart. Fields that the type does not use keep their defaults. key and value
// point into the bytes it came from.
struct Frame {
  FrameType type = FrameType::kPut;
  uint64_t seq = 0;
  std::string_view key = {};
  kv::ValueView value = {};  // kExpiry uses only expires_at, kMarks only marks
  uint64_t durable_seq = 0;  // kDurableMark
};

enum class FrameVerdict : uint8_t {
  kGood,
  kBadLength,  // shorter than a header, or longer than any frame
  kBadChecksum,
  kUnknownType,  // whole, but of a type or value type that this version does not know
  kBadContent,   // whole, but its fields contradict each other
};
[[nodiscard]] std::string_view FrameVerdictName(FrameVerdict verdict);

// `to` has kSegmentHeaderBytes.
void EncodeSegmentHeader(const SegmentHeader& header, char* to);
// kCorruption, or kIncompatible for a newer format version. The message does not name the file.
[[nodiscard]] Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);
// As it stands, for what has a wrong checksum: any field can be anything. `bytes` has
// kSegmentHeaderBytes.
[[nodiscard]] SegmentHeader UncheckedSegmentHeader(std::string_view bytes);

[[nodiscard]] inline uint64_t FrameChecksumSeed(uint64_t salt, uint64_t file_offset) {
  return salt ^ file_offset;
}

[[nodiscard]] constexpr size_t PaddedFrameBytes(size_t length) {
  return (length + kFrameAlignmentBytes - 1) / kFrameAlignmentBytes * kFrameAlignmentBytes;
}

// The length that the first eight bytes of a frame announce, without padding. 0: nothing was
// written here.
[[nodiscard]] inline uint32_t AnnouncedFrameLength(const char* from) {
  return base::LoadLittle<uint32_t>(from + 4);
}
[[nodiscard]] inline uint64_t AnnouncedSequence(const char* from) {
  return base::LoadLittle<uint64_t>(from + 8);
}

// Bytes of the frame with its padding.
[[nodiscard]] size_t EncodedFrameBytes(const Frame& frame);

// Writes the frame to `to`, which has EncodedFrameBytes(frame); returns how many. The caller has
// kept keys and values within the hard limits.
size_t EncodeFrame(const Frame& frame, uint64_t checksum_seed, char* to);

// `bytes` is the whole frame with its padding, as announced by its length.
[[nodiscard]] FrameVerdict DecodeFrame(std::string_view bytes, uint64_t checksum_seed,
                                       Frame& frame);

// "000000000042.wal", and back; 0 when the name is not one of a segment.
[[nodiscard]] std::string SegmentName(uint64_t number);
[[nodiscard]] uint64_t SegmentNumberOf(std::string_view name);

}  // namespace corelane::wal
