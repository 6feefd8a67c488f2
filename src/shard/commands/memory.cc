// MEMORY: what the keys take.

#include <corelane/status.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "env/process.h"
#include "shard/commands/commands.h"
#include "storage/entry.h"

namespace corelane::shard {
namespace {

// A slot of the table: a pointer and the byte that says what is in it.
constexpr uint64_t kSlotBytes = sizeof(void*) + 1;

bool ParseSamples(CommandContext& context) {
  for (size_t i = 2; i < context.args.size(); i += 2) {
    int64_t samples = 0;
    if (!WordIs(context.args[i], "samples") || i + 1 >= context.args.size()) {
      ReplySyntaxError(context.reply);
      return false;
    }
    if (!kv::ParseInteger(context.args[i + 1], samples)) {
      ReplyNotAnInteger(context.reply);
      return false;
    }
    if (samples < 0) {
      ReplySyntaxError(context.reply);
      return false;
    }
  }
  return true;
}

// The entry, and its share of the lane's slots, of which some are always empty.
void MemoryUsage(CommandContext& context) {
  if (!ParseSamples(context)) return;
  kv::ValueView value;
  const storage::HashedKey key = context.Key(1);
  if (!context.slice.Get(key, &value)) return context.reply.Nil();
  const storage::EngineStats stats = context.slice.engine().Stats();
  const uint64_t slots = stats.table_capacity * kSlotBytes / stats.entries;
  context.reply.Integer(
      static_cast<int64_t>(storage::Entry::AllocationBytesOf(key.key, value) + slots));
}

// What the lanes say of themselves, and the sum of it.
struct Counts {
  int64_t keys = 0;
  int64_t expiring = 0;
  int64_t data_bytes = 0;
  int64_t slots = 0;

  [[nodiscard]] uint64_t slot_bytes() const { return static_cast<uint64_t>(slots) * kSlotBytes; }
};

void ReplyCounts(CommandContext& context) {
  const storage::EngineStats stats = context.slice.engine().Stats();
  const std::array<uint64_t, 4> counts{stats.entries, stats.entries_with_expiry, stats.data_bytes,
                                       stats.table_capacity};
  context.reply.Array(counts.size());
  for (const uint64_t count : counts) context.reply.Integer(static_cast<int64_t>(count));
}

Counts SumCounts(const MergeContext& context) {
  Counts sum;
  for (const kv::ReplyTape* part : context.parts) {
    kv::ReplyTape::Reader reader(*part);
    Counts lane;
    if (reader.EnterArray() != 4 || !reader.TakeInteger(lane.keys) ||
        !reader.TakeInteger(lane.expiring) || !reader.TakeInteger(lane.data_bytes) ||
        !reader.TakeInteger(lane.slots)) {
      continue;
    }
    sum.keys += lane.keys;
    sum.expiring += lane.expiring;
    sum.data_bytes += lane.data_bytes;
    sum.slots += lane.slots;
  }
  return sum;
}

// Redis's names, where there is such a thing here. All of the process is what the system says is
// resident.
void MergeStats(MergeContext& context) {
  const Counts counts = SumCounts(context);
  const auto resident = static_cast<int64_t>(env::ResidentBytes());
  const auto pair = [&context](std::string_view name, int64_t number) {
    context.reply.Bulk(name);
    context.reply.Integer(number);
  };
  context.reply.Map(7);
  pair("total.allocated", resident);
  context.reply.Bulk("db.0");
  context.reply.Map(2);
  pair("overhead.hashtable.main", static_cast<int64_t>(counts.slot_bytes()));
  pair("overhead.hashtable.expires", counts.expiring * int64_t{sizeof(kv::ExpiryMillis)});
  pair("overhead.total", resident - counts.data_bytes);
  pair("keys.count", counts.keys);
  pair("keys.bytes-per-key", counts.keys == 0 ? 0 : resident / counts.keys);
  pair("dataset.bytes", counts.data_bytes);
  context.reply.Bulk("dataset.percentage");
  context.reply.Double(resident == 0 ? 0
                                     : static_cast<double>(counts.data_bytes) * 100 /
                                           static_cast<double>(resident));
}

void MergeDoctor(MergeContext& context) {
  constexpr uint64_t kLittle = uint64_t{16} << 20;
  constexpr double kMuchOverhead = 4;
  const Counts counts = SumCounts(context);
  const uint64_t resident = env::ResidentBytes();
  const auto data_bytes = static_cast<uint64_t>(counts.data_bytes);
  std::string text = absl::StrFormat(
      "%d keys with %d bytes of keys and values; %d bytes of slots; the process has %d bytes.\n",
      counts.keys, data_bytes, counts.slot_bytes(), resident);
  if (resident < kLittle || data_bytes < kLittle) {
    text += "That is too little data to say more about it.\n";
  } else if (static_cast<double>(resident) > kMuchOverhead * static_cast<double>(data_bytes)) {
    text +=
        "The process has much more than its data: much was deleted, or the keys and values are "
        "very small, or clients do not read their replies.\n";
  } else {
    text += "Nothing stands out.\n";
  }
  context.reply.Text(text);
}

void MemoryPurge(CommandContext& context) { context.reply.Ok(); }

void MemoryMallocStats(CommandContext& context) {
  context.reply.Text("Stats not supported for the current allocator");
}

void MemoryHelp(CommandContext& context);

constexpr Command kMemorySubcommands[] = {
    {.name = "memory|doctor",
     .arity = 2,
     .flags = kReads,
     .routing = kAllLanesMerged,
     .run = ReplyCounts,
     .summary = "Returns a word on whether the memory is well used.",
     .merge_parts = MergeDoctor,
     .differs = "in words of its own"},
    {.name = "memory|help",
     .arity = 2,
     .flags = 0,
     .routing = kHere,
     .run = MemoryHelp,
     .summary = "Returns this help.",
     .differs = "in words of its own"},
    {.name = "memory|malloc-stats",
     .arity = 2,
     .flags = 0,
     .routing = kHere,
     .run = MemoryMallocStats,
     .summary = "Returns that the allocator keeps no statistics.",
     .differs = "as redis without its allocator"},
    {.name = "memory|purge",
     .arity = 2,
     .flags = 0,
     .routing = kHere,
     .run = MemoryPurge,
     .summary = "Does nothing: free memory goes back to the system by itself."},
    {.name = "memory|stats",
     .arity = 2,
     .flags = kReads,
     .routing = kAllLanesMerged,
     .run = ReplyCounts,
     .summary = "Returns what the keys and the process take.",
     .merge_parts = MergeStats,
     .differs = "only what is known here"},
    {.name = "memory|usage",
     .arity = -3,
     .flags = kReads,
     .routing = kSecondArgument,
     .run = MemoryUsage,
     .summary = "Returns the bytes that a key and its value take, with their share of the table.",
     .syntax = "<key> [SAMPLES <count>]",
     .differs = "other bytes, as values are kept otherwise"},
};

void MemoryHelp(CommandContext& context) { ReplyHelp(context.reply, "memory", kMemorySubcommands); }

std::span<const Command> MemoryRows() { return kMemorySubcommands; }

constexpr Command kMemoryCommands[] = {
    {.name = "memory",
     .arity = -2,
     .summary = "Tells what the keys take.",
     .subcommands = MemoryRows},
};

}  // namespace

CommandGroup MemoryCommands() { return {"server", kMemoryCommands}; }

}  // namespace corelane::shard
