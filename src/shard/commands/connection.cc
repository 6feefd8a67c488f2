// Commands about the connection itself.

#include <corelane/status.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "env/clock.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

void ReplyHello(CommandContext& context) {
  kv::ReplyWriter& reply = context.reply;
  reply.Map(7);
  reply.Bulk("server");
  reply.Bulk("redis");  // what clients look for; INFO says corelane
  reply.Bulk("version");
  reply.Bulk(kRedisVersion);
  reply.Bulk("proto");
  reply.Integer(context.session->resp_version);
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(context.session->id));
  reply.Bulk("mode");
  reply.Bulk("standalone");
  reply.Bulk("role");
  reply.Bulk("master");
  reply.Bulk("modules");
  reply.Array(0);
}

// There is one user, and it has no password: whatever it gives is right.
bool IsOnlyUser(std::string_view name) { return name == "default"; }

void RunPing(CommandContext& context) {
  if (context.args.empty()) {
    context.reply.Simple("PONG");
  } else if (context.args.size() == 1) {
    context.reply.Bulk(context.args[0]);
  } else {
    ReplyWrongArity(context.reply, "ping");
  }
}

void RunEcho(CommandContext& context) { context.reply.Bulk(context.args[0]); }

void RunHello(CommandContext& context) {
  int version = context.session->resp_version;
  size_t next = 0;
  if (!context.args.empty()) {
    int64_t asked = 0;
    if (!kv::ParseInteger(context.args[0], asked)) {
      context.reply.Error(StatusCode::kBadArgument,
                          "Protocol version is not an integer or out of range");
      return;
    }
    if (asked != 2 && asked != 3) {
      context.reply.Error(StatusCode::kUnsupportedProtocol, "unsupported protocol version");
      return;
    }
    version = static_cast<int>(asked);
    next = 1;
  }
  while (next < context.args.size()) {
    const std::string_view option = context.args[next];
    if (WordIs(option, "setname") && next + 1 < context.args.size()) {
      if (!SetSessionName(context, context.args[next + 1])) return;
      next += 2;
    } else if (WordIs(option, "auth") && next + 2 < context.args.size()) {
      if (!IsOnlyUser(context.args[next + 1])) {
        context.reply.Error(StatusCode::kWrongPassword, kNoPasswordConfigured);
        return;
      }
      next += 3;
    } else {
      context.reply.Error(StatusCode::kBadArgument, absl::StrCat("Syntax error in HELLO option '",
                                                                 base::ToAbsl(option), "'"));
      return;
    }
  }
  context.session->resp_version = version;
  ReplyHello(context);
}

void RunAuth(CommandContext& context) {
  if (context.args.size() > 2) return ReplySyntaxError(context.reply);
  if (context.args.size() == 2) {
    if (IsOnlyUser(context.args[0])) return context.reply.Ok();
    context.reply.Error(StatusCode::kWrongPassword, kNoPasswordConfigured);
    return;
  }
  context.reply.Error(StatusCode::kError,
                      "AUTH <password> called without any password configured for the default "
                      "user. Are you sure your configuration is correct?");
}

void RunSelect(CommandContext& context) {
  int64_t index = 0;
  if (!kv::ParseInteger(context.args[0], index)) {
    ReplyNotAnInteger(context.reply);
  } else if (index != static_cast<int32_t>(index)) {
    context.reply.Error(StatusCode::kBadArgument,
                        "value is out of range, value must between -2147483648 and 2147483647");
  } else if (index != 0) {
    context.reply.Error(StatusCode::kBadArgument, "DB index is out of range");
  } else {
    context.reply.Ok();
  }
}

void RunQuit(CommandContext& context) {
  context.session->close_after_reply = true;
  context.reply.Ok();
}

// Back to what a fresh connection is.
void RunReset(CommandContext& context) {
  kv::Session& session = *context.session;
  session.resp_version = 2;
  session.name.clear();
  session.reply_mode = kv::ReplyMode::kOn;
  context.reply.Simple("RESET");
}

constexpr Command kConnectionCommands[] = {
    {.name = "ping",
     .arity = -1,
     .flags = kFast,
     .routing = kHere,
     .run = RunPing,
     .summary = "Returns PONG, or its argument."},
    {.name = "echo",
     .arity = 2,
     .flags = kFast,
     .routing = kHere,
     .run = RunEcho,
     .summary = "Returns its argument."},
    {.name = "hello",
     .arity = -1,
     .flags = kFast | kInTurn,
     .routing = kHere,
     .run = RunHello,
     .summary = "Chooses RESP2 or RESP3 and introduces the server."},
    {.name = "auth",
     .arity = -2,
     .flags = kFast,
     .routing = kHere,
     .run = RunAuth,
     .summary = "There is one user, default, without a password."},
    {.name = "select",
     .arity = 2,
     .flags = kFast,
     .routing = kHere,
     .run = RunSelect,
     .summary = "Chooses a database; there is only 0."},
    {.name = "quit",
     .arity = -1,
     .flags = kFast | kNotQueued,
     .routing = kHere,
     .run = RunQuit,
     .summary = "Closes the connection after the reply."},
    {.name = "reset",
     .arity = 1,
     .flags = kFast | kInTurn | kNotQueued,
     .routing = kHere,
     .run = RunReset,
     .summary = "Makes the connection as if it were new.",
     .word = TransactionWord::kReset},
};

}  // namespace

CommandGroup ConnectionCommands() { return {"connection", kConnectionCommands}; }

}  // namespace corelane::shard
