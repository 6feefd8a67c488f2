#include "shard/commands/bitfield.h"

#include <corelane/limits.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bits.h"
#include "kv/value.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

// Holds the sum of any two numbers of 64 bits.
__extension__ using Wide = __int128;

constexpr uint32_t kSignedBitsMax = 64;
constexpr uint32_t kUnsignedBitsMax = 63;

constexpr std::string_view kSyntaxError = "syntax error";
constexpr std::string_view kBadOverflow = "Invalid OVERFLOW type specified";
constexpr std::string_view kBadOffset = "bit offset is not an integer or out of range";
constexpr std::string_view kBadAmount = "value is not an integer or out of range";
constexpr std::string_view kBadType =
    "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";

Wide SmallestOf(FieldType type) { return type.is_signed ? -(Wide{1} << (type.bits - 1)) : 0; }

Wide LargestOf(FieldType type) {
  return (Wide{1} << (type.is_signed ? type.bits - 1 : type.bits)) - 1;
}

// The low bits of `number` as a value of the type.
int64_t Truncate(FieldType type, uint64_t number) {
  const uint32_t unused = base::kFieldBitsMax - type.bits;
  const uint64_t high = number << unused;
  return type.is_signed ? static_cast<int64_t>(high) >> unused
                        : static_cast<int64_t>(high >> unused);
}

std::optional<int64_t> Fit(FieldType type, Wide number, FieldOverflow overflow) {
  if (number >= SmallestOf(type) && number <= LargestOf(type)) return static_cast<int64_t>(number);
  switch (overflow) {
    case FieldOverflow::kWrap:
      return Truncate(type, static_cast<uint64_t>(number));
    case FieldOverflow::kSaturate:
      return static_cast<int64_t>(std::clamp(number, SmallestOf(type), LargestOf(type)));
    case FieldOverflow::kFail:
      return std::nullopt;
  }
  return std::nullopt;
}

bool ParseType(std::string_view text, FieldType& type) {
  if (text.empty() || (text[0] != 'i' && text[0] != 'u')) return false;
  type.is_signed = text[0] == 'i';
  int64_t bits = 0;
  if (!kv::ParseInteger(text.substr(1), bits)) return false;
  if (bits < 1 || bits > (type.is_signed ? kSignedBitsMax : kUnsignedBitsMax)) return false;
  type.bits = static_cast<uint32_t>(bits);
  return true;
}

bool ParseOverflow(std::string_view word, FieldOverflow& overflow) {
  if (WordIs(word, "wrap")) {
    overflow = FieldOverflow::kWrap;
  } else if (WordIs(word, "sat")) {
    overflow = FieldOverflow::kSaturate;
  } else if (WordIs(word, "fail")) {
    overflow = FieldOverflow::kFail;
  } else {
    return false;
  }
  return true;
}

std::optional<FieldOperation::Kind> KindOf(std::string_view word) {
  if (WordIs(word, "get")) return FieldOperation::Kind::kGet;
  if (WordIs(word, "set")) return FieldOperation::Kind::kSet;
  if (WordIs(word, "incrby")) return FieldOperation::Kind::kIncrement;
  return std::nullopt;
}

// The words behind GET, SET or INCRBY: type, offset, and for a write the amount.
std::string_view ParseOperands(std::span<const std::string_view> words, FieldOperation& operation) {
  if (!ParseType(words[0], operation.type)) return kBadType;
  const auto offset = ParseBitOffset(words[1], operation.type.bits);
  if (!offset) return kBadOffset;
  operation.offset_bits = *offset;
  if (words.size() > 2 && !kv::ParseInteger(words[2], operation.amount)) return kBadAmount;
  return {};
}

}  // namespace

std::optional<uint64_t> ParseBitOffset(std::string_view text, uint32_t field_bits) {
  const bool counts_fields = field_bits > 0 && text.starts_with('#');
  int64_t offset = 0;
  if (!kv::ParseInteger(text.substr(counts_fields ? 1 : 0), offset) || offset < 0) {
    return std::nullopt;
  }
  if (counts_fields && __builtin_mul_overflow(offset, int64_t{field_bits}, &offset)) {
    return std::nullopt;
  }
  const auto bits = static_cast<uint64_t>(offset);
  return bits / 8 < kValueBytesHardMax ? std::optional(bits) : std::nullopt;
}

std::string_view ParseFieldProgram(std::span<const std::string_view> words, FieldProgram& program) {
  FieldOverflow overflow = FieldOverflow::kWrap;
  for (size_t i = 0; i < words.size();) {
    if (WordIs(words[i], "overflow") && i + 1 < words.size()) {
      if (!ParseOverflow(words[i + 1], overflow)) return kBadOverflow;
      i += 2;
      continue;
    }
    const auto kind = KindOf(words[i]);
    const size_t operands = kind == FieldOperation::Kind::kGet ? 2 : 3;
    if (!kind || words.size() - i - 1 < operands) return kSyntaxError;
    FieldOperation operation;
    operation.kind = *kind;
    operation.overflow = overflow;
    const std::string_view error = ParseOperands(words.subspan(i + 1, operands), operation);
    if (!error.empty()) return error;
    if (operation.kind != FieldOperation::Kind::kGet) {
      const uint64_t last_bit = operation.offset_bits + operation.type.bits - 1;
      program.bytes_written = std::max(program.bytes_written, last_bit / 8 + 1);
    }
    program.operations.push_back(operation);
    i += 1 + operands;
  }
  return {};
}

int64_t ReadField(std::string_view bytes, const FieldOperation& operation) {
  const uint64_t bits = base::LoadBits(bytes, operation.offset_bits, operation.type.bits);
  return Truncate(operation.type, bits);
}

std::optional<int64_t> RunField(const FieldOperation& operation, std::span<char> bytes) {
  const int64_t old = ReadField({bytes.data(), bytes.size()}, operation);
  if (operation.kind == FieldOperation::Kind::kGet) return old;
  const bool sets = operation.kind == FieldOperation::Kind::kSet;
  Wide wanted = operation.amount;
  if (!sets) {
    wanted += old;
  } else if (!operation.type.is_signed) {
    // What is set to an unsigned field is taken as unsigned, so -1 is too large and not too small.
    wanted = static_cast<uint64_t>(operation.amount);
  }
  const auto value = Fit(operation.type, wanted, operation.overflow);
  if (!value) return std::nullopt;
  base::StoreBits(bytes, operation.offset_bits, operation.type.bits, static_cast<uint64_t>(*value));
  return sets ? old : *value;
}

}  // namespace corelane::shard
