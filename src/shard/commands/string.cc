// The commands that store and fetch whole strings.

#include <corelane/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shard/commands/commands.h"
#include "shard/commands/string_value.h"
#include "shard/gather.h"

namespace corelane::shard {
namespace {

enum class SetCondition : uint8_t { kNone, kIfAbsent, kIfPresent };

// The options of SET and of GETEX, each of which knows a part of them.
struct StringOptions {
  SetCondition condition = SetCondition::kNone;
  ExpiryOption expiry = ExpiryOption::kNone;
  std::string_view expiry_amount;
  bool keep_ttl = false;
  bool get = false;
  bool persist = false;
};

// An option that both commands know, at args[i]; its argument is skipped. The same one may come
// again, and the last counts, but no two exclude each other.
bool TakeExpiryOption(const CommandContext& context, size_t& i, StringOptions& options) {
  const ExpiryOption expiry = ExpiryOptionOf(context.args[i]);
  if (expiry == ExpiryOption::kNone || i + 1 >= context.args.size()) return false;
  if (options.keep_ttl || options.persist) return false;
  if (options.expiry != ExpiryOption::kNone && options.expiry != expiry) return false;
  options.expiry = expiry;
  options.expiry_amount = context.args[++i];
  return true;
}

bool TakeSetOption(std::string_view word, StringOptions& options) {
  if (WordIs(word, "nx") && options.condition != SetCondition::kIfPresent) {
    options.condition = SetCondition::kIfAbsent;
  } else if (WordIs(word, "xx") && options.condition != SetCondition::kIfAbsent) {
    options.condition = SetCondition::kIfPresent;
  } else if (WordIs(word, "get")) {
    options.get = true;
  } else if (WordIs(word, "keepttl") && options.expiry == ExpiryOption::kNone) {
    options.keep_ttl = true;
  } else {
    return false;
  }
  return true;
}

bool TakeGetExOption(std::string_view word, StringOptions& options) {
  if (!WordIs(word, "persist") || options.expiry != ExpiryOption::kNone) return false;
  options.persist = true;
  return true;
}

// All arguments from args[first] on. Nothing: the reply was an error.
std::optional<StringOptions> ParseOptions(CommandContext& context, size_t first,
                                          bool (*take)(std::string_view, StringOptions&)) {
  StringOptions options;
  for (size_t i = first; i < context.args.size(); ++i) {
    if (take(context.args[i], options) || TakeExpiryOption(context, i, options)) continue;
    ReplySyntaxError(context.reply);
    return std::nullopt;
  }
  return options;
}

// Stores a string at the command's key, or, when its expiry is not after now, leaves nothing there.
// False: out of memory.
bool Store(CommandContext& context, std::string_view bytes, kv::ExpiryMillis expires_at) {
  if (expires_at <= context.slice.now_ms()) {
    context.slice.Erase(context.Key(0));
    return true;
  }
  kv::ValueView value;
  value.bytes = bytes;
  value.expires_at = expires_at;
  return context.slice.Put(context.Key(0), value);
}

void StoreAndReply(CommandContext& context, std::string_view bytes, kv::ExpiryMillis expires_at) {
  if (!Store(context, bytes, expires_at)) return ReplyOutOfMemory(context.reply);
  context.reply.Ok();
}

// Stores and replies with `old`, which lives in the entry that is replaced and may be null.
void StoreAndReplyOld(CommandContext& context, std::string_view bytes, kv::ExpiryMillis expires_at,
                      const kv::ValueView* old) {
  kv::ValueView kept;
  std::string kept_bytes;
  if (old != nullptr) {
    kept_bytes = old->bytes;
    kept = *old;
    kept.bytes = kept_bytes;
  }
  if (!Store(context, bytes, expires_at)) return ReplyOutOfMemory(context.reply);
  if (old == nullptr) return context.reply.Nil();
  context.reply.Value(kept);
}

void SetWithOptions(CommandContext& context) {
  const std::optional<StringOptions> options = ParseOptions(context, 2, TakeSetOption);
  if (!options) return;
  kv::ExpiryMillis expires_at = kv::kNoExpiry;
  if (options->expiry != ExpiryOption::kNone) {
    const auto at = ExpiryOf(context, options->expiry, options->expiry_amount, "set");
    if (!at) return;
    expires_at = *at;
  }
  kv::ValueView old;
  const bool present =
      options->get ? ReadCounted(context, old) : context.slice.Get(context.Key(0), &old);
  if (options->keep_ttl && present) expires_at = old.expires_at;
  const bool wanted = options->condition == SetCondition::kNone ||
                      (options->condition == SetCondition::kIfPresent) == present;
  if (!wanted) return options->get && present ? context.reply.Value(old) : context.reply.Nil();
  if (!options->get) return StoreAndReply(context, context.args[1], expires_at);
  StoreAndReplyOld(context, context.args[1], expires_at, present ? &old : nullptr);
}

void RunSet(CommandContext& context) {
  if (context.args.size() > 2) return SetWithOptions(context);
  StoreAndReply(context, context.args[1], kv::kNoExpiry);
}

void RunSetNx(CommandContext& context) {
  if (context.slice.Get(context.Key(0), nullptr)) return context.reply.Integer(0);
  if (!Store(context, context.args[1], kv::kNoExpiry)) return ReplyOutOfMemory(context.reply);
  context.reply.Integer(1);
}

void SetWithTtl(CommandContext& context, ExpiryOption option, std::string_view command) {
  const auto at = ExpiryOf(context, option, context.args[1], command);
  if (at) StoreAndReply(context, context.args[2], *at);
}

void RunSetEx(CommandContext& context) { SetWithTtl(context, ExpiryOption::kEx, "setex"); }
void RunPsetEx(CommandContext& context) { SetWithTtl(context, ExpiryOption::kPx, "psetex"); }

void RunGetSet(CommandContext& context) {
  kv::ValueView old;
  const bool present = ReadCounted(context, old);
  StoreAndReplyOld(context, context.args[1], kv::kNoExpiry, present ? &old : nullptr);
}

void RunGetDel(CommandContext& context) {
  kv::ValueView old;
  if (!ReadCounted(context, old)) return context.reply.Nil();
  context.reply.Value(old);
  context.slice.Erase(context.Key(0));
}

void RunGetEx(CommandContext& context) {
  const std::optional<StringOptions> options = ParseOptions(context, 1, TakeGetExOption);
  if (!options) return;
  const storage::HashedKey key = context.Key(0);
  kv::ValueView value;
  // An expiry that makes no sense is an error only where there is a key to give it to.
  if (!ReadCounted(context, value)) return context.reply.Nil();
  kv::ExpiryMillis expires_at = options->persist ? kv::kNoExpiry : value.expires_at;
  if (options->expiry != ExpiryOption::kNone) {
    const auto at = ExpiryOf(context, options->expiry, options->expiry_amount, "getex");
    if (!at) return;
    expires_at = *at;
  }
  if (expires_at <= context.slice.now_ms()) {
    context.reply.Value(value);
    context.slice.Erase(key);
    return;
  }
  if (expires_at != value.expires_at) {
    const auto result = context.slice.SetExpiry(key, expires_at);
    if (result == storage::ExpireResult::kOutOfMemory) return ReplyOutOfMemory(context.reply);
    // The value may have moved with its entry.
    if (!context.slice.Get(key, &value)) return context.reply.Nil();
  }
  context.reply.Value(value);
}

void RunMget(CommandContext& context) {
  context.reply.Array(context.args.size());
  kv::ValueView value;
  for (size_t i = 0; i < context.args.size(); ++i) {
    if (context.slice.Get(context.Key(i, i), &value)) {
      ++context.facts.counters->reads_hit;
      context.reply.Value(value);
    } else {
      ++context.facts.counters->reads_missed;
      context.reply.Nil();
    }
  }
}

void RunMset(CommandContext& context) {
  for (size_t i = 0; i + 1 < context.args.size(); i += 2) {
    kv::ValueView value;
    value.bytes = context.args[i + 1];
    if (!context.slice.Put(context.Key(i, i / 2), value)) return ReplyOutOfMemory(context.reply);
  }
  context.reply.Ok();
}

// All of them or none. A key that comes twice gets its last value.
void ComputeMsetNx(GatherContext& context) {
  for (const std::optional<kv::ValueView>& value : context.values) {
    if (value.has_value()) return context.reply.Integer(0);
  }
  for (uint32_t key = 0; key < context.values.size(); ++key) {
    kv::ValueView value;
    value.bytes = context.args[size_t{key} * 2 + 1];
    context.writes.push_back({key, false, value});
  }
  context.reply.Integer(1);
}

constexpr Command kStringCommands[] = {
    {.name = "get",
     .arity = 2,
     .flags = kReads | kFast,
     .routing = kOneKey,
     .run = RunGet,
     .summary = "Returns the string value of a key."},
    {.name = "set",
     .arity = -3,
     .flags = kWrites,
     .routing = kOneKey,
     .run = RunSet,
     .summary =
         "Sets the string value of a key, with NX, XX, GET, EX, PX, EXAT, PXAT and KEEPTTL."},
    {.name = "setnx",
     .arity = 3,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunSetNx,
     .summary = "Sets the string value of a key that does not exist yet."},
    {.name = "setex",
     .arity = 4,
     .flags = kWrites,
     .routing = kOneKey,
     .run = RunSetEx,
     .summary = "Sets the string value of a key with a time to live in seconds."},
    {.name = "psetex",
     .arity = 4,
     .flags = kWrites,
     .routing = kOneKey,
     .run = RunPsetEx,
     .summary = "Sets the string value of a key with a time to live in milliseconds."},
    {.name = "getset",
     .arity = 3,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunGetSet,
     .summary = "Sets the string value of a key and returns the old one."},
    {.name = "getdel",
     .arity = 2,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunGetDel,
     .summary = "Returns the string value of a key and deletes the key."},
    {.name = "getex",
     .arity = -2,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunGetEx,
     .summary =
         "Returns the string value of a key and changes its expiry, with EX, PX, EXAT, PXAT and "
         "PERSIST."},
    {.name = "mget",
     .arity = -2,
     .flags = kReads | kFast,
     .routing = kEachKeyInOrder,
     .run = RunMget,
     .summary = "Returns the string values of several keys."},
    {.name = "mset",
     .arity = -3,
     .flags = kWrites,
     .routing = kPairsAllOk,
     .run = RunMset,
     .summary = "Sets the string values of several keys."},
    {.name = "msetnx",
     .arity = -3,
     .flags = kWrites,
     .routing = {Route::kKeys, {1, -1, 2}, Merge::kNone},
     .summary = "Sets the string values of several keys, none of which may exist yet.",
     .compute = ComputeMsetNx},
};

}  // namespace

CommandGroup StringCommands() { return {"string", kStringCommands}; }

}  // namespace corelane::shard
