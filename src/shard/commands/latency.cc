// LATENCY and SLOWLOG.

#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/command_stats.h"
#include "shard/commands/command_description.h"
#include "shard/commands/commands.h"
#include "shard/slow_log.h"

namespace corelane::shard {
namespace {

constexpr size_t kSlowEntriesShownDefault = 10;

// ---- LATENCY ----

std::span<const Command> LatencyRows();

void LatencyHistogram(CommandContext& context) {
  context.reply.Bulk(context.facts.stats->Serialize());
}

// Redis's bounds: 1.024 us and its doubles, told in whole microseconds. Counts are of all calls up
// to the bound; a sample of a quick command stands for its share of the calls.
void WriteHistogram(const MergedStats::Row& row, kv::ReplyWriter& reply) {
  constexpr uint64_t kFirstBoundNanos = 1024;
  std::vector<std::pair<uint64_t, uint64_t>> counts;
  uint64_t total = 0;
  for (const uint64_t count : row.latency.counts) total += count;
  uint64_t before = 0;
  for (uint64_t bound = kFirstBoundNanos; before < total; bound *= 2) {
    const bool last = bound >> LatencyBuckets::kHighestBit != 0;
    const uint64_t below = last ? total : row.latency.CountBelow(bound);
    if (below != before) counts.emplace_back(bound / 1000, row.calls * below / total);
    before = below;
  }
  reply.Bulk(row.name);
  reply.Map(2);
  reply.Bulk("calls");
  reply.Integer(static_cast<int64_t>(row.calls));
  reply.Bulk("histogram_usec");
  reply.Map(counts.size());
  for (const auto& [micros, count] : counts) {
    reply.Integer(static_cast<int64_t>(micros));
    reply.Integer(static_cast<int64_t>(count));
  }
}

// A word stands for its subcommands too.
bool IsAsked(std::string_view name, std::span<const std::string_view> words) {
  return words.empty() || std::any_of(words.begin(), words.end(), [&](std::string_view word) {
           return WordIs(word, name) || WordIs(word, name.substr(0, name.find('|')));
         });
}

void MergeLatencyHistogram(MergeContext& context) {
  MergedStats stats;
  for (const kv::ReplyTape* part : context.parts) {
    std::string_view bytes;
    if (kv::ReplyTape::Reader(*part).TakeBulk(bytes)) stats.Add(bytes);
  }
  std::vector<const MergedStats::Row*> wanted;
  for (const MergedStats::Row* row : stats.Used()) {
    const bool measured = std::any_of(row->latency.counts.begin(), row->latency.counts.end(),
                                      [](uint64_t count) { return count != 0; });
    if (measured && row->calls != 0 && IsAsked(row->name, context.args.subspan(1))) {
      wanted.push_back(row);
    }
  }
  context.reply.Map(wanted.size());
  for (const MergedStats::Row* row : wanted) WriteHistogram(*row, context.reply);
}

// The monitor of latency spikes, which the other subcommands are about, is not here.
void LatencyLatest(CommandContext& context) { context.reply.Array(0); }

void LatencyReset(CommandContext& context) { context.reply.Integer(0); }

void LatencyGraph(CommandContext& context) {
  context.reply.Error(StatusCode::kBadArgument, absl::StrCat("No samples available for event '",
                                                             base::ToAbsl(context.args[1]), "'"));
}

void LatencyDoctor(CommandContext& context) {
  context.reply.Text(
      "Spikes are not recorded here. LATENCY HISTOGRAM has the times of commands, SLOWLOG GET the "
      "slow ones.\n");
}

void LatencyHelp(CommandContext& context) { ReplyHelp(context.reply, "latency", LatencyRows()); }

constexpr Command kLatencySubcommands[] = {
    {.name = "latency|doctor",
     .arity = 2,
     .flags = kAdmin,
     .routing = kHere,
     .run = LatencyDoctor,
     .summary = "Says where to look: spikes are not recorded."},
    {.name = "latency|graph",
     .arity = 3,
     .flags = kAdmin,
     .routing = kHere,
     .run = LatencyGraph,
     .summary = "Refused: spikes are not recorded.",
     .syntax = "<event>"},
    {.name = "latency|help",
     .arity = 2,
     .routing = kHere,
     .run = LatencyHelp,
     .summary = "Returns this list."},
    {.name = "latency|histogram",
     .arity = -2,
     .flags = kAdmin,
     .routing = kAllLanesMerged,
     .run = LatencyHistogram,
     .summary = "Returns how long commands took; of quick ones a sample is measured.",
     .merge_parts = MergeLatencyHistogram,
     .syntax = "[<command> ...]"},
    {.name = "latency|history",
     .arity = 3,
     .flags = kAdmin,
     .routing = kHere,
     .run = LatencyLatest,
     .summary = "Returns an empty list: spikes are not recorded.",
     .syntax = "<event>"},
    {.name = "latency|latest",
     .arity = 2,
     .flags = kAdmin,
     .routing = kHere,
     .run = LatencyLatest,
     .summary = "Returns an empty list: spikes are not recorded."},
    {.name = "latency|reset",
     .arity = -2,
     .flags = kAdmin,
     .routing = kHere,
     .run = LatencyReset,
     .summary = "Returns 0: spikes are not recorded.",
     .syntax = "[<event> ...]"},
};

std::span<const Command> LatencyRows() { return kLatencySubcommands; }

// ---- SLOWLOG ----

std::span<const Command> SlowlogRows();

// How many entries GET is asked for; false: the reply was an error.
bool TakeCount(CommandContext& context, size_t& count) {
  count = kSlowEntriesShownDefault;
  if (context.args.size() == 1) return true;
  if (context.args.size() > 2) {
    ReplyUnknownUse(context.reply, "slowlog", context.args[0]);
    return false;
  }
  int64_t asked = 0;
  if (!kv::ParseInteger(context.args[1], asked) || asked < -1) {
    context.reply.Error(StatusCode::kBadArgument, "count should be greater than or equal to -1");
    return false;
  }
  count = asked == -1 ? SIZE_MAX : static_cast<size_t>(asked);
  return true;
}

// A lane replies with pairs: the moment, and the entry.
void SlowlogGet(CommandContext& context) {
  size_t count = 0;
  if (!TakeCount(context, count)) return;
  const auto& entries = context.facts.slow_log->entries();
  count = std::min(count, entries.size());
  context.reply.Array(2 * count);
  for (size_t i = 0; i < count; ++i) {
    const SlowEntry& entry = entries[i];
    const Slice& slice = context.slice;
    context.reply.Integer(entry.wall_us);
    context.reply.Array(6);
    // Unique over the lanes: each counts in its own residue class.
    context.reply.Integer(static_cast<int64_t>(entry.number * slice.lanes() + slice.lane()));
    context.reply.Integer(entry.wall_us / 1'000'000);
    context.reply.Integer(entry.took_us);
    context.reply.Array(entry.words.size());
    for (const std::string& word : entry.words) context.reply.Bulk(word);
    context.reply.Bulk(entry.peer_address);
    context.reply.Bulk(entry.name);
  }
}

void MergeSlowlogGet(MergeContext& context) {
  std::vector<std::pair<int64_t, std::unique_ptr<kv::ReplyTape>>> entries;
  for (const kv::ReplyTape* part : context.parts) {
    kv::ReplyTape::Reader reader(*part);
    for (int64_t pairs = reader.EnterArray() / 2; pairs > 0; --pairs) {
      int64_t moment = 0;
      if (!reader.TakeInteger(moment)) return;
      reader.PlayElement(*entries.emplace_back(moment, std::make_unique<kv::ReplyTape>()).second);
    }
  }
  // Latest first. The lanes have seen to it that the count makes sense.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  int64_t asked = static_cast<int64_t>(kSlowEntriesShownDefault);
  if (context.args.size() > 1 && !kv::ParseInteger(context.args[1], asked)) return;
  if (asked >= 0 && entries.size() > static_cast<size_t>(asked)) {
    entries.resize(static_cast<size_t>(asked));
  }
  context.reply.Array(entries.size());
  for (const auto& entry : entries) kv::ReplyTape::Reader(*entry.second).PlayElement(context.reply);
}

void SlowlogLen(CommandContext& context) {
  context.reply.Integer(static_cast<int64_t>(context.facts.slow_log->entries().size()));
}

void SlowlogReset(CommandContext& context) {
  context.facts.slow_log->Clear();
  context.reply.Ok();
}

void SlowlogHelp(CommandContext& context) { ReplyHelp(context.reply, "slowlog", SlowlogRows()); }

constexpr Command kSlowlogSubcommands[] = {
    {.name = "slowlog|get",
     .arity = -2,
     .flags = kAdmin,
     .routing = kAllLanesMerged,
     .run = SlowlogGet,
     .summary = "Returns the latest commands that took long (10; -1: all that are kept).",
     .merge_parts = MergeSlowlogGet,
     .syntax = "[<count>]"},
    {.name = "slowlog|help",
     .arity = 2,
     .routing = kHere,
     .run = SlowlogHelp,
     .summary = "Returns this list."},
    {.name = "slowlog|len",
     .arity = 2,
     .flags = kAdmin,
     .routing = kAllLanesSummed,
     .run = SlowlogLen,
     .summary = "Returns how many slow commands are kept."},
    {.name = "slowlog|reset",
     .arity = 2,
     .flags = kAdmin,
     .routing = kAllLanesOk,
     .run = SlowlogReset,
     .summary = "Forgets the slow commands."},
};

std::span<const Command> SlowlogRows() { return kSlowlogSubcommands; }

constexpr Command kLatencyCommands[] = {
    {.name = "latency",
     .arity = -2,
     .summary = "Returns how long commands took.",
     .subcommands = LatencyRows},
    {.name = "slowlog",
     .arity = -2,
     .summary = "Returns the commands that took long.",
     .subcommands = SlowlogRows},
};

}  // namespace

CommandGroup LatencyCommands() { return {"server", kLatencyCommands}; }

}  // namespace corelane::shard
