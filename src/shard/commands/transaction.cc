// The words of transactions. The shard itself does what the visible ones ask (shard_detour.cc); the
// internal ones are what it sends to the lanes of the keys.

#include <corelane/status.h>

#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "shard/commands/commands.h"
#include "shard/gather.h"

namespace corelane::shard {
namespace {

// Keys; an array of their tokens.
void RunWatchKeys(CommandContext& context) {
  context.reply.Array(context.args.size());
  for (size_t i = 0; i < context.args.size(); ++i) {
    context.reply.Integer(context.slice.Watch(context.Key(i, i)));
  }
}

// Pairs of key and token; how many keys have changed since.
void RunUnwatchKeys(CommandContext& context) {
  int64_t changed = 0;
  for (size_t i = 0; i + 1 < context.args.size(); i += 2) {
    CHECK(context.args[i + 1].size() == sizeof(int64_t));
    const auto token = base::LoadLittle<int64_t>(context.args[i + 1].data());
    if (context.slice.Unwatch(context.Key(i, i / 2), token)) ++changed;
  }
  context.reply.Integer(changed);
}

constexpr Routing kTriplesAllOk = {Route::kKeys, {1, -1, 3}, Merge::kAllOk};
constexpr Routing kHereWithKeys = {Route::kHere, {1, -1, 1}, Merge::kNone};

constexpr Command kTransactionCommands[] = {
    {.name = "multi",
     .arity = 1,
     .flags = kNotQueued,
     .summary = "Starts a transaction: what follows is queued until EXEC.",
     .word = TransactionWord::kMulti},
    {.name = "exec",
     .arity = 1,
     .flags = kNotQueued,
     .summary = "Executes the queued commands, as one.",
     .word = TransactionWord::kExec},
    {.name = "discard",
     .arity = 1,
     .flags = kNotQueued,
     .summary = "Forgets the queued commands and all watched keys.",
     .word = TransactionWord::kDiscard},
    {.name = "watch",
     .arity = -2,
     .flags = kNotQueued,
     .routing = kHereWithKeys,
     .summary = "Makes the next EXEC do nothing if one of the keys changes before it.",
     .word = TransactionWord::kWatch},
    {.name = "unwatch",
     .arity = 1,
     .summary = "Forgets all watched keys.",
     .word = TransactionWord::kUnwatch},
    {"cl.watch", -2, kReads | kInternal, kEachKeyInOrder, RunWatchKeys, "Part of WATCH."},
    {"cl.unwatch", -3, kReads | kInternal, kPairsSummed, RunUnwatchKeys, "Part of EXEC, UNWATCH."},
    {"cl.gather", -2, kReads | kInternal, kEachKeyInOrder, RunGather,
     "Fetches values that a command computes with."},
    {"cl.apply", -4, kWrites | kInternal, kTriplesAllOk, RunApply,
     "Writes what a command has computed."},
};

}  // namespace

CommandGroup TransactionCommands() { return {"transactions", kTransactionCommands}; }

}  // namespace corelane::shard
