// Commands about all the data at once, and about the time.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "env/clock.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

void RunTime(CommandContext& context) {
  const int64_t now_us = context.facts.clock->WallMicros();
  context.reply.Array(2);
  context.reply.Bulk(std::to_string(now_us / 1'000'000));
  context.reply.Bulk(std::to_string(now_us % 1'000'000));
}

void RunDbsize(CommandContext& context) {
  context.slice.ReadAll();
  context.reply.Integer(static_cast<int64_t>(context.slice.engine().Stats().entries));
}

void RunFlushAll(CommandContext& context) {
  if (context.args.size() == 1 && !WordIs(context.args[0], "sync") &&
      !WordIs(context.args[0], "async")) {
    return ReplySyntaxError(context.reply);
  }
  if (context.args.size() > 1) return ReplySyntaxError(context.reply);
  context.slice.Clear();
  context.reply.Ok();
}

constexpr Command kServerCommands[] = {
    {"dbsize", 1, kReads, kAllLanesSummed, RunDbsize, "Returns the number of keys."},
    {"flushall", -1, kWrites, kAllLanesOk, RunFlushAll, "Removes all keys."},
    {"flushdb", -1, kWrites, kAllLanesOk, RunFlushAll, "Removes all keys."},
    {"time", 1, 0, kHere, RunTime, "Returns the server's time."},
};

}  // namespace

CommandGroup ServerCommands() { return {"server", kServerCommands}; }

}  // namespace corelane::shard
