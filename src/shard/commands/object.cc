// OBJECT: what redis tells of how it keeps a value. We keep values otherwise, so the answers are
// what redis would say of a value that was stored like this.

#include <corelane/status.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "shard/commands/commands.h"
#include "shard/commands/string_value.h"

namespace corelane::shard {
namespace {

// Of redis: longer text is not kept together with its header, and no longer text is an integer.
constexpr size_t kEmbeddedBytesMax = 44;
// Of redis: integers from 0 up to this are kept once for all keys.
constexpr int64_t kSharedIntegers = 10'000;
constexpr int64_t kSharedReferences = INT32_MAX;

// Reads the key that the second argument names. False: there is none, and the reply was nil.
bool ReadObject(CommandContext& context, kv::ValueView& value) {
  if (context.slice.Get(context.Key(1), &value)) return true;
  context.reply.Nil();
  return false;
}

void ObjectEncoding(CommandContext& context) {
  kv::ValueView value;
  if (!ReadObject(context, value)) return;
  const ValueText text(value);
  int64_t integer = 0;
  if (kv::ParseInteger(text.view(), integer)) return context.reply.Bulk("int");
  context.reply.Bulk(text.view().size() <= kEmbeddedBytesMax ? "embstr" : "raw");
}

void ObjectFreq(CommandContext& context) {
  kv::ValueView value;
  if (!ReadObject(context, value)) return;
  context.reply.Error(StatusCode::kBadArgument,
                      "An LFU maxmemory policy is not selected, access frequency not tracked. "
                      "Please note that when switching between policies at runtime LRU and LFU "
                      "data will take some time to adjust.");
}

void ObjectIdleTime(CommandContext& context) {
  kv::ValueView value;
  if (!ReadObject(context, value)) return;
  const int64_t idle_s = context.slice.now_ms() / 1000 - value.created_at_s;
  context.reply.Integer(idle_s < 0 ? 0 : idle_s);  // the clock may have been set back
}

void ObjectRefcount(CommandContext& context) {
  kv::ValueView value;
  if (!ReadObject(context, value)) return;
  int64_t integer = -1;
  const bool shared = kv::ParseInteger(ValueText(value).view(), integer) && integer >= 0 &&
                      integer < kSharedIntegers;
  context.reply.Integer(shared ? kSharedReferences : 1);
}

void ObjectHelp(CommandContext& context);

constexpr Command kObjectSubcommands[] = {
    {.name = "object|encoding",
     .arity = 3,
     .flags = kReads,
     .routing = kSecondArgument,
     .run = ObjectEncoding,
     .summary = "Returns how redis would keep the value: int, embstr or raw.",
     .syntax = "<key>",
     .differs = "as if the value had been stored by SET"},
    {.name = "object|freq",
     .arity = 3,
     .flags = kReads,
     .routing = kSecondArgument,
     .run = ObjectFreq,
     .summary = "Returns an error: how often a key is used is not counted.",
     .syntax = "<key>"},
    {.name = "object|help",
     .arity = 2,
     .flags = 0,
     .routing = kHere,
     .run = ObjectHelp,
     .summary = "Returns this help.",
     .differs = "in words of its own"},
    {.name = "object|idletime",
     .arity = 3,
     .flags = kReads,
     .routing = kSecondArgument,
     .run = ObjectIdleTime,
     .summary = "Returns the seconds since the value was stored; reads do not count.",
     .syntax = "<key>",
     .differs = "reads leave no trace"},
    {.name = "object|refcount",
     .arity = 3,
     .flags = kReads,
     .routing = kSecondArgument,
     .run = ObjectRefcount,
     .summary = "Returns how many references to the value redis would have.",
     .syntax = "<key>"},
};

void ObjectHelp(CommandContext& context) { ReplyHelp(context.reply, "object", kObjectSubcommands); }

std::span<const Command> ObjectRows() { return kObjectSubcommands; }

constexpr Command kObjectCommands[] = {
    {.name = "object",
     .arity = -2,
     .summary = "Tells how a value is kept.",
     .subcommands = ObjectRows},
};

}  // namespace

CommandGroup ObjectCommands() { return {"generic", kObjectCommands}; }

}  // namespace corelane::shard
