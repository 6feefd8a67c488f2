// Commands on keys, whatever their values are: whether they are there, and taking them away.

#include <cstdint>

#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

void RunDel(CommandContext& context) {
  int64_t erased = 0;
  for (size_t i = 0; i < context.args.size(); ++i) {
    if (context.slice.Erase(context.Key(i, i))) ++erased;
  }
  context.reply.Integer(erased);
}

void RunExists(CommandContext& context) {
  int64_t present = 0;
  for (size_t i = 0; i < context.args.size(); ++i) {
    if (context.slice.Get(context.Key(i, i), nullptr)) ++present;
  }
  context.reply.Integer(present);
}

void RunType(CommandContext& context) {
  context.reply.Simple(context.slice.Get(context.Key(0), nullptr) ? "string" : "none");
}

constexpr Command kKeyCommands[] = {
    {"del", -2, kWrites, kEachKeySummed, RunDel, "Deletes keys; returns how many there were."},
    {"unlink", -2, kWrites | kFast, kEachKeySummed, RunDel,
     "Deletes keys; returns how many there were."},
    {"exists", -2, kReads | kFast, kEachKeySummed, RunExists,
     "Returns how many of the keys exist."},
    {"touch", -2, kReads | kFast, kEachKeySummed, RunExists,
     "Returns how many of the keys exist; reads leave no trace, so it changes nothing."},
    {"type", 2, kReads | kFast, kOneKey, RunType, "Returns the type of a key: string or none."},
};

}  // namespace

CommandGroup KeyCommands() { return {"generic", kKeyCommands}; }

}  // namespace corelane::shard
