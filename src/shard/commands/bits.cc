// The commands that take a string for a row of bits.

#include <corelane/status.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bits.h"
#include "shard/commands/bitfield.h"
#include "shard/commands/commands.h"
#include "shard/commands/string_value.h"
#include "shard/gather.h"

namespace corelane::shard {
namespace {

void ReplyBadOffset(kv::ReplyWriter& reply) {
  reply.Error(StatusCode::kBadArgument, "bit offset is not an integer or out of range");
}

// A copy of the command's value that can be changed, filled up with zero bytes. Nothing: too long,
// and the reply was an error. `old` is what was read, or empty.
std::optional<std::string> TakeText(CommandContext& context, uint64_t bytes_min,
                                    kv::ValueView& old) {
  if (!context.slice.Get(context.Key(0), &old)) old = {};
  if (!FitsLimit(bytes_min, context.slice.limits(), context.reply)) return std::nullopt;
  std::string text(ValueText(old).view());
  if (text.size() < bytes_min) text.resize(bytes_min);
  return text;
}

// Stores a text that was taken, unless nothing is different. False: the reply was an error.
bool StoreChanged(CommandContext& context, const kv::ValueView& old, std::string_view text) {
  return ValueText(old).view() == text || StoreText(context, old, text);
}

void RunSetBit(CommandContext& context) {
  const auto offset = ParseBitOffset(context.args[1]);
  if (!offset) return ReplyBadOffset(context.reply);
  int64_t bit = 0;
  if (!kv::ParseInteger(context.args[2], bit) || (bit != 0 && bit != 1)) {
    context.reply.Error(StatusCode::kBadArgument, "bit is not an integer or out of range");
    return;
  }
  kv::ValueView old;
  std::optional<std::string> text = TakeText(context, *offset / 8 + 1, old);
  if (!text) return;
  const uint64_t before = base::LoadBits(*text, *offset, 1);
  base::StoreBits(*text, *offset, 1, static_cast<uint64_t>(bit));
  if (!StoreChanged(context, old, *text)) return;
  context.reply.Integer(static_cast<int64_t>(before));
}

void RunGetBit(CommandContext& context) {
  const auto offset = ParseBitOffset(context.args[1]);
  if (!offset) return ReplyBadOffset(context.reply);
  kv::ValueView value;
  if (!ReadCounted(context, value)) return context.reply.Integer(0);
  const uint64_t bit = base::LoadBits(ValueText(value).view(), *offset, 1);
  context.reply.Integer(static_cast<int64_t>(bit));
}

// BYTE or BIT, the unit that a range counts in, as the number of bits it has. Nothing: neither.
std::optional<int64_t> UnitBits(std::string_view word) {
  if (WordIs(word, "byte")) return 8;
  if (WordIs(word, "bit")) return 1;
  return std::nullopt;
}

// A range counted in units of so many bits, counted in bits.
IndexRange InBits(const IndexRange& range, int64_t unit_bits) {
  if (range.empty()) return {};
  return {range.first * unit_bits, range.last * unit_bits + unit_bits - 1};
}

// The range that BITCOUNT's arguments behind the key mean in a text, in bits. Nothing: the reply
// was an error.
std::optional<IndexRange> ParseCountRange(CommandContext& context, std::string_view text) {
  const auto bytes = static_cast<int64_t>(text.size());
  const auto words = context.args.subspan(1);
  if (words.empty()) return IndexRange{0, bytes * 8 - 1};
  if (words.size() != 2 && words.size() != 3) {
    ReplySyntaxError(context.reply);
    return std::nullopt;
  }
  IndexRange range;
  if (!kv::ParseInteger(words[0], range.first) || !kv::ParseInteger(words[1], range.last)) {
    ReplyNotAnInteger(context.reply);
    return std::nullopt;
  }
  // Counted from the end, such a range is empty, wherever the end is and whatever the unit.
  if (range.first < 0 && range.last < 0 && range.first > range.last) return IndexRange{};
  const auto unit_bits = words.size() == 3 ? UnitBits(words[2]) : 8;
  if (!unit_bits) {
    ReplySyntaxError(context.reply);
    return std::nullopt;
  }
  return InBits(range.Within(bytes * 8 / *unit_bits), *unit_bits);
}

void RunBitCount(CommandContext& context) {
  kv::ValueView value;
  if (!ReadCounted(context, value)) return context.reply.Integer(0);
  const ValueText text(value);
  const auto range = ParseCountRange(context, text.view());
  if (!range) return;
  if (range->empty()) return context.reply.Integer(0);
  const uint64_t count = base::CountBits(text.view(), static_cast<uint64_t>(range->first),
                                         static_cast<uint64_t>(range->last));
  context.reply.Integer(static_cast<int64_t>(count));
}

// The same for BITPOS's arguments behind the bit; its end may be left out.
std::optional<IndexRange> ParseSearchRange(CommandContext& context, std::string_view text) {
  const auto bytes = static_cast<int64_t>(text.size());
  const auto words = context.args.subspan(2);
  if (words.empty()) return IndexRange{0, bytes * 8 - 1};
  if (words.size() > 3) {
    ReplySyntaxError(context.reply);
    return std::nullopt;
  }
  IndexRange range{0, bytes - 1};
  if (!kv::ParseInteger(words[0], range.first)) {
    ReplyNotAnInteger(context.reply);
    return std::nullopt;
  }
  const auto unit_bits = words.size() == 3 ? UnitBits(words[2]) : 8;
  if (!unit_bits) {
    ReplySyntaxError(context.reply);
    return std::nullopt;
  }
  if (words.size() > 1 && !kv::ParseInteger(words[1], range.last)) {
    ReplyNotAnInteger(context.reply);
    return std::nullopt;
  }
  return InBits(range.Within(bytes * 8 / *unit_bits), *unit_bits);
}

void RunBitPos(CommandContext& context) {
  int64_t bit = 0;
  if (!kv::ParseInteger(context.args[1], bit)) return ReplyNotAnInteger(context.reply);
  if (bit != 0 && bit != 1) {
    context.reply.Error(StatusCode::kBadArgument, "The bit argument must be 1 or 0.");
    return;
  }
  kv::ValueView value;
  // A key that is not there is zeros without end.
  if (!ReadCounted(context, value)) return context.reply.Integer(bit == 1 ? -1 : 0);
  const ValueText text(value);
  const auto range = ParseSearchRange(context, text.view());
  if (!range) return;
  if (range->empty()) return context.reply.Integer(-1);
  const auto found = base::FindBit(text.view(), bit == 1, static_cast<uint64_t>(range->first),
                                   static_cast<uint64_t>(range->last));
  if (found) return context.reply.Integer(static_cast<int64_t>(*found));
  // Unless the client has said where the string ends, zeros follow it.
  const bool end_given = context.args.size() > 3;
  context.reply.Integer(bit == 0 && !end_given ? range->last + 1 : -1);
}

void ReplyFields(kv::ReplyWriter& reply, std::span<const std::optional<int64_t>> results) {
  reply.Array(results.size());
  for (const std::optional<int64_t>& result : results) {
    if (result) {
      reply.Integer(*result);
    } else {
      reply.Nil();
    }
  }
}

void ReadFields(CommandContext& context, const FieldProgram& program) {
  kv::ValueView value;
  if (!ReadCounted(context, value)) value = {};
  const ValueText text(value);
  context.reply.Array(program.operations.size());
  for (const FieldOperation& operation : program.operations) {
    context.reply.Integer(ReadField(text.view(), operation));
  }
}

void WriteFields(CommandContext& context, const FieldProgram& program) {
  kv::ValueView old;
  std::optional<std::string> text = TakeText(context, program.bytes_written, old);
  if (!text) return;
  std::vector<std::optional<int64_t>> results;
  for (const FieldOperation& operation : program.operations) {
    results.push_back(RunField(operation, *text));
  }
  if (StoreChanged(context, old, *text)) ReplyFields(context.reply, results);
}

// True when BITFIELD's arguments make sense; otherwise the reply was an error.
bool ParseProgram(CommandContext& context, FieldProgram& program) {
  const std::string_view error = ParseFieldProgram(context.args.subspan(1), program);
  if (error.empty()) return true;
  context.reply.Error(StatusCode::kBadArgument, error);
  return false;
}

void RunBitField(CommandContext& context) {
  FieldProgram program;
  if (!ParseProgram(context, program)) return;
  if (program.Writes()) {
    WriteFields(context, program);
  } else {
    ReadFields(context, program);
  }
}

void RunBitFieldRo(CommandContext& context) {
  FieldProgram program;
  if (!ParseProgram(context, program)) return;
  if (!program.Writes()) return ReadFields(context, program);
  context.reply.Error(StatusCode::kBadArgument, "BITFIELD_RO only supports the GET subcommand");
}

std::optional<base::BitOperation> BitOperationOf(std::string_view word) {
  if (WordIs(word, "and")) return base::BitOperation::kAnd;
  if (WordIs(word, "or")) return base::BitOperation::kOr;
  if (WordIs(word, "xor")) return base::BitOperation::kXor;
  if (WordIs(word, "not")) return base::BitOperation::kNot;
  return std::nullopt;
}

// Operation, destination, sources; an absent source counts as empty, and an empty result is no key.
void ComputeBitOp(GatherContext& context) {
  const auto operation = BitOperationOf(context.args[0]);
  if (!operation) return ReplySyntaxError(context.reply);
  const auto values = context.values.subspan(1);
  if (*operation == base::BitOperation::kNot && values.size() != 1) {
    context.reply.Error(StatusCode::kBadArgument,
                        "BITOP NOT must be called with a single source key.");
    return;
  }
  std::deque<ValueText> texts;  // which do not move
  std::vector<std::string_view> sources;
  for (const std::optional<kv::ValueView>& value : values) {
    sources.push_back(texts.emplace_back(value.value_or(kv::ValueView{})).view());
  }
  base::CombineBits(*operation, sources, context.scratch);
  KeyWrite write;
  write.erase = context.scratch.empty();
  write.value.bytes = context.scratch;
  if (!write.erase || context.values[0].has_value()) context.writes.push_back(write);
  context.reply.Integer(static_cast<int64_t>(context.scratch.size()));
}

uint64_t SetBitValueBytes(std::span<const std::string_view> args) {
  const auto offset = ParseBitOffset(args[1]);
  return offset ? *offset / 8 + 1 : 0;
}

uint64_t BitFieldValueBytes(std::span<const std::string_view> args) {
  FieldProgram program;
  return ParseFieldProgram(args.subspan(1), program).empty() ? program.bytes_written : 0;
}

constexpr Command kBitCommands[] = {
    {.name = "setbit",
     .arity = 4,
     .flags = kWrites | kRewrites,
     .routing = kOneKey,
     .run = RunSetBit,
     .summary = "Sets or clears a bit of the string value of a key; returns what it was.",
     .value_bytes = SetBitValueBytes},
    {.name = "getbit",
     .arity = 3,
     .flags = kReads | kFast,
     .routing = kOneKey,
     .run = RunGetBit,
     .summary = "Returns a bit of the string value of a key."},
    {.name = "bitcount",
     .arity = -2,
     .flags = kReads,
     .routing = kOneKey,
     .run = RunBitCount,
     .summary = "Counts the bits that are set in the string value of a key, or in a range of it."},
    {.name = "bitpos",
     .arity = -3,
     .flags = kReads,
     .routing = kOneKey,
     .run = RunBitPos,
     .summary =
         "Finds the first bit that is set, or clear, in the string value of a key or in a range."},
    {.name = "bitfield",
     .arity = -2,
     .flags = kWrites | kRewrites,
     .routing = kOneKey,
     .run = RunBitField,
     .summary = "Reads, sets and increments integers of any width in the string value of a key.",
     .value_bytes = BitFieldValueBytes,
     .differs = "SET below -2^63 plus the largest number, with OVERFLOW SAT, gives the smallest; "
                "redis gives the largest"},
    {.name = "bitfield_ro",
     .arity = -2,
     .flags = kReads | kFast,
     .routing = kOneKey,
     .run = RunBitFieldRo,
     .summary = "Reads integers of any width in the string value of a key."},
    {.name = "bitop",
     .arity = -4,
     .flags = kWrites,
     .routing = {Route::kKeys, {2, -1, 1}, Merge::kNone},
     .summary = "Combines the bits of string values by AND, OR, XOR or NOT and stores the result.",
     .compute = ComputeBitOp},
};

}  // namespace

CommandGroup BitCommands() { return {"bitmap", kBitCommands}; }

}  // namespace corelane::shard
