// The commands that work on a part of a string.

#include <corelane/status.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "shard/commands/commands.h"
#include "shard/commands/string_value.h"

namespace corelane::shard {
namespace {

void RunAppend(CommandContext& context) {
  kv::ValueView old;
  if (!context.slice.Get(context.Key(0), &old)) old = {};
  const ValueText head(old);
  const std::string_view tail = context.args[1];
  const uint64_t bytes = head.view().size() + tail.size();
  if (!FitsLimit(bytes, context.slice.limits(), context.reply)) return;
  std::string text;
  text.reserve(bytes);
  text.append(head.view()).append(tail);
  if (!StoreText(context, old, text)) return;
  context.reply.Integer(static_cast<int64_t>(text.size()));
}

void RunStrlen(CommandContext& context) {
  kv::ValueView value;
  if (!ReadCounted(context, value)) return context.reply.Integer(0);
  context.reply.Integer(static_cast<int64_t>(ValueText(value).view().size()));
}

void RunGetRange(CommandContext& context) {
  IndexRange range;
  if (!kv::ParseInteger(context.args[1], range.first) ||
      !kv::ParseInteger(context.args[2], range.last)) {
    return ReplyNotAnInteger(context.reply);
  }
  kv::ValueView value;
  if (!ReadCounted(context, value)) return context.reply.Bulk({});
  const ValueText text(value);
  const bool backwards = range.first < 0 && range.last < 0 && range.first > range.last;
  range = range.Within(static_cast<int64_t>(text.view().size()));
  if (backwards || range.empty()) return context.reply.Bulk({});
  context.reply.Bulk(text.view().substr(static_cast<size_t>(range.first),
                                        static_cast<size_t>(range.last - range.first + 1)));
}

void RunSetRange(CommandContext& context) {
  int64_t offset = 0;
  if (!kv::ParseInteger(context.args[1], offset)) return ReplyNotAnInteger(context.reply);
  if (offset < 0) {
    return context.reply.Error(StatusCode::kBadArgument, "offset is out of range");
  }
  const std::string_view part = context.args[2];
  kv::ValueView old;
  if (!context.slice.Get(context.Key(0), &old)) old = {};
  const ValueText before(old);
  // Nothing to set changes nothing, not even an absent key.
  if (part.empty()) return context.reply.Integer(static_cast<int64_t>(before.view().size()));
  const uint64_t end = static_cast<uint64_t>(offset) + part.size();
  if (!FitsLimit(end, context.slice.limits(), context.reply)) return;
  std::string text(before.view());
  if (text.size() < end) text.resize(end);
  std::memcpy(text.data() + offset, part.data(), part.size());
  if (!StoreText(context, old, text)) return;
  context.reply.Integer(static_cast<int64_t>(text.size()));
}

uint64_t SetRangeValueBytes(std::span<const std::string_view> args) {
  int64_t offset = 0;
  return kv::ParseInteger(args[1], offset) && offset > 0 ? static_cast<uint64_t>(offset) : 0;
}

constexpr Command kRangeCommands[] = {
    {.name = "append",
     .arity = 3,
     .flags = kWrites | kRewrites | kFast,
     .routing = kOneKey,
     .run = RunAppend,
     .summary = "Appends a string to the value of a key; an absent key counts as empty."},
    {.name = "strlen",
     .arity = 2,
     .flags = kReads | kFast,
     .routing = kOneKey,
     .run = RunStrlen,
     .summary = "Returns the length of the string value of a key."},
    {.name = "getrange",
     .arity = 4,
     .flags = kReads,
     .routing = kOneKey,
     .run = RunGetRange,
     .summary = "Returns a part of the string value of a key."},
    {.name = "substr",
     .arity = 4,
     .flags = kReads,
     .routing = kOneKey,
     .run = RunGetRange,
     .summary = "Returns a part of the string value of a key."},
    {.name = "setrange",
     .arity = 4,
     .flags = kWrites | kRewrites,
     .routing = kOneKey,
     .run = RunSetRange,
     .summary =
         "Overwrites a part of the string value of a key, which grows with zero bytes as needed.",
     .value_bytes = SetRangeValueBytes},
};

}  // namespace

CommandGroup RangeCommands() { return {"string", kRangeCommands}; }

}  // namespace corelane::shard
