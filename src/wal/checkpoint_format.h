#pragma once

// The bytes of a checkpoint: a header, blocks of entries, an end block. WAL_FORMAT.md says what
// every offset holds; this file and checkpoint_format.cc are the only code that knows. Pure
// functions over bytes: no files, no clock, any thread.
//
// Entries are encoded on the lane, one after the other while it walks its stripes; that is why they
// are inline here. What is made of them, blocks with a checksum, compressed, is the work of another
// thread (wal/checkpoint_file.h).

#include <corelane/limits.h>
#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "kv/value.h"

namespace corelane::wal {

inline constexpr uint32_t kCheckpointFormatVersion = 1;
inline constexpr size_t kCheckpointHeaderBytes = 64;
inline constexpr size_t kBlockHeaderBytes = 24;
// Of a block before compression. An entry that is bigger has a block of its own.
inline constexpr size_t kCheckpointBlockBytesMax = size_t{1} << 20;
// The payload of the end block.
inline constexpr size_t kCheckpointEndBytes = 16;

inline constexpr size_t kCheckpointEntryFixedBytes = 12;
inline constexpr size_t kCheckpointExpiryBytes = 8;
inline constexpr size_t kCheckpointNotesBytes = 8;
inline constexpr size_t kCheckpointEntryBytesMax = kCheckpointEntryFixedBytes +
                                                   kCheckpointExpiryBytes + kCheckpointNotesBytes +
                                                   kKeyBytesHardMax + kValueBytesHardMax;
static_assert(kCheckpointEntryBytesMax < INT32_MAX);  // the codec counts in int

struct CheckpointHeader {
  uint32_t lane = 0;
  uint64_t generation = 0;
  uint64_t number = 0;
  uint64_t salt = 0;           // random; part of the seed of every block's checksum
  uint64_t seq = 0;            // where the log was when the walk began
  uint64_t first_segment = 0;  // the lowest that is still needed beside this checkpoint
  bool in_database = false;    // the entries are in the lane's database, and not here
};

struct CheckpointEnd {
  uint64_t entries = 0;  // of all blocks
  uint64_t end_seq = 0;  // where the log was when the walk ended
};

// The numbers are on disk: never reuse one.
enum class BlockType : uint8_t { kEntries = 1, kEnd = 2 };
enum class BlockCodec : uint8_t { kNone = 0, kLz4 = 1 };

struct BlockHeader {
  uint32_t stored_bytes = 0;  // of the payload, as it stands in the file
  uint32_t raw_bytes = 0;     // of the payload without compression
  uint32_t entries = 0;
  BlockType type = BlockType::kEntries;
  BlockCodec codec = BlockCodec::kNone;
};

enum class BlockVerdict : uint8_t {
  kGood,
  kBadLength,  // longer than what is left of the file
  kBadChecksum,
  kUnknownType,  // whole, but of a type or codec that this version does not know
  kBadContent,   // whole, but its fields contradict each other
};
[[nodiscard]] std::string_view BlockVerdictName(BlockVerdict verdict);

// `to` has kCheckpointHeaderBytes.
void EncodeCheckpointHeader(const CheckpointHeader& header, char* to);
// kCorruption, or kIncompatible for a newer format version. The message does not name the file.
[[nodiscard]] Result<CheckpointHeader> DecodeCheckpointHeader(std::string_view bytes);
// As it stands, for what has a wrong checksum: any field can be anything. `bytes` has
// kCheckpointHeaderBytes.
[[nodiscard]] CheckpointHeader UncheckedCheckpointHeader(std::string_view bytes);

[[nodiscard]] inline uint64_t BlockChecksumSeed(uint64_t salt, uint64_t file_offset) {
  return salt ^ file_offset;
}

// The payload stands already behind the kBlockHeaderBytes that `to` has for the header.
void EncodeBlockHeader(const BlockHeader& header, uint64_t checksum_seed, char* to);

// The length of the payload that the header of a block announces.
[[nodiscard]] inline uint32_t AnnouncedPayloadBytes(const char* from) {
  return base::LoadLittle<uint32_t>(from + 4);
}

// How long it can be at the most, as the same header says.
[[nodiscard]] inline size_t AnnouncedPayloadMax(const char* from) {
  const bool one_entry = base::LoadLittle<uint32_t>(from + 12) == 1;
  return one_entry ? kCheckpointEntryBytesMax : kCheckpointBlockBytesMax;
}

// Whether the header of a block can stand here at all, whatever its checksum says: for whoever
// looks for one.
[[nodiscard]] bool LooksLikeBlock(const char* from);

// `bytes` is the whole block, as announced by its length.
[[nodiscard]] BlockVerdict DecodeBlockHeader(std::string_view bytes, uint64_t checksum_seed,
                                             BlockHeader& header);

// `to` has kCheckpointEndBytes.
void EncodeCheckpointEnd(const CheckpointEnd& end, char* to);
[[nodiscard]] CheckpointEnd DecodeCheckpointEnd(std::string_view payload);

namespace checkpoint_entry {
inline constexpr uint8_t kHasExpiry = 1;
inline constexpr uint8_t kHasNotes = 2;

[[nodiscard]] inline uint8_t FlagsOf(const kv::ValueView& value) {
  const bool notes = value.client_flags != 0 || (value.marks & kv::kMarksLogged) != 0;
  return static_cast<uint8_t>((value.expires_at == kv::kNoExpiry ? 0 : kHasExpiry) |
                              (notes ? kHasNotes : 0));
}
[[nodiscard]] inline size_t FixedBytes(uint8_t flags) {
  return kCheckpointEntryFixedBytes + ((flags & kHasExpiry) != 0 ? kCheckpointExpiryBytes : 0) +
         ((flags & kHasNotes) != 0 ? kCheckpointNotesBytes : 0);
}
}  // namespace checkpoint_entry

[[nodiscard]] inline size_t CheckpointEntryBytes(std::string_view key, const kv::ValueView& value) {
  return checkpoint_entry::FixedBytes(checkpoint_entry::FlagsOf(value)) + key.size() +
         value.bytes.size();
}

// Writes to `to`, which has CheckpointEntryBytes(key, value); returns how many. The caller has kept
// keys and values within the hard limits. The version is left out, as in the log.
inline size_t EncodeCheckpointEntry(std::string_view key, const kv::ValueView& value, char* to) {
  const uint8_t flags = checkpoint_entry::FlagsOf(value);
  base::StoreLittle<uint8_t>(to, flags);
  base::StoreLittle<uint8_t>(to + 1, static_cast<uint8_t>(value.type));
  base::StoreLittle<uint16_t>(to + 2, static_cast<uint16_t>(key.size()));
  base::StoreLittle<uint32_t>(to + 4, static_cast<uint32_t>(value.bytes.size()));
  base::StoreLittle<uint32_t>(to + 8, value.created_at_s);
  char* at = to + kCheckpointEntryFixedBytes;
  if ((flags & checkpoint_entry::kHasExpiry) != 0) {
    base::StoreLittle<int64_t>(at, value.expires_at);
    at += kCheckpointExpiryBytes;
  }
  if ((flags & checkpoint_entry::kHasNotes) != 0) {
    base::StoreLittle<uint32_t>(at, value.client_flags);
    base::StoreLittle<uint32_t>(at + 4, static_cast<uint32_t>(value.marks & kv::kMarksLogged));
    at += kCheckpointNotesBytes;
  }
  // An empty view may hold a null pointer, which memcpy does not take.
  if (!key.empty()) std::memcpy(at, key.data(), key.size());
  at += key.size();
  if (!value.bytes.empty()) std::memcpy(at, value.bytes.data(), value.bytes.size());
  return static_cast<size_t>(at - to) + value.bytes.size();
}

// Takes one entry from the front of `bytes`, which then begins behind it; key and value point into
// it. False: what stands there contradicts itself, and nothing is changed.
[[nodiscard]] bool DecodeCheckpointEntry(std::string_view& bytes, std::string_view& key,
                                         kv::ValueView& value);

// "000000000042.ckpt", and back; 0 when the name is not one of a checkpoint.
[[nodiscard]] std::string CheckpointName(uint64_t number);
[[nodiscard]] uint64_t CheckpointNumberOf(std::string_view name);
// "000000000042.ckpt.tmp": one that is being written, or that a crash has left.
[[nodiscard]] std::string UnfinishedCheckpointName(uint64_t number);
[[nodiscard]] bool IsUnfinishedCheckpoint(std::string_view name);

}  // namespace corelane::wal
