// Words of families that are not here: replicas, cluster, users, modules, functions, more than one
// database. They answer as a redis that uses none of them, because tools and clients ask.

#include <corelane/status.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

void ReplyNoCluster(CommandContext& context) {
  context.reply.Error(StatusCode::kError, "This instance has cluster support disabled");
}

void RunRole(CommandContext& context) {
  context.reply.Array(3);
  context.reply.Bulk("master");
  context.reply.Integer(0);
  context.reply.Array(0);
}

// There is nobody to wait for, however long.
void RunWait(CommandContext& context) {
  int64_t number = 0;
  if (!kv::ParseInteger(context.args[0], number)) return ReplyNotAnInteger(context.reply);
  if (!kv::ParseInteger(context.args[1], number)) {
    context.reply.Error(StatusCode::kBadArgument, "timeout is not an integer or out of range");
  } else if (number < 0) {
    context.reply.Error(StatusCode::kBadArgument, "timeout is negative");
  } else {
    context.reply.Integer(0);
  }
}

void RunSwapDb(CommandContext& context) {
  int64_t first = 0;
  int64_t second = 0;
  if (!kv::ParseInteger(context.args[0], first)) {
    context.reply.Error(StatusCode::kBadArgument, "invalid first DB index");
  } else if (!kv::ParseInteger(context.args[1], second)) {
    context.reply.Error(StatusCode::kBadArgument, "invalid second DB index");
  } else if (first != 0 || second != 0) {
    context.reply.Error(StatusCode::kBadArgument, "DB index is out of range");
  } else {
    context.reply.Ok();
  }
}

void RunLolwut(CommandContext& context) {
  context.reply.Text(absl::StrCat("Redis ver. ", base::ToAbsl(kRedisVersion), "\n"));
}

void ReplyEmptyArray(CommandContext& context) { context.reply.Array(0); }

// FUNCTION

void FunctionFlush(CommandContext& context) {
  const auto options = context.args.subspan(1);
  if (options.size() > 1) return ReplyUnknownUse(context.reply, "function", context.args[0]);
  if (options.empty() || WordIs(options[0], "sync") || WordIs(options[0], "async")) {
    return context.reply.Ok();
  }
  context.reply.Error(StatusCode::kBadArgument, "FUNCTION FLUSH only supports SYNC|ASYNC option");
}

void FunctionList(CommandContext& context) {
  for (size_t i = 1; i < context.args.size(); ++i) {
    if (WordIs(context.args[i], "withcode")) continue;
    if (!WordIs(context.args[i], "libraryname")) {
      context.reply.Error(StatusCode::kBadArgument,
                          absl::StrCat("Unknown argument ", base::ToAbsl(context.args[i])));
      return;
    }
    if (++i < context.args.size()) continue;
    context.reply.Error(StatusCode::kBadArgument, "library name argument was not given");
    return;
  }
  context.reply.Array(0);
}

void FunctionStats(CommandContext& context) {
  context.reply.Map(2);
  context.reply.Bulk("running_script");
  context.reply.Nil();
  context.reply.Bulk("engines");
  context.reply.Map(0);
}

std::span<const Command> FunctionRows();

void FunctionHelp(CommandContext& context) { ReplyHelp(context.reply, "function", FunctionRows()); }

constexpr Command kFunctionSubcommands[] = {
    {.name = "function|flush",
     .arity = -2,
     .flags = kAdmin,
     .routing = kHere,
     .run = FunctionFlush,
     .summary = "Returns OK: there are no functions.",
     .syntax = "[ASYNC|SYNC]"},
    {.name = "function|help",
     .arity = 2,
     .routing = kHere,
     .run = FunctionHelp,
     .summary = "Returns this list."},
    {.name = "function|list",
     .arity = -2,
     .routing = kHere,
     .run = FunctionList,
     .summary = "Returns an empty list.",
     .syntax = "[LIBRARYNAME <pattern>] [WITHCODE]"},
    {.name = "function|stats",
     .arity = 2,
     .routing = kHere,
     .run = FunctionStats,
     .summary = "Returns that nothing runs and no engine is there."},
};
std::span<const Command> FunctionRows() { return kFunctionSubcommands; }

// ACL

void AclWhoAmI(CommandContext& context) { context.reply.Bulk("default"); }

void AclUsers(CommandContext& context) {
  context.reply.Array(1);
  context.reply.Bulk("default");
}

void AclList(CommandContext& context) {
  context.reply.Array(1);
  context.reply.Bulk("user default on nopass ~* &* +@all");
}

std::span<const Command> AclRows();
void AclHelp(CommandContext& context) { ReplyHelp(context.reply, "acl", AclRows()); }

constexpr Command kAclSubcommands[] = {
    {.name = "acl|help",
     .arity = 2,
     .routing = kHere,
     .run = AclHelp,
     .summary = "Returns this list."},
    {.name = "acl|list",
     .arity = 2,
     .flags = kAdmin,
     .routing = kHere,
     .run = AclList,
     .summary = "Returns the one user with its rules: it may do everything."},
    {.name = "acl|users",
     .arity = 2,
     .flags = kAdmin,
     .routing = kHere,
     .run = AclUsers,
     .summary = "Returns the name of the one user."},
    {.name = "acl|whoami",
     .arity = 2,
     .routing = kHere,
     .run = AclWhoAmI,
     .summary = "Returns the name of the one user."},
};
std::span<const Command> AclRows() { return kAclSubcommands; }

// CLUSTER and MODULE

std::span<const Command> ClusterRows();
void ClusterHelp(CommandContext& context) { ReplyHelp(context.reply, "cluster", ClusterRows()); }

constexpr std::string_view kNoClusterSummary = "Refused: this is no cluster.";
constexpr Command kClusterSubcommands[] = {
    {.name = "cluster|help",
     .arity = 2,
     .routing = kHere,
     .run = ClusterHelp,
     .summary = "Returns this list."},
    {.name = "cluster|info",
     .arity = 2,
     .routing = kHere,
     .run = ReplyNoCluster,
     .summary = kNoClusterSummary},
    {.name = "cluster|myid",
     .arity = 2,
     .routing = kHere,
     .run = ReplyNoCluster,
     .summary = kNoClusterSummary},
    {.name = "cluster|nodes",
     .arity = 2,
     .routing = kHere,
     .run = ReplyNoCluster,
     .summary = kNoClusterSummary},
    {.name = "cluster|shards",
     .arity = 2,
     .routing = kHere,
     .run = ReplyNoCluster,
     .summary = kNoClusterSummary},
    {.name = "cluster|slots",
     .arity = 2,
     .routing = kHere,
     .run = ReplyNoCluster,
     .summary = kNoClusterSummary},
};
std::span<const Command> ClusterRows() { return kClusterSubcommands; }

std::span<const Command> ModuleRows();
void ModuleHelp(CommandContext& context) { ReplyHelp(context.reply, "module", ModuleRows()); }

constexpr Command kModuleSubcommands[] = {
    {.name = "module|help",
     .arity = 2,
     .routing = kHere,
     .run = ModuleHelp,
     .summary = "Returns this list."},
    {.name = "module|list",
     .arity = 2,
     .flags = kAdmin,
     .routing = kHere,
     .run = ReplyEmptyArray,
     .summary = "Returns an empty list."},
};
std::span<const Command> ModuleRows() { return kModuleSubcommands; }

constexpr Command kAbsentCommands[] = {
    {.name = "role",
     .arity = 1,
     .flags = kFast | kAdmin,
     .routing = kHere,
     .run = RunRole,
     .summary = "Returns that this is a master without replicas."},
    {.name = "wait",
     .arity = 3,
     .routing = kHere,
     .run = RunWait,
     .summary = "Returns 0 at once: there are no replicas to wait for."},
    {.name = "swapdb",
     .arity = 3,
     .flags = kFast,
     .routing = kHere,
     .run = RunSwapDb,
     .summary = "Swaps database 0 with itself; there is no other."},
    {.name = "readonly",
     .arity = 1,
     .flags = kFast,
     .routing = kHere,
     .run = ReplyNoCluster,
     .summary = kNoClusterSummary},
    {.name = "readwrite",
     .arity = 1,
     .flags = kFast,
     .routing = kHere,
     .run = ReplyNoCluster,
     .summary = kNoClusterSummary},
    {.name = "asking",
     .arity = 1,
     .flags = kFast,
     .routing = kHere,
     .run = ReplyNoCluster,
     .summary = kNoClusterSummary},
    {.name = "lolwut",
     .arity = -1,
     .routing = kHere,
     .run = RunLolwut,
     .summary = "Returns the version of redis that clients may expect."},
    {.name = "function",
     .arity = -2,
     .summary = "There are no functions.",
     .subcommands = FunctionRows},
    {.name = "acl",
     .arity = -2,
     .summary = "There is one user, who may do everything.",
     .subcommands = AclRows},
    {.name = "cluster", .arity = -2, .summary = "This is no cluster.", .subcommands = ClusterRows},
    {.name = "module", .arity = -2, .summary = "There are no modules.", .subcommands = ModuleRows},
};

}  // namespace

CommandGroup AbsentCommands() { return {"server", kAbsentCommands}; }

}  // namespace corelane::shard
