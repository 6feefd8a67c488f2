// Commands about the server and about the command table.

#include <corelane/status.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/command_table.h"
#include "shard/commands.h"
#include "shard/glob.h"

namespace corelane::shard {
namespace {

// Commands that clients may know of: the binary protocol's own words are left out.
struct VisibleCommand {
  const Command* command = nullptr;
  std::string_view group;
};

std::vector<VisibleCommand> VisibleCommands() {
  std::vector<VisibleCommand> visible;
  for (const CommandGroup& group : CommandGroups()) {
    for (const Command& command : group.rows) {
      if (!command.Is(kInternal)) visible.push_back({&command, group.name});
    }
  }
  return visible;
}

std::optional<VisibleCommand> FindVisible(std::string_view word) {
  for (const VisibleCommand& visible : VisibleCommands()) {
    if (WordIs(word, visible.command->name)) return visible;
  }
  return std::nullopt;
}

// The ten fields that COMMAND INFO has since redis 7.
void ReplyCommandInfo(kv::ReplyWriter& reply, const Command& command) {
  reply.Array(10);
  reply.Bulk(command.name);
  reply.Integer(command.arity);
  reply.Array(1);
  reply.Simple(command.Is(kWrites) ? "write" : command.Is(kReads) ? "readonly" : "fast");
  reply.Integer(command.routing.keys.first);
  reply.Integer(command.routing.keys.last);
  reply.Integer(command.routing.keys.step);
  reply.Array(0);  // ACL categories
  reply.Array(0);  // tips
  reply.Array(0);  // key specifications
  reply.Array(0);  // subcommands
}

void ReplyCommandDocs(kv::ReplyWriter& reply, const std::vector<VisibleCommand>& commands) {
  reply.Map(commands.size());
  for (const auto& [command, group] : commands) {
    reply.Bulk(command->name);
    reply.Map(2);
    reply.Bulk("summary");
    reply.Bulk(command->summary);
    reply.Bulk("group");
    reply.Bulk(group);
  }
}

std::vector<VisibleCommand> NamedCommands(std::span<const std::string_view> words) {
  std::vector<VisibleCommand> named;
  for (const std::string_view word : words) {
    if (const std::optional<VisibleCommand> found = FindVisible(word)) named.push_back(*found);
  }
  return named;
}

void ConfigGet(CommandContext& context) {
  std::vector<const std::pair<std::string, std::string>*> matching;
  for (const auto& setting : context.facts.server->config) {
    for (const std::string_view pattern : context.args.subspan(1)) {
      if (!GlobMatches(pattern, setting.first, GlobCase::kFold)) continue;
      matching.push_back(&setting);
      break;
    }
  }
  context.reply.Map(matching.size());
  for (const auto* setting : matching) {
    context.reply.Bulk(setting->first);
    context.reply.Bulk(setting->second);
  }
}

void RunCommand(CommandContext& context) {
  const auto rest = context.args.empty() ? context.args : context.args.subspan(1);
  if (context.args.empty() || (WordIs(context.args[0], "info") && rest.empty())) {
    const std::vector<VisibleCommand> visible = VisibleCommands();
    context.reply.Array(visible.size());
    for (const auto& [command, group] : visible) ReplyCommandInfo(context.reply, *command);
  } else if (WordIs(context.args[0], "count") && rest.empty()) {
    context.reply.Integer(static_cast<int64_t>(VisibleCommands().size()));
  } else if (WordIs(context.args[0], "docs")) {
    ReplyCommandDocs(context.reply, rest.empty() ? VisibleCommands() : NamedCommands(rest));
  } else if (WordIs(context.args[0], "list") && rest.empty()) {
    const std::vector<VisibleCommand> visible = VisibleCommands();
    context.reply.Array(visible.size());
    for (const auto& [command, group] : visible) context.reply.Bulk(command->name);
  } else if (WordIs(context.args[0], "info")) {
    context.reply.Array(rest.size());
    for (const std::string_view word : rest) {
      if (const std::optional<VisibleCommand> found = FindVisible(word)) {
        ReplyCommandInfo(context.reply, *found->command);
      } else {
        context.reply.NilArray();
      }
    }
  } else {
    ReplyUnknownSubcommand(context.reply, "COMMAND", context.args[0]);
  }
}

void RunConfig(CommandContext& context) {
  if (WordIs(context.args[0], "get") && context.args.size() > 1) {
    ConfigGet(context);
  } else if (WordIs(context.args[0], "get")) {
    ReplyWrongArity(context.reply, "config|get");
  } else {
    ReplyUnknownSubcommand(context.reply, "CONFIG", context.args[0]);
  }
}

void RunTime(CommandContext& context) {
  const int64_t now_ms = context.slice.now_ms();
  context.reply.Array(2);
  context.reply.Bulk(std::to_string(now_ms / 1000));
  context.reply.Bulk(std::to_string(now_ms % 1000 * 1000));
}

void RunDbsize(CommandContext& context) {
  context.slice.ReadAll();
  context.reply.Integer(static_cast<int64_t>(context.slice.engine().Stats().entries));
}

void RunFlushAll(CommandContext& context) {
  if (context.args.size() == 1 && !WordIs(context.args[0], "sync") &&
      !WordIs(context.args[0], "async")) {
    return ReplySyntaxError(context.reply);
  }
  if (context.args.size() > 1) return ReplySyntaxError(context.reply);
  context.slice.Clear();
  context.reply.Ok();
}

constexpr Command kServerCommands[] = {
    {"dbsize", 1, kReads, kAllLanesSummed, RunDbsize, "Returns the number of keys."},
    {"flushall", -1, kWrites, kAllLanesOk, RunFlushAll, "Removes all keys."},
    {"flushdb", -1, kWrites, kAllLanesOk, RunFlushAll, "Removes all keys."},
    {"command", -1, 0, kHere, RunCommand, "COUNT, DOCS, INFO, LIST: returns the command table."},
    {"config", -2, 0, kHere, RunConfig, "GET: returns settings."},
    {"time", 1, 0, kHere, RunTime, "Returns the server's time."},
};

}  // namespace

CommandGroup ServerCommands() { return {"server", kServerCommands}; }

}  // namespace corelane::shard
