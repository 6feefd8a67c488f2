#include "shard/commands/command_description.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/command_table.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

std::span<const Command> SubcommandsOf(const Command& command) {
  return command.subcommands == nullptr ? std::span<const Command>() : command.subcommands();
}

// Redis's categories for the groups of its documentation.
std::string_view CategoryOfGroup(std::string_view group) {
  if (group == "generic") return "keyspace";
  if (group == "transactions") return "transaction";
  if (group == "string" || group == "bitmap" || group == "connection") return group;
  return "";
}

void WriteKeySpecification(const Command& command, kv::ReplyWriter& reply) {
  const KeyPositions& keys = command.routing.keys;
  reply.Map(3);
  reply.Bulk("flags");
  const std::vector<std::string_view> uses = KeyUses(command);
  reply.Set(uses.size());
  for (const std::string_view use : uses) reply.Simple(use);
  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("index");
  reply.Bulk("spec");
  reply.Map(1);
  reply.Bulk("index");
  reply.Integer(keys.first);
  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("range");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk("lastkey");
  reply.Integer(keys.last < 0 ? keys.last : keys.last - keys.first);
  reply.Bulk("keystep");
  reply.Integer(keys.step);
  reply.Bulk("limit");
  reply.Integer(0);
}

}  // namespace

std::vector<VisibleCommand> VisibleCommands() {
  std::vector<VisibleCommand> visible;
  for (const CommandGroup& group : CommandGroups()) {
    for (const Command& command : group.rows) {
      if (!command.Is(kInternal)) visible.push_back({&command, group.name});
    }
  }
  return visible;
}

VisibleCommand FindVisible(std::string_view word) {
  const std::string_view parent = word.substr(0, word.find('|'));
  for (const VisibleCommand& visible : VisibleCommands()) {
    if (!WordIs(parent, visible.command->name)) continue;
    if (parent.size() == word.size()) return visible;
    for (const Command& row : SubcommandsOf(*visible.command)) {
      if (WordIs(word, row.name)) return {&row, visible.group};
    }
  }
  return {};
}

std::vector<std::string_view> FlagWords(const Command& command) {
  std::vector<std::string_view> words;
  if (command.Is(kWrites)) words.emplace_back("write");
  if (command.Is(kReads) && !command.Is(kWrites)) words.emplace_back("readonly");
  if (command.Is(kAdmin)) words.emplace_back("admin");
  if (command.Is(kFast)) words.emplace_back("fast");
  return words;
}

std::vector<std::string_view> Categories(const VisibleCommand& visible) {
  const Command& command = *visible.command;
  std::vector<std::string_view> categories;
  if (command.Is(kWrites)) categories.emplace_back("write");
  if (command.Is(kReads) && !command.Is(kWrites)) categories.emplace_back("read");
  const std::string_view of_group = CategoryOfGroup(visible.group);
  if (!of_group.empty()) categories.push_back(of_group);
  if (command.Is(kAdmin)) {
    categories.emplace_back("admin");
    categories.emplace_back("dangerous");
  }
  categories.emplace_back(command.Is(kFast) ? "fast" : "slow");
  return categories;
}

std::vector<std::string_view> KeyUses(const Command& command) {
  if (!command.Is(kWrites)) return {"RO", "access"};
  return {"RW", "update"};
}

void WriteCommandInfo(const VisibleCommand& visible, kv::ReplyWriter& reply) {
  const Command& command = *visible.command;
  const std::vector<std::string_view> flags = FlagWords(command);
  const std::vector<std::string_view> categories = Categories(visible);
  const std::span<const Command> subcommands = SubcommandsOf(command);
  reply.Array(10);
  reply.Bulk(command.name);
  reply.Integer(command.arity);
  reply.Set(flags.size());
  for (const std::string_view flag : flags) reply.Simple(flag);
  reply.Integer(command.routing.keys.first);
  reply.Integer(command.routing.keys.last);
  reply.Integer(command.routing.keys.step);
  reply.Set(categories.size());
  for (const std::string_view category : categories)
    reply.Simple(absl::StrCat("@", base::ToAbsl(category)));
  reply.Set(0);  // tips are for proxies of clusters
  const bool has_keys = command.routing.keys.first != 0;
  reply.Set(has_keys ? 1 : 0);
  if (has_keys) WriteKeySpecification(command, reply);
  // As redis has it: a list, but an empty set where there are none.
  if (subcommands.empty()) return reply.Set(0);
  reply.Array(subcommands.size());
  for (const Command& row : subcommands) WriteCommandInfo({&row, visible.group}, reply);
}

void WriteCommandDocs(const VisibleCommand& visible, kv::ReplyWriter& reply) {
  const std::span<const Command> subcommands = SubcommandsOf(*visible.command);
  reply.Bulk(visible.command->name);
  reply.Map(subcommands.empty() ? 2 : 3);
  reply.Bulk("summary");
  reply.Bulk(visible.command->summary);
  reply.Bulk("group");
  reply.Bulk(visible.group);
  if (subcommands.empty()) return;
  reply.Bulk("subcommands");
  reply.Map(subcommands.size());
  for (const Command& row : subcommands) WriteCommandDocs({&row, visible.group}, reply);
}

}  // namespace corelane::shard
