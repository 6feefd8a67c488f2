// COMMAND: what the command table says of itself.

#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "shard/command_table.h"
#include "shard/commands/command_description.h"
#include "shard/commands/commands.h"
#include "shard/commands/glob.h"

namespace corelane::shard {
namespace {

std::span<const Command> CommandRows();

void ReplyInfoOfAll(CommandContext& context) {
  const std::vector<VisibleCommand> visible = VisibleCommands();
  context.reply.Array(visible.size());
  for (const VisibleCommand& command : visible) WriteCommandInfo(command, context.reply);
}

void RunCommand(CommandContext& context) { ReplyInfoOfAll(context); }

void CommandCount(CommandContext& context) {
  context.reply.Integer(static_cast<int64_t>(VisibleCommands().size()));
}

void CommandInfo(CommandContext& context) {
  const auto words = context.args.subspan(1);
  if (words.empty()) return ReplyInfoOfAll(context);
  context.reply.Array(words.size());
  for (const std::string_view word : words) {
    const VisibleCommand found = FindVisible(word);
    if (found.command == nullptr) {
      context.reply.Nil();
    } else {
      WriteCommandInfo(found, context.reply);
    }
  }
}

void CommandDocs(CommandContext& context) {
  std::vector<VisibleCommand> wanted;
  for (const std::string_view word : context.args.subspan(1)) {
    const VisibleCommand found = FindVisible(word);
    if (found.command != nullptr) wanted.push_back(found);
  }
  if (context.args.size() == 1) wanted = VisibleCommands();
  context.reply.Map(wanted.size());
  for (const VisibleCommand& command : wanted) WriteCommandDocs(command, context.reply);
}

void ReplyNames(CommandContext& context, const std::vector<std::string_view>& names) {
  context.reply.Array(names.size());
  for (const std::string_view name : names) context.reply.Bulk(name);
}

// LIST without a filter has the words alone, with one also their subcommands.
template <typename Keep>
std::vector<std::string_view> FilteredNames(const Keep& keep) {
  std::vector<std::string_view> names;
  const auto add = [&](const VisibleCommand& visible) {
    if (keep(visible)) names.push_back(visible.command->name);
  };
  for (const VisibleCommand& visible : VisibleCommands()) {
    add(visible);
    if (visible.command->subcommands == nullptr) continue;
    for (const Command& row : visible.command->subcommands()) add({&row, visible.group});
  }
  return names;
}

void CommandList(CommandContext& context) {
  const auto args = context.args.subspan(1);
  if (args.empty()) {
    std::vector<std::string_view> names;
    for (const VisibleCommand& visible : VisibleCommands()) names.push_back(visible.command->name);
    return ReplyNames(context, names);
  }
  if (args.size() != 3 || !WordIs(args[0], "filterby")) return ReplySyntaxError(context.reply);
  const std::string_view wanted = args[2];
  if (WordIs(args[1], "module")) return ReplyNames(context, {});
  if (WordIs(args[1], "aclcat")) {
    return ReplyNames(context, FilteredNames([&](const VisibleCommand& visible) {
                        const std::vector<std::string_view> all = Categories(visible);
                        return std::any_of(all.begin(), all.end(), [&](std::string_view category) {
                          return WordIs(wanted, category);
                        });
                      }));
  }
  if (!WordIs(args[1], "pattern")) return ReplySyntaxError(context.reply);
  ReplyNames(context, FilteredNames([&](const VisibleCommand& visible) {
               return GlobMatches(wanted, visible.command->name, GlobCase::kFold);
             }));
}

// The row and the arguments of a whole command that stands behind GETKEYS. Null: the reply was an
// error.
const Command* TakeWholeCommand(CommandContext& context, std::span<const std::string_view>& args) {
  args = context.args.subspan(2);
  const Command* command = FindVisible(context.args[1]).command;
  if (command != nullptr && command->subcommands != nullptr) {
    command = ChooseSubcommand(*command, args);
  }
  if (command == nullptr) {
    context.reply.Error(StatusCode::kBadArgument, "Invalid command specified");
  } else if (command->routing.keys.first == 0) {
    context.reply.Error(StatusCode::kBadArgument, "The command has no key arguments");
  } else if (!ArityFits(*command, args.size())) {
    context.reply.Error(StatusCode::kBadArgument,
                        "Invalid number of arguments specified for command");
  } else {
    return command;
  }
  return nullptr;
}

std::vector<std::string_view> KeysAmong(const Command& command,
                                        std::span<const std::string_view> args) {
  std::vector<std::string_view> keys;
  const KeyPositions& positions = command.routing.keys;
  const size_t last = LastKeyPosition(positions, args.size());
  for (auto at = static_cast<size_t>(positions.first); at <= last;
       at += static_cast<size_t>(positions.step)) {
    keys.push_back(args[at - 1]);
  }
  return keys;
}

void CommandGetKeys(CommandContext& context) {
  std::span<const std::string_view> args;
  if (const Command* command = TakeWholeCommand(context, args)) {
    ReplyNames(context, KeysAmong(*command, args));
  }
}

void CommandGetKeysAndFlags(CommandContext& context) {
  std::span<const std::string_view> args;
  const Command* const command = TakeWholeCommand(context, args);
  if (command == nullptr) return;
  const std::vector<std::string_view> keys = KeysAmong(*command, args);
  const std::vector<std::string_view> uses = KeyUses(*command);
  context.reply.Array(keys.size());
  for (const std::string_view key : keys) {
    context.reply.Array(2);
    context.reply.Bulk(key);
    context.reply.Set(uses.size());
    for (const std::string_view use : uses) context.reply.Simple(use);
  }
}

void CommandHelp(CommandContext& context) { ReplyHelp(context.reply, "command", CommandRows()); }

constexpr Command kCommandSubcommands[] = {
    {.name = "command|count",
     .arity = 2,
     .routing = kHere,
     .run = CommandCount,
     .summary = "Returns how many commands there are."},
    {.name = "command|docs",
     .arity = -2,
     .routing = kHere,
     .run = CommandDocs,
     .summary = "Returns what commands do.",
     .syntax = "[<command> ...]"},
    {.name = "command|getkeys",
     .arity = -4,
     .routing = kHere,
     .run = CommandGetKeys,
     .summary = "Returns the keys among the words of a whole command.",
     .syntax = "<command> [<arg> ...]"},
    {.name = "command|getkeysandflags",
     .arity = -4,
     .routing = kHere,
     .run = CommandGetKeysAndFlags,
     .summary = "Returns the keys among the words of a whole command, and how it uses them.",
     .syntax = "<command> [<arg> ...]"},
    {.name = "command|help",
     .arity = 2,
     .routing = kHere,
     .run = CommandHelp,
     .summary = "Returns this list."},
    {.name = "command|info",
     .arity = -2,
     .routing = kHere,
     .run = CommandInfo,
     .summary = "Returns arity, flags and key positions of commands.",
     .syntax = "[<command> ...]"},
    {.name = "command|list",
     .arity = -2,
     .routing = kHere,
     .run = CommandList,
     .summary = "Returns the names of commands.",
     .syntax = "[FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]"},
};

std::span<const Command> CommandRows() { return kCommandSubcommands; }

constexpr Command kCommandCommands[] = {
    {.name = "command",
     .arity = -1,
     .routing = kHere,
     .run = RunCommand,
     .summary = "Returns the command table.",
     .subcommands = CommandRows},
};

}  // namespace

CommandGroup CommandCommands() { return {"server", kCommandCommands}; }

}  // namespace corelane::shard
