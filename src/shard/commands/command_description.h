#pragma once

// What COMMAND says about a row of the command table, derived from the row: flags, categories, key
// specifications. Free functions, any thread.

#include <string_view>
#include <vector>

#include "kv/reply.h"
#include "shard/command.h"

namespace corelane::shard {

// A row that clients may know of, with its group. The binary protocols' own words are none.
struct VisibleCommand {
  const Command* command = nullptr;
  std::string_view group;
};

[[nodiscard]] std::vector<VisibleCommand> VisibleCommands();
// "get", "client", "client|getname", in any case; the command is null when there is none.
[[nodiscard]] VisibleCommand FindVisible(std::string_view word);

// "write", "fast", ...
[[nodiscard]] std::vector<std::string_view> FlagWords(const Command& command);
// "read", "string", "slow", ... without the @.
[[nodiscard]] std::vector<std::string_view> Categories(const VisibleCommand& visible);
// How a command uses its keys: "RO" and "access", ...
[[nodiscard]] std::vector<std::string_view> KeyUses(const Command& command);

// The ten fields that COMMAND INFO has since redis 7.
void WriteCommandInfo(const VisibleCommand& visible, kv::ReplyWriter& reply);
// The name and the map that COMMAND DOCS has.
void WriteCommandDocs(const VisibleCommand& visible, kv::ReplyWriter& reply);

}  // namespace corelane::shard
