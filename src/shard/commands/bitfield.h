#pragma once

// What BITFIELD says, apart from keys and replies: its operations read out of the arguments, and
// the arithmetic of fields that are narrower than 64 bits. Pure; any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace corelane::shard {

// i1 to i64 and u1 to u63, so that every value is an int64.
struct FieldType {
  bool is_signed = false;
  uint32_t bits = 0;
};

// What a write does with a number that its field cannot hold.
enum class FieldOverflow : uint8_t { kWrap, kSaturate, kFail };

struct FieldOperation {
  enum class Kind : uint8_t { kGet, kSet, kIncrement };
  Kind kind = Kind::kGet;
  FieldOverflow overflow = FieldOverflow::kWrap;
  FieldType type;
  uint64_t offset_bits = 0;
  int64_t amount = 0;  // the new value, or what is added
};

struct FieldProgram {
  std::vector<FieldOperation> operations;
  // How long a value must be to hold every field that is written; 0 when none is.
  uint64_t bytes_written = 0;
  [[nodiscard]] bool Writes() const { return bytes_written > 0; }
};

// A place in a string of bits, as the bit commands take it. With `field_bits` not 0 it may be
// "#N", the Nth field of that width. Nothing when it is no number or is out of redis's range.
[[nodiscard]] std::optional<uint64_t> ParseBitOffset(std::string_view text,
                                                     uint32_t field_bits = 0);

// Reads BITFIELD's arguments behind the key. Returns redis's error, or nothing when all is well.
[[nodiscard]] std::string_view ParseFieldProgram(std::span<const std::string_view> words,
                                                 FieldProgram& program);

// A field's value in a string, whatever its length.
[[nodiscard]] int64_t ReadField(std::string_view bytes, const FieldOperation& operation);

// Carries out an operation on a string that is long enough for its field (for kGet any will do).
// Returns what the client hears; nothing when the operation failed for want of room, and changed
// nothing.
[[nodiscard]] std::optional<int64_t> RunField(const FieldOperation& operation,
                                              std::span<char> bytes);

}  // namespace corelane::shard
