// CLIENT: what a connection may learn and change about itself. What concerns the other connections
// is in clients.cc.

#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "env/clock.h"
#include "shard/commands/client_text.h"
#include "shard/commands/clients.h"
#include "shard/commands/commands.h"
#include "shard/settings.h"

namespace corelane::shard {
namespace {

std::span<const Command> ClientRows();

// Ten years: longer than any server runs, and far from the end of the clock.
constexpr int64_t kPauseMillisMax = int64_t{10} * 365 * 24 * 3600 * 1000;

// Takes "on" or "off"; anything else is a syntax error, and false.
bool TakeSwitch(CommandContext& context, std::string_view word, bool& on) {
  on = WordIs(word, "on");
  if (on || WordIs(word, "off")) return true;
  ReplySyntaxError(context.reply);
  return false;
}

void ClientId(CommandContext& context) {
  context.reply.Integer(static_cast<int64_t>(context.session->id));
}

void ClientGetName(CommandContext& context) {
  if (context.session->name.empty()) return context.reply.Nil();
  context.reply.Bulk(context.session->name);
}

void ClientSetName(CommandContext& context) {
  if (SetSessionName(context, context.args[1])) context.reply.Ok();
}

void ClientSetInfo(CommandContext& context) {
  const std::string_view value = context.args[2];
  const bool library_name = WordIs(context.args[1], "lib-name");
  if (!library_name && !WordIs(context.args[1], "lib-ver")) {
    context.reply.Error(StatusCode::kBadArgument,
                        absl::StrCat("Unrecognized option '", base::ToAbsl(context.args[1]), "'"));
    return;
  }
  if (!IsPlainWord(value)) {
    context.reply.Error(StatusCode::kBadArgument,
                        absl::StrCat(library_name ? "lib-name" : "lib-ver",
                                     " cannot contain spaces, newlines or special characters."));
    return;
  }
  (library_name ? context.session->library_name : context.session->library_version) = value;
  context.reply.Ok();
}

void ClientInfo(CommandContext& context) {
  context.reply.Text(DescribeCaller(*context.session, context.facts));
}

// Nothing is evicted, and reads leave no traces: both are taken note of for CLIENT LIST.
void ClientNoEvict(CommandContext& context) {
  if (TakeSwitch(context, context.args[1], context.session->no_evict)) context.reply.Ok();
}

void ClientNoTouch(CommandContext& context) {
  if (TakeSwitch(context, context.args[1], context.session->no_touch)) context.reply.Ok();
}

void ClientReply(CommandContext& context) {
  const std::string_view mode = context.args[1];
  kv::ReplyMode& reply_mode = context.session->reply_mode;
  if (WordIs(mode, "on")) {
    reply_mode = kv::ReplyMode::kOn;
  } else if (WordIs(mode, "off")) {
    reply_mode = kv::ReplyMode::kOff;
  } else if (WordIs(mode, "skip")) {
    // Whoever has turned replies off keeps them off.
    if (reply_mode != kv::ReplyMode::kOff) reply_mode = kv::ReplyMode::kSkipTwo;
  } else {
    return ReplySyntaxError(context.reply);
  }
  context.reply.Ok();
}

// Client-side caching is not offered: it is always off, and turning it on is refused.
void ClientTracking(CommandContext& context) {
  bool on = false;
  for (size_t i = 2; i < context.args.size(); ++i) {
    const std::string_view option = context.args[i];
    const bool takes_value = WordIs(option, "redirect") || WordIs(option, "prefix");
    if (takes_value && i + 1 < context.args.size()) {
      ++i;
    } else if (!WordIs(option, "bcast") && !WordIs(option, "optin") && !WordIs(option, "optout") &&
               !WordIs(option, "noloop")) {
      return ReplySyntaxError(context.reply);
    }
  }
  if (!TakeSwitch(context, context.args[1], on)) return;
  if (!on) return context.reply.Ok();
  context.reply.Error(StatusCode::kBadArgument, "client-side caching is not supported");
}

void ClientTrackingInfo(CommandContext& context) {
  context.reply.Map(3);
  context.reply.Bulk("flags");
  context.reply.Set(1);
  context.reply.Bulk("off");
  context.reply.Bulk("redirect");
  context.reply.Integer(-1);
  context.reply.Bulk("prefixes");
  context.reply.Array(0);
}

void ClientCaching(CommandContext& context) {
  context.reply.Error(StatusCode::kBadArgument,
                      "CLIENT CACHING can be called only when the client is in tracking mode with "
                      "OPTIN or OPTOUT mode enabled");
}

void ClientGetRedir(CommandContext& context) { context.reply.Integer(-1); }

// No command blocks, so there is never anybody to unblock.
void ClientUnblock(CommandContext& context) {
  int64_t id = 0;
  if (context.args.size() > 3) return ReplySyntaxError(context.reply);
  if (context.args.size() == 3 && !WordIs(context.args[2], "timeout") &&
      !WordIs(context.args[2], "error")) {
    context.reply.Error(StatusCode::kBadArgument,
                        "CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    return;
  }
  if (!kv::ParseInteger(context.args[1], id)) return ReplyNotAnInteger(context.reply);
  context.reply.Integer(0);
}

// A pause that is on only grows: longer, and of more requests.
void ClientPause(CommandContext& context) {
  if (context.args.size() > 3) return ReplyUnknownUse(context.reply, "client", context.args[0]);
  const bool has_mode = context.args.size() == 3;
  const bool writes_only = has_mode && WordIs(context.args[2], "write");
  int64_t timeout_ms = 0;
  if (has_mode && !writes_only && !WordIs(context.args[2], "all")) {
    context.reply.Error(StatusCode::kBadArgument, "CLIENT PAUSE mode must be WRITE or ALL");
    return;
  }
  if (!kv::ParseInteger(context.args[1], timeout_ms)) {
    context.reply.Error(StatusCode::kBadArgument, "timeout is not an integer or out of range");
    return;
  }
  if (timeout_ms < 0) return context.reply.Error(StatusCode::kBadArgument, "timeout is negative");
  LaneSettings& settings = *context.facts.settings;
  const int64_t now_ms = context.facts.clock->MonotonicNanos() / 1'000'000;
  const bool paused = settings.paused_until_ms > now_ms;
  const int64_t until_ms = now_ms + std::min(timeout_ms, kPauseMillisMax);
  settings.pause_is_for_writes = writes_only && (!paused || settings.pause_is_for_writes);
  settings.paused_until_ms = std::max(until_ms, settings.paused_until_ms);
  context.reply.Ok();
}

void ClientUnpause(CommandContext& context) {
  context.facts.settings->paused_until_ms = 0;
  context.reply.Ok();
}

void ClientHelp(CommandContext& context) { ReplyHelp(context.reply, "client", ClientRows()); }

constexpr Command kClientSubcommands[] = {
    {.name = "client|caching",
     .arity = 3,
     .routing = kHere,
     .run = ClientCaching,
     .summary = "Refused: there is no client-side caching.",
     .syntax = "(YES|NO)"},
    {.name = "client|getname",
     .arity = 2,
     .routing = kHere,
     .run = ClientGetName,
     .summary = "Returns the name of this connection."},
    {.name = "client|getredir",
     .arity = 2,
     .routing = kHere,
     .run = ClientGetRedir,
     .summary = "Returns -1: there is no client-side caching."},
    {.name = "client|help",
     .arity = 2,
     .routing = kHere,
     .run = ClientHelp,
     .summary = "Returns this list."},
    {.name = "client|id",
     .arity = 2,
     .routing = kHere,
     .run = ClientId,
     .summary = "Returns the number of this connection."},
    {.name = "client|info",
     .arity = 2,
     .routing = kHere,
     .run = ClientInfo,
     .summary = "Returns the line of this connection in CLIENT LIST."},
    {.name = "client|kill",
     .arity = -3,
     .flags = kAdmin,
     .routing = kAllLanesMerged,
     .run = ClientKill,
     .summary = "Closes connections; returns how many.",
     .merge_parts = MergeClientKill,
     .syntax = "<ip:port> | [ID <id>] [TYPE <type>] [ADDR <ip:port>] [LADDR <ip:port>] "
               "[USER <name>] [MAXAGE <seconds>] [SKIPME (YES|NO)]"},
    {.name = "client|list",
     .arity = -2,
     .flags = kAdmin,
     .routing = kAllLanesMerged,
     .run = ClientList,
     .summary = "Returns a line for each connection.",
     .merge_parts = MergeClientList,
     .syntax = "[TYPE <type>] [ID <id> ...]"},
    {.name = "client|no-evict",
     .arity = 3,
     .flags = kAdmin,
     .routing = kHere,
     .run = ClientNoEvict,
     .summary = "Taken note of; no connection is ever evicted.",
     .syntax = "(ON|OFF)"},
    {.name = "client|no-touch",
     .arity = 3,
     .routing = kHere,
     .run = ClientNoTouch,
     .summary = "Taken note of; reads never change a key's idle time.",
     .syntax = "(ON|OFF)"},
    {.name = "client|pause",
     .arity = -3,
     .flags = kAdmin,
     .routing = kAllLanesOk,
     .run = ClientPause,
     .summary = "Lets requests, or those that write, wait for so many milliseconds.",
     .syntax = "<timeout> [WRITE|ALL]"},
    {.name = "client|reply",
     .arity = 3,
     .flags = kInTurn,
     .routing = kHere,
     .run = ClientReply,
     .summary = "Turns replies on or off, or leaves out the next one.",
     .syntax = "(ON|OFF|SKIP)"},
    {.name = "client|setinfo",
     .arity = 4,
     .routing = kHere,
     .run = ClientSetInfo,
     .summary = "Names the client library, for CLIENT LIST.",
     .syntax = "(LIB-NAME|LIB-VER) <value>"},
    {.name = "client|setname",
     .arity = 3,
     .routing = kHere,
     .run = ClientSetName,
     .summary = "Names this connection.",
     .syntax = "<name>"},
    {.name = "client|tracking",
     .arity = -3,
     .routing = kHere,
     .run = ClientTracking,
     .summary = "OFF only: there is no client-side caching.",
     .syntax = "(ON|OFF) [<option> ...]"},
    {.name = "client|trackinginfo",
     .arity = 2,
     .routing = kHere,
     .run = ClientTrackingInfo,
     .summary = "Says that client-side caching is off."},
    {.name = "client|unpause",
     .arity = 2,
     .flags = kAdmin,
     .routing = kAllLanesOk,
     .run = ClientUnpause,
     .summary = "Ends a pause."},
    {.name = "client|unblock",
     .arity = -3,
     .flags = kAdmin,
     .routing = kHere,
     .run = ClientUnblock,
     .summary = "Returns 0: no command blocks.",
     .syntax = "<id> [TIMEOUT|ERROR]"},
};

std::span<const Command> ClientRows() { return kClientSubcommands; }

constexpr Command kClientCommands[] = {
    {.name = "client",
     .arity = -2,
     .summary = "Tells of connections and changes them.",
     .subcommands = ClientRows},
};

}  // namespace

CommandGroup ClientCommands() { return {"connection", kClientCommands}; }

}  // namespace corelane::shard
