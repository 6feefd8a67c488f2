// Commands about running the server: making its data durable, ending it, looking into it.

#include <corelane/status.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/commands/commands.h"
#include "shard/lane_host.h"
#include "shard/settings.h"

namespace corelane::shard {
namespace {

constexpr double kDebugSleepSecondsMax = 60;

constexpr std::string_view kNoLog =
    "there is no log to make durable: the server runs with --fsync=off";

// Everything that this lane has executed so far is to be on stable storage. False: the reply was an
// error.
bool AskForSync(CommandContext& context) {
  wal::LaneLog* const log = context.slice.log();
  if (log == nullptr) {
    context.reply.Error(StatusCode::kError, kNoLog);
    return false;
  }
  const Status health = log->health();
  if (health.code() == StatusCode::kWalWriteFailed) {
    context.reply.Error(health.code(), health.message());
    return false;
  }
  log->RequestSync();
  return true;
}

// The reply waits until it is so.
void RunSave(CommandContext& context) {
  if (!AskForSync(context)) return;
  context.slice.WaitUntilDurable();
  context.reply.Ok();
}

bool BackgroundSaveFits(CommandContext& context) {
  if (context.args.empty() || (context.args.size() == 1 && WordIs(context.args[0], "schedule"))) {
    return true;
  }
  ReplySyntaxError(context.reply);
  return false;
}

void RunBackgroundSave(CommandContext& context) {
  if (BackgroundSaveFits(context) && AskForSync(context)) context.reply.Ok();
}

void RunRewriteLog(CommandContext& context) {
  if (AskForSync(context)) context.reply.Ok();
}

// An error of any lane has already spoken for all.
void MergeBackgroundSave(MergeContext& context) {
  context.reply.Simple("Background saving started");
}

// There are no checkpoints, so nothing is rewritten; but what clients wait for is kept.
void MergeRewriteLog(MergeContext& context) {
  context.reply.Simple("Background append only file rewriting started");
}

// Each lane: the unix time up to which everything it did is durable.
void RunLastSave(CommandContext& context) {
  int64_t durable_ms = context.facts.server->started_at_ms;
  if (const wal::LaneLog* log = context.slice.log()) {
    durable_ms = log->durable_seq() >= log->last_seq()
                     ? context.slice.now_ms()
                     : std::max(durable_ms, log->Stats().last_sync_wall_ms);
  }
  context.reply.Integer(durable_ms / 1000);
}

void MergeLastSave(MergeContext& context) {
  int64_t oldest = INT64_MAX;
  for (const kv::ReplyTape* part : context.parts) {
    int64_t durable_s = 0;
    if (kv::ReplyTape::Reader(*part).TakeInteger(durable_s)) oldest = std::min(oldest, durable_s);
  }
  context.reply.Integer(oldest);
}

struct ShutdownOptions {
  bool save = false;
  bool no_save = false;
  bool now = false;
  bool force = false;
  bool abort = false;
};

bool ParseShutdown(CommandContext& context, ShutdownOptions& options) {
  for (const std::string_view word : context.args) {
    if (WordIs(word, "save")) {
      options.save = true;
    } else if (WordIs(word, "nosave")) {
      options.no_save = true;
    } else if (WordIs(word, "now")) {
      options.now = true;
    } else if (WordIs(word, "force")) {
      options.force = true;
    } else if (WordIs(word, "abort")) {
      options.abort = true;
    } else {
      ReplySyntaxError(context.reply);
      return false;
    }
  }
  const bool others = options.save || options.no_save || options.now || options.force;
  if ((options.abort && others) || (options.save && options.no_save)) {
    ReplySyntaxError(context.reply);
    return false;
  }
  return true;
}

// The log is always synced at the end, so SAVE and NOSAVE are the same with one. There is no reply:
// the connection closes.
void RunShutdown(CommandContext& context) {
  ShutdownOptions options;
  if (!ParseShutdown(context, options)) return;
  if (options.abort) {
    context.reply.Error(StatusCode::kError, "No shutdown in progress.");
    return;
  }
  if (context.facts.host == nullptr || (options.save && context.slice.log() == nullptr)) {
    context.reply.Error(StatusCode::kError, "Errors trying to SHUTDOWN. Check logs.");
    return;
  }
  context.facts.host->RequestShutdown();
  context.session->reply_mode = kv::ReplyMode::kSkipOne;
  context.session->close_after_reply = true;
  context.reply.Ok();
}

// Holds up this lane, as everything that is asked of it while it sleeps will notice: that is what
// it is for.
void DebugSleep(CommandContext& context) {
  double seconds = 0;
  const std::string_view text = context.args[1];
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (seconds > kDebugSleepSecondsMax) {
    context.reply.Error(StatusCode::kBadArgument,
                        absl::StrCat("at most ", kDebugSleepSecondsMax, " seconds"));
    return;
  }
  // lint:allow(sleep) that time passes is the event.
  if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  context.reply.Ok();
}

void RunDebug(CommandContext& context) {
  const std::string_view word = context.args[0];
  const bool has_value = context.args.size() == 2;
  if (WordIs(word, "sleep") && has_value) return DebugSleep(context);
  int64_t on = 0;
  if (WordIs(word, "set-active-expire") && has_value) {
    context.facts.settings->active_expiry = kv::ParseInteger(context.args[1], on) && on != 0;
    return context.reply.Ok();
  }
  ReplyUnknownUse(context.reply, "debug", word);
}

constexpr Command kAdminCommands[] = {
    {.name = "save",
     .arity = 1,
     .flags = kAdmin | kNoMulti,
     .routing = kAllLanesOk,
     .run = RunSave,
     .summary = "Waits until everything so far is on stable storage."},
    {.name = "bgsave",
     .arity = -1,
     .flags = kAdmin | kNoMulti,
     .routing = kAllLanesMerged,
     .run = RunBackgroundSave,
     .summary = "Has everything so far put on stable storage soon.",
     .merge_parts = MergeBackgroundSave},
    {.name = "bgrewriteaof",
     .arity = 1,
     .flags = kAdmin | kNoMulti,
     .routing = kAllLanesMerged,
     .run = RunRewriteLog,
     .summary = "Has everything so far put on stable storage soon; nothing is rewritten.",
     .merge_parts = MergeRewriteLog},
    {.name = "lastsave",
     .arity = 1,
     .flags = kFast | kAdmin,
     .routing = kAllLanesMerged,
     .run = RunLastSave,
     .summary = "Returns the unix time up to which everything is on stable storage.",
     .merge_parts = MergeLastSave},
    {.name = "shutdown",
     .arity = -1,
     .flags = kAdmin | kNoMulti | kInTurn,
     .routing = kHere,
     .run = RunShutdown,
     .summary = "Ends the server as a signal would."},
    {.name = "debug",
     .arity = -2,
     .flags = kAdmin,
     .routing = kAllLanesOk,
     .run = RunDebug,
     .summary = "SLEEP holds up all lanes; SET-ACTIVE-EXPIRE stops and starts the sweep."},
};

}  // namespace

CommandGroup AdminCommands() { return {"server", kAdminCommands}; }

}  // namespace corelane::shard
