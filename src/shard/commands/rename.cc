// Commands that move or copy a value from one key to another.

#include <corelane/status.h>

#include <cstdint>
#include <optional>

#include "shard/commands/commands.h"
#include "shard/gather.h"

namespace corelane::shard {
namespace {

enum class IfThere { kReplace, kLeave };

// Source and destination are key 0 and key 1. True if the value was moved, or is where it should
// be.
bool Move(GatherContext& context, IfThere if_there) {
  const std::optional<kv::ValueView>& value = context.values[0];
  if (context.args[0] == context.args[1]) return if_there == IfThere::kReplace;
  if (if_there == IfThere::kLeave && context.values[1].has_value()) return false;
  context.writes.push_back({1, false, *value});
  context.writes.push_back({0, true, {}});
  return true;
}

void ReplyNoSuchKey(GatherContext& context) {
  context.reply.Error(StatusCode::kError, "no such key");
}

void ComputeRename(GatherContext& context) {
  if (!context.values[0].has_value()) return ReplyNoSuchKey(context);
  static_cast<void>(Move(context, IfThere::kReplace));
  context.reply.Ok();
}

void ComputeRenameNx(GatherContext& context) {
  if (!context.values[0].has_value()) return ReplyNoSuchKey(context);
  context.reply.Integer(Move(context, IfThere::kLeave) ? 1 : 0);
}

void ComputeCopy(GatherContext& context) {
  bool replace = false;
  for (size_t i = 2; i < context.args.size(); ++i) {
    const bool more = i + 1 < context.args.size();
    if (WordIs(context.args[i], "replace")) {
      replace = true;
    } else if (WordIs(context.args[i], "db") && more) {
      int64_t database = 0;
      if (!kv::ParseInteger(context.args[++i], database)) return ReplyNotAnInteger(context.reply);
      if (database != 0) {
        context.reply.Error(StatusCode::kBadArgument, "DB index is out of range");
        return;
      }
    } else {
      return ReplySyntaxError(context.reply);
    }
  }
  if (context.args[0] == context.args[1]) {
    context.reply.Error(StatusCode::kBadArgument, "source and destination objects are the same");
    return;
  }
  const bool copied = context.values[0].has_value() && (replace || !context.values[1].has_value());
  if (copied) context.writes.push_back({1, false, *context.values[0]});
  context.reply.Integer(copied ? 1 : 0);
}

constexpr Routing kTwoKeys = {Route::kKeys, {1, 2, 1}, Merge::kNone};

constexpr Command kRenameCommands[] = {
    {.name = "rename",
     .arity = 3,
     .flags = kWrites,
     .routing = kTwoKeys,
     .summary = "Gives a key another name, overwriting what has that name.",
     .compute = ComputeRename},
    {.name = "renamenx",
     .arity = 3,
     .flags = kWrites,
     .routing = kTwoKeys,
     .summary = "Gives a key another name, unless there is a key of that name.",
     .compute = ComputeRenameNx},
    {.name = "copy",
     .arity = -3,
     .flags = kWrites,
     .routing = kTwoKeys,
     .summary = "Copies the value and expiry of a key to another, with REPLACE.",
     .compute = ComputeCopy},
};

}  // namespace

CommandGroup RenameCommands() { return {"generic", kRenameCommands}; }

}  // namespace corelane::shard
