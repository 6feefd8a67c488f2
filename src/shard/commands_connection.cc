// Commands about the connection itself.

#include <corelane/status.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "env/clock.h"
#include "shard/commands.h"

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

// Names of connections and libraries go into one-line listings: no blanks, no control characters.
bool IsPlainWord(std::string_view text) {
  for (const char byte : text) {
    if (byte < '!' || byte > '~') return false;
  }
  return true;
}

bool SetName(CommandContext& context, std::string_view name) {
  if (!IsPlainWord(name)) {
    context.reply.Error(StatusCode::kBadArgument,
                        "Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  context.session->name = name;
  return true;
}

std::string DescribeSession(const CommandContext& context) {
  const kv::Session& session = *context.session;
  const int64_t now_ms = context.facts.clock->MonotonicNanos() / 1'000'000;
  return absl::StrCat("id=", session.id, " addr=", session.peer_address,
                      " laddr=", session.local_address, " name=", session.name,
                      " age=", (now_ms - session.connected_at_ms) / 1000, " lane=", session.lane,
                      " db=0 resp=", session.resp_version, " lib-name=", session.library_name,
                      " lib-ver=", session.library_version, "\n");
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
      if (!SetName(context, context.args[next + 1])) return;
      next += 2;
    } else if (WordIs(option, "auth") && next + 2 < context.args.size()) {
      context.reply.Error(StatusCode::kWrongPassword, kNoPasswordConfigured);
      return;
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
  context.reply.Error(StatusCode::kError,
                      "AUTH <password> called without any password configured for the default "
                      "user. Are you sure your configuration is correct?");
}

void RunSelect(CommandContext& context) {
  int64_t index = 0;
  if (!kv::ParseInteger(context.args[0], index)) {
    context.reply.Error(StatusCode::kBadArgument, "invalid DB index");
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

void RunClient(CommandContext& context) {
  const std::string_view word = context.args[0];
  const size_t count = context.args.size();
  if (WordIs(word, "id") && count == 1) {
    context.reply.Integer(static_cast<int64_t>(context.session->id));
  } else if (WordIs(word, "getname") && count == 1) {
    if (context.session->name.empty()) return context.reply.Nil();
    context.reply.Bulk(context.session->name);
  } else if (WordIs(word, "setname") && count == 2) {
    if (SetName(context, context.args[1])) context.reply.Ok();
  } else if (WordIs(word, "setinfo") && count == 3) {
    ClientSetInfo(context);
  } else if (WordIs(word, "info") && count == 1) {
    context.reply.Bulk(DescribeSession(context));
  } else if ((WordIs(word, "no-evict") || WordIs(word, "no-touch")) && count == 2) {
    if (!WordIs(context.args[1], "on") && !WordIs(context.args[1], "off")) {
      return ReplySyntaxError(context.reply);
    }
    context.reply.Ok();
  } else {
    ReplyUnknownSubcommand(context.reply, "CLIENT", word);
  }
}

constexpr Command kConnectionCommands[] = {
    {"ping", -1, 0, kHere, RunPing, "Returns PONG, or its argument."},
    {"echo", 2, 0, kHere, RunEcho, "Returns its argument."},
    {"hello", -1, 0, kHere, RunHello, "Chooses RESP2 or RESP3 and introduces the server."},
    {"auth", -2, 0, kHere, RunAuth, "Refused: there are no passwords."},
    {"select", 2, 0, kHere, RunSelect, "Chooses a database; there is only 0."},
    {"quit", -1, 0, kHere, RunQuit, "Closes the connection after the reply."},
    {"client", -2, 0, kHere, RunClient, "ID, INFO, GETNAME, SETNAME, SETINFO, NO-EVICT, NO-TOUCH."},
};

}  // namespace

CommandGroup ConnectionCommands() { return {"connection", kConnectionCommands}; }

}  // namespace corelane::shard
