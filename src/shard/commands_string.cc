// The string commands.

#include <corelane/status.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "shard/commands.h"

namespace corelane::shard {
namespace {

enum class SetCondition { kNone, kIfAbsent, kIfPresent };

struct SetOptions {
  SetCondition condition = SetCondition::kNone;
  kv::ExpiryMillis expires_at = kv::kNoExpiry;
  bool has_expiry = false;
  bool keep_ttl = false;
  bool get = false;
};

// One expiry option of SET with its argument. False: the reply was an error.
bool ParseSetExpiry(CommandContext& context, std::string_view word, std::string_view argument,
                    SetOptions& options) {
  int64_t amount = 0;
  if (!kv::ParseInteger(argument, amount)) {
    ReplyNotAnInteger(context.reply);
    return false;
  }
  const bool seconds = WordIs(word, "ex") || WordIs(word, "exat");
  const bool relative = WordIs(word, "ex") || WordIs(word, "px");
  int64_t at = amount;
  bool fits = amount > 0 && (!seconds || !__builtin_mul_overflow(at, int64_t{1000}, &at));
  fits = fits && (!relative || !__builtin_add_overflow(at, context.slice.now_ms(), &at));
  if (!fits || at >= kv::kNoExpiry) {
    context.reply.Error(StatusCode::kBadArgument, "invalid expire time in 'set' command");
    return false;
  }
  options.expires_at = at;
  options.has_expiry = true;
  return true;
}

std::optional<SetOptions> ParseSetOptions(CommandContext& context) {
  SetOptions options;
  for (size_t i = 2; i < context.args.size(); ++i) {
    const std::string_view word = context.args[i];
    const bool more = i + 1 < context.args.size();
    if (WordIs(word, "nx") && options.condition != SetCondition::kIfPresent) {
      options.condition = SetCondition::kIfAbsent;
    } else if (WordIs(word, "xx") && options.condition != SetCondition::kIfAbsent) {
      options.condition = SetCondition::kIfPresent;
    } else if (WordIs(word, "get")) {
      options.get = true;
    } else if (WordIs(word, "keepttl") && !options.has_expiry) {
      options.keep_ttl = true;
    } else if ((WordIs(word, "ex") || WordIs(word, "px") || WordIs(word, "exat") ||
                WordIs(word, "pxat")) &&
               more && !options.has_expiry && !options.keep_ttl) {
      if (!ParseSetExpiry(context, word, context.args[++i], options)) return std::nullopt;
    } else {
      ReplySyntaxError(context.reply);
      return std::nullopt;
    }
  }
  return options;
}

void StoreString(CommandContext& context, const storage::HashedKey& key, std::string_view bytes) {
  kv::ValueView value;
  value.bytes = bytes;
  if (!context.slice.Put(key, value)) return ReplyOutOfMemory(context.reply);
  context.reply.Ok();
}

void RunSet(CommandContext& context) {
  const storage::HashedKey key = context.Key(0);
  if (context.args.size() == 2) return StoreString(context, key, context.args[1]);

  const std::optional<SetOptions> options = ParseSetOptions(context);
  if (!options) return;
  kv::ValueView old;
  const bool present = context.slice.Get(key, &old);
  const bool wanted = options->condition == SetCondition::kNone ||
                      (options->condition == SetCondition::kIfPresent) == present;
  kv::ValueView value;
  value.bytes = context.args[1];
  value.expires_at = options->keep_ttl && present ? old.expires_at : options->expires_at;
  // The old value is replied before the change: it lives in the entry that the change replaces.
  if (options->get) {
    if (present) {
      context.reply.Value(old);
    } else {
      context.reply.Nil();
    }
  }
  // An absolute time in the past stores nothing: the key is gone at once.
  const bool stored =
      wanted && (value.expires_at <= context.slice.now_ms() ? (context.slice.Erase(key), true)
                                                            : context.slice.Put(key, value));
  if (options->get) return;
  if (!wanted) return context.reply.Nil();
  if (!stored) return ReplyOutOfMemory(context.reply);
  context.reply.Ok();
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

void RunIncr(CommandContext& context) { IncrementAndReply(context, context.Key(0), 1); }
void RunDecr(CommandContext& context) { IncrementAndReply(context, context.Key(0), -1); }

void RunIncrBy(CommandContext& context) {
  int64_t delta = 0;
  if (!kv::ParseInteger(context.args[1], delta)) return ReplyNotAnInteger(context.reply);
  IncrementAndReply(context, context.Key(0), delta);
}

void RunDecrBy(CommandContext& context) {
  int64_t delta = 0;
  if (!kv::ParseInteger(context.args[1], delta)) return ReplyNotAnInteger(context.reply);
  if (delta == INT64_MIN) {
    context.reply.Error(StatusCode::kOverflow, "decrement would overflow");
    return;
  }
  IncrementAndReply(context, context.Key(0), -delta);
}

constexpr Command kStringCommands[] = {
    {"get", 2, kReads, kOneKey, RunGet, "Returns the string value of a key."},
    {"set", -3, kWrites, kOneKey, RunSet,
     "Sets the string value of a key, with NX, XX, GET, EX, PX, EXAT, PXAT and KEEPTTL."},
    {"mget", -2, kReads, kEachKeyInOrder, RunMget, "Returns the string values of several keys."},
    {"mset", -3, kWrites, kPairsAllOk, RunMset, "Sets the string values of several keys."},
    {"incr", 2, kWrites, kOneKey, RunIncr,
     "Adds one to the integer value of a key; an absent key counts as 0."},
    {"decr", 2, kWrites, kOneKey, RunDecr,
     "Takes one from the integer value of a key; an absent key counts as 0."},
    {"incrby", 3, kWrites, kOneKey, RunIncrBy, "Adds a number to the integer value of a key."},
    {"decrby", 3, kWrites, kOneKey, RunDecrBy, "Takes a number from the integer value of a key."},
};

}  // namespace

CommandGroup StringCommands() { return {"string", kStringCommands}; }

}  // namespace corelane::shard
