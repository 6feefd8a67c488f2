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

// Has this lane take a checkpoint of everything that it has executed so far. Null: the reply was an
// error.
Checkpointer* AskForCheckpoint(CommandContext& context, uint64_t& attempt) {
  Checkpointer* const checkpointer = context.slice.checkpointer();
  if (checkpointer == nullptr) {
    context.reply.Error(StatusCode::kError, kNoLog);
    return nullptr;
  }
  const Status health = context.slice.log()->health();
  if (health.code() == StatusCode::kWalWriteFailed) {
    context.reply.Error(health.code(), health.message());
    return nullptr;
  }
  attempt = checkpointer->Request();
  return checkpointer;
}

// The reply waits until the checkpoint is there, and becomes an error if it failed.
void RunSave(CommandContext& context) {
  uint64_t attempt = 0;
  if (AskForCheckpoint(context, attempt) == nullptr) return;
  context.slice.WaitForCheckpoint(attempt);
  context.reply.Ok();
}

bool BackgroundSaveFits(CommandContext& context) {
  if (context.args.empty() || (context.args.size() == 1 && WordIs(context.args[0], "schedule"))) {
    return true;
  }
  ReplySyntaxError(context.reply);
  return false;
}

// While a checkpoint is under way another one follows it, or it is the one: so there is no reason
// to refuse, as redis does.
void RunRewriteLog(CommandContext& context) {
  uint64_t attempt = 0;
  if (AskForCheckpoint(context, attempt) != nullptr) context.reply.Ok();
}

void RunBackgroundSave(CommandContext& context) {
  if (BackgroundSaveFits(context)) RunRewriteLog(context);
}

// An error of any lane has already spoken for all.
void MergeBackgroundSave(MergeContext& context) {
  context.reply.Simple("Background saving started");
}

void MergeRewriteLog(MergeContext& context) {
  context.reply.Simple("Background append only file rewriting started");
}

// Each lane: when its last checkpoint was complete; as in redis, the start of the server counts as
// one.
void RunLastSave(CommandContext& context) {
  int64_t saved_ms = context.facts.server->started_at_ms;
  if (const Checkpointer* const checkpointer = context.slice.checkpointer()) {
    saved_ms = std::max(saved_ms, checkpointer->Stats().last_ms);
  }
  context.reply.Integer(saved_ms / 1000);
}

void MergeLastSave(MergeContext& context) {
  int64_t oldest = INT64_MAX;
  for (const kv::ReplyTape* part : context.parts) {
    int64_t saved_s = 0;
    if (kv::ReplyTape::Reader(*part).TakeInteger(saved_s)) oldest = std::min(oldest, saved_s);
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
     .summary = "Takes a checkpoint and waits until it is complete."},
    {.name = "bgsave",
     .arity = -1,
     .flags = kAdmin | kNoMulti,
     .routing = kAllLanesMerged,
     .run = RunBackgroundSave,
     .summary = "Takes a checkpoint in the background.",
     .merge_parts = MergeBackgroundSave},
    {.name = "bgrewriteaof",
     .arity = 1,
     .flags = kAdmin | kNoMulti,
     .routing = kAllLanesMerged,
     .run = RunRewriteLog,
     .summary = "Takes a checkpoint in the background, which makes the log before it superfluous.",
     .merge_parts = MergeRewriteLog},
    {.name = "lastsave",
     .arity = 1,
     .flags = kFast | kAdmin,
     .routing = kAllLanesMerged,
     .run = RunLastSave,
     .summary = "Returns the unix time of the last complete checkpoint, or of the start.",
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
