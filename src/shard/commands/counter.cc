// The commands that count: INCR and its relatives.

#include <corelane/status.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>

#include "shard/commands/commands.h"
#include "shard/commands/float_text.h"
#include "shard/commands/string_value.h"

namespace corelane::shard {
namespace {

void RunIncr(CommandContext& context) { IncrementAndReply(context, context.Key(0), 1); }
void RunDecr(CommandContext& context) { IncrementAndReply(context, context.Key(0), -1); }

void RunIncrBy(CommandContext& context) {
  int64_t delta = 0;
  if (!kv::ParseInteger(context.args[1], delta)) return ReplyNotAnInteger(context.reply);
  IncrementAndReply(context, context.Key(0), delta);
}

void RunDecrBy(CommandContext& context) {
  int64_t delta = 0;
  if (!kv::ParseInteger(context.args[1], delta)) return ReplyNotAnInteger(context.reply);
  if (delta == INT64_MIN) {
    context.reply.Error(StatusCode::kOverflow, "decrement would overflow");
    return;
  }
  IncrementAndReply(context, context.Key(0), -delta);
}

// The number that a value is; booleans and bytes are none, as for INCR.
bool NumberOf(const kv::ValueView& value, long double& number) {
  switch (value.type) {
    case kv::ValueType::kString:
      return ParseFloat(value.bytes, number);
    case kv::ValueType::kInteger:
      number = static_cast<long double>(kv::IntegerOf(value.bytes));
      return true;
    case kv::ValueType::kFloat:
      number = kv::FloatOf(value.bytes);
      return true;
    case kv::ValueType::kBoolean:
    case kv::ValueType::kBinary:
      return false;
  }
  return false;
}

void ReplyNotFinite(kv::ReplyWriter& reply) {
  reply.Error(StatusCode::kOverflow, "increment would produce NaN or Infinity");
}

// A float stays one, and is replied as GET shows it.
void StoreFloatAndReply(CommandContext& context, kv::ValueView value, long double sum) {
  const auto real = static_cast<double>(sum);
  if (!std::isfinite(real)) return ReplyNotFinite(context.reply);
  const kv::ScalarBytes bytes(real);
  value.bytes = bytes.view();
  if (!context.slice.Put(context.Key(0), value)) return ReplyOutOfMemory(context.reply);
  context.reply.Value(value);
}

void RunIncrByFloat(CommandContext& context) {
  kv::ValueView value;
  const bool present = context.slice.Get(context.Key(0), &value);
  if (!present) value = {};
  long double number = 0;
  long double delta = 0;
  if ((present && !NumberOf(value, number)) || !ParseFloat(context.args[1], delta)) {
    return context.reply.Error(StatusCode::kBadArgument, "value is not a valid float");
  }
  const long double sum = number + delta;
  if (!std::isfinite(sum)) return ReplyNotFinite(context.reply);
  if (value.type == kv::ValueType::kFloat) return StoreFloatAndReply(context, value, sum);
  std::array<char, kFloatTextBytesMax + 1> scratch;
  const std::string_view text = FormatFloat(sum, scratch);
  if (!FitsLimit(text.size(), context.slice.limits(), context.reply)) return;
  if (!StoreText(context, value, text)) return;
  context.reply.Bulk(text);
}

// A few digits with an exponent are enough to ask for thousands without one.
uint64_t FloatValueBytes(std::span<const std::string_view> /*args*/) { return kFloatTextBytesMax; }

constexpr Command kCounterCommands[] = {
    {.name = "incr",
     .arity = 2,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunIncr,
     .summary = "Adds one to the integer value of a key; an absent key counts as 0."},
    {.name = "decr",
     .arity = 2,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunDecr,
     .summary = "Takes one from the integer value of a key; an absent key counts as 0."},
    {.name = "incrby",
     .arity = 3,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunIncrBy,
     .summary = "Adds a number to the integer value of a key."},
    {.name = "decrby",
     .arity = 3,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunDecrBy,
     .summary = "Takes a number from the integer value of a key."},
    {.name = "incrbyfloat",
     .arity = 3,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunIncrByFloat,
     .summary = "Adds a floating-point number to the value of a key; an absent key counts as 0.",
     .value_bytes = FloatValueBytes},
};

}  // namespace

CommandGroup CounterCommands() { return {"string", kCounterCommands}; }

}  // namespace corelane::shard
