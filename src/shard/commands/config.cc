// CONFIG. Most settings are flags of the process and stand still; those of LaneSettings can be
// changed, and live in each lane.

#include <corelane/status.h>

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/command_stats.h"
#include "shard/commands/commands.h"
#include "shard/commands/glob.h"
#include "shard/settings.h"

namespace corelane::shard {
namespace {

std::span<const Command> ConfigRows();

// A setting that can be changed: a number within bounds, or yes and no.
struct Changeable {
  std::string_view name;
  int64_t LaneSettings::*number = nullptr;
  bool LaneSettings::*yes_no = nullptr;
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
  int64_t scale = 1;  // what is shown, times this, is what is kept
};

constexpr Changeable kChangeable[] = {
    {.name = "latency-tracking", .yes_no = &LaneSettings::latency_tracking},
    {.name = "slowlog-log-slower-than", .number = &LaneSettings::slowlog_slower_than_us, .min = -1},
    {.name = "slowlog-max-len", .number = &LaneSettings::slowlog_entries_max},
    {.name = "timeout",
     .number = &LaneSettings::idle_timeout_ms,
     .max = std::numeric_limits<int32_t>::max(),
     .scale = 1000},
};

const Changeable* FindChangeable(std::string_view name) {
  for (const Changeable& row : kChangeable) {
    if (WordIs(name, row.name)) return &row;
  }
  return nullptr;
}

std::string Show(const Changeable& row, const LaneSettings& settings) {
  if (row.yes_no != nullptr) return settings.*row.yes_no ? "yes" : "no";
  return std::to_string(settings.*row.number / row.scale);
}

// Puts `text` into the setting; what is wrong with it, or empty.
std::string Apply(const Changeable& row, std::string_view text, LaneSettings& settings) {
  if (row.yes_no != nullptr) {
    const bool yes = WordIs(text, "yes");
    if (!yes && !WordIs(text, "no")) return "argument must be 'yes' or 'no'";
    settings.*row.yes_no = yes;
    return "";
  }
  int64_t number = 0;
  if (!kv::ParseInteger(text, number)) return "argument couldn't be parsed into an integer";
  if (number < row.min || number > row.max) {
    return absl::StrCat("argument must be between ", row.min, " and ", row.max, " inclusive");
  }
  settings.*row.number = number * row.scale;
  return "";
}

const std::string* FindFixed(const ServerFacts& server, std::string_view name) {
  for (const auto& [fixed, value] : server.config) {
    if (WordIs(name, fixed)) return &value;
  }
  return nullptr;
}

// What is wrong with one pair of CONFIG SET, or empty: then it is in `settings`.
std::string SetOne(const ServerFacts& server, std::string_view name, std::string_view value,
                   LaneSettings& settings) {
  if (const Changeable* row = FindChangeable(name)) return Apply(*row, value, settings);
  // To ask for what is the case anyway is no change.
  return *FindFixed(server, name) == value ? "" : "can't set immutable config";
}

void FailSet(CommandContext& context, std::string_view name, std::string_view why) {
  context.reply.Error(StatusCode::kBadArgument,
                      absl::StrCat("CONFIG SET failed (possibly related to argument '",
                                   base::ToAbsl(name), "') - ", base::ToAbsl(why)));
}

void ConfigGet(CommandContext& context) {
  std::map<std::string, std::string> matching;
  const auto add_if_matching = [&](std::string_view name, const std::string& value) {
    for (const std::string_view pattern : context.args.subspan(1)) {
      if (!GlobMatches(pattern, name, GlobCase::kFold)) continue;
      // A name that is no pattern comes back in the case it was asked in.
      const bool is_pattern = pattern.find_first_of("[*?") != std::string_view::npos;
      matching.emplace(is_pattern ? name : pattern, value);
      return;
    }
  };
  for (const auto& [name, value] : context.facts.server->config) add_if_matching(name, value);
  for (const Changeable& row : kChangeable) {
    add_if_matching(row.name, Show(row, *context.facts.settings));
  }
  context.reply.Map(matching.size());
  for (const auto& [name, value] : matching) {
    context.reply.Bulk(name);
    context.reply.Bulk(value);
  }
}

// Each lane checks all pairs, then changes its settings; all lanes come to the same result.
void ConfigSet(CommandContext& context) {
  const auto pairs = context.args.subspan(1);
  if (pairs.size() % 2 != 0) return ReplySyntaxError(context.reply);
  LaneSettings settings = *context.facts.settings;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (FindChangeable(pairs[i]) == nullptr &&
        FindFixed(*context.facts.server, pairs[i]) == nullptr) {
      context.reply.Error(StatusCode::kBadArgument,
                          absl::StrCat("Unknown option or number of arguments for CONFIG SET - '",
                                       base::ToAbsl(pairs[i]), "'"));
      return;
    }
    for (size_t earlier = 0; earlier < i; earlier += 2) {
      if (UpperCase(pairs[earlier]) != UpperCase(pairs[i])) continue;
      return FailSet(context, pairs[i], "duplicate parameter");
    }
  }
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const std::string why = SetOne(*context.facts.server, pairs[i], pairs[i + 1], settings);
    if (!why.empty()) return FailSet(context, pairs[i], why);
  }
  *context.facts.settings = settings;
  context.facts.stats->TimeNextCalls();
  context.reply.Ok();
}

void ConfigResetStat(CommandContext& context) {
  ResetStatistics(context.facts);
  context.reply.Ok();
}

void ConfigRewrite(CommandContext& context) {
  context.reply.Error(StatusCode::kError, "The server is running without a config file");
}

void ConfigHelp(CommandContext& context) { ReplyHelp(context.reply, "config", ConfigRows()); }

constexpr Command kConfigSubcommands[] = {
    {.name = "config|get",
     .arity = -3,
     .flags = kAdmin,
     .routing = kHere,
     .run = ConfigGet,
     .summary = "Returns the settings whose names match one of the patterns.",
     .syntax = "<pattern> [<pattern> ...]"},
    {.name = "config|help",
     .arity = 2,
     .routing = kHere,
     .run = ConfigHelp,
     .summary = "Returns this list."},
    {.name = "config|resetstat",
     .arity = 2,
     .flags = kAdmin,
     .routing = kAllLanesOk,
     .run = ConfigResetStat,
     .summary = "Sets the counters of INFO back to 0."},
    {.name = "config|rewrite",
     .arity = 2,
     .flags = kAdmin,
     .routing = kHere,
     .run = ConfigRewrite,
     .summary = "Refused: there is no configuration file."},
    {.name = "config|set",
     .arity = -4,
     .flags = kAdmin,
     .routing = kAllLanesOk,
     .run = ConfigSet,
     .summary = "Changes settings until the server ends.",
     .syntax = "<name> <value> [<name> <value> ...]"},
};

std::span<const Command> ConfigRows() { return kConfigSubcommands; }

constexpr Command kConfigCommands[] = {
    {.name = "config",
     .arity = -2,
     .summary = "Returns and changes settings.",
     .subcommands = ConfigRows},
};

}  // namespace

CommandGroup ConfigCommands() { return {"server", kConfigCommands}; }

}  // namespace corelane::shard
