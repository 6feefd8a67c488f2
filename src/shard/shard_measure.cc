// The measuring part of Shard: what is timed, what is slow, what was refused.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "shard/command_table.h"
#include "shard/gather.h"
#include "shard/settings.h"
#include "shard/shard.h"
#include "shard/slow_log.h"

namespace corelane::shard {
namespace {

// Below this threshold of the slow log every command is timed: a sample would miss what it asks
// for.
constexpr int64_t kSlowlogNeedsAllMicros = 1000;

// What works on named keys is over in microseconds: timing some calls tells enough.
bool TimesEveryCall(const Command& command, const LaneSettings& settings) {
  if (command.routing.route != Route::kKeys) return true;
  return settings.slowlog_slower_than_us >= 0 &&
         settings.slowlog_slower_than_us < kSlowlogNeedsAllMicros;
}

}  // namespace

void Shard::RunTimed(const Command& command, CommandContext& context, CommandTally& tally) {
  const int64_t begin_ns = facts_.clock->MonotonicNanos();
  RunInPlace(command, context);
  const int64_t took_ns = facts_.clock->MonotonicNanos() - begin_ns;
  const LaneSettings& settings = *facts_.settings;
  facts_.stats->Record(tally, static_cast<uint64_t>(took_ns), TimesEveryCall(command, settings),
                       settings.latency_tracking);
  const bool slow = settings.slowlog_slower_than_us >= 0 &&
                    took_ns / 1000 >= settings.slowlog_slower_than_us && !command.Is(kInternal);
  if (!slow) return;
  // The least that is slow is still something.
  slow_us_ = std::max<int64_t>(1, took_ns / 1000);
  if (context.session != nullptr) LogSlow(command, context.args, *context.session, slow_us_);
}

void Shard::LogSlow(const Command& command, std::span<const std::string_view> args,
                    const kv::Session& session, int64_t took_us) {
  const auto entries_max = static_cast<size_t>(facts_.settings->slowlog_entries_max);
  SlowEntry entry;
  entry.wall_us = facts_.clock->WallMicros();
  entry.took_us = took_us;
  entry.peer_address = session.peer_address;
  entry.name = session.name;
  facts_.slow_log->Add(command.name, args, std::move(entry), entries_max);
}

// Of a request that other lanes executed, the slowest part counts.
void Shard::LogIfSlow(const Call& call) {
  int64_t slowest_us = 0;
  for (const LaneMessage* part : call.parts) slowest_us = std::max(slowest_us, part->slow_us);
  if (slowest_us == 0 || call.submitter == nullptr || call.command == nullptr) return;
  LogSlow(*call.command, call.parts[0]->args, call.submitter->session, slowest_us);
}

void Shard::CountRejected(const kv::Request& request, const kv::ReplyWriter& reply) {
  facts_.stats->CountError(reply.noted_error());
  const Command* command = FindCommand(request);
  if (command != nullptr && command->subcommands != nullptr) {
    command = ChooseSubcommand(*command, request.args);
  }
  if (command != nullptr) ++facts_.stats->Of(*command).rejected;
}

}  // namespace corelane::shard
