// Commands on the time to live of keys.

#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

constexpr int64_t kSecond = 1000;  // in milliseconds

// One of the commands that set an expiry: what its number counts, and from when.
struct ExpireForm {
  std::string_view command;
  int64_t unit_ms = 1;
  bool from_now = false;
};

struct ExpireConditions {
  bool only_without = false;  // NX: there is no expiry yet
  bool only_with = false;     // XX
  bool only_later = false;    // GT: a key without expiry lives longer than any other
  bool only_earlier = false;  // LT

  [[nodiscard]] bool Allow(kv::ExpiryMillis now, kv::ExpiryMillis wanted) const {
    const bool expires = now != kv::kNoExpiry;
    return !(only_without && expires) && !(only_with && !expires) &&
           !(only_later && wanted <= now) && !(only_earlier && wanted >= now);
  }
};

// Nothing: the reply was an error.
std::optional<ExpireConditions> ParseConditions(CommandContext& context) {
  ExpireConditions conditions;
  for (const std::string_view word : context.args.subspan(2)) {
    if (WordIs(word, "nx")) {
      conditions.only_without = true;
    } else if (WordIs(word, "xx")) {
      conditions.only_with = true;
    } else if (WordIs(word, "gt")) {
      conditions.only_later = true;
    } else if (WordIs(word, "lt")) {
      conditions.only_earlier = true;
    } else {
      context.reply.Error(StatusCode::kBadArgument,
                          absl::StrCat("Unsupported option ", base::ToAbsl(word)));
      return std::nullopt;
    }
  }
  std::string_view problem;
  if (conditions.only_without &&
      (conditions.only_with || conditions.only_later || conditions.only_earlier)) {
    problem = "NX and XX, GT or LT options at the same time are not compatible";
  } else if (conditions.only_later && conditions.only_earlier) {
    problem = "GT and LT options at the same time are not compatible";
  }
  if (problem.empty()) return conditions;
  context.reply.Error(StatusCode::kBadArgument, problem);
  return std::nullopt;
}

// The absolute time that the argument means. Nothing: the reply was an error.
std::optional<int64_t> ParseExpiry(CommandContext& context, const ExpireForm& form) {
  int64_t amount = 0;
  if (!kv::ParseInteger(context.args[1], amount)) {
    ReplyNotAnInteger(context.reply);
    return std::nullopt;
  }
  const int64_t base_ms = form.from_now ? context.slice.now_ms() : 0;
  int64_t at = 0;
  if (__builtin_mul_overflow(amount, form.unit_ms, &at) ||
      __builtin_add_overflow(at, base_ms, &at)) {
    context.reply.Error(
        StatusCode::kBadArgument,
        absl::StrCat("invalid expire time in '", base::ToAbsl(form.command), "' command"));
    return std::nullopt;
  }
  return std::min(at, kv::kNoExpiry - 1);
}

void Expire(CommandContext& context, const ExpireForm& form) {
  const std::optional<ExpireConditions> conditions = ParseConditions(context);
  if (!conditions) return;
  const std::optional<int64_t> at = ParseExpiry(context, form);
  if (!at) return;
  kv::ValueView value;
  const storage::HashedKey key = context.Key(0);
  const bool set = context.slice.Get(key, &value) && conditions->Allow(value.expires_at, *at) &&
                   ExpireAt(context, key, *at);
  context.reply.Integer(set ? 1 : 0);
}

void RunExpire(CommandContext& context) { Expire(context, {"expire", kSecond, true}); }
void RunPexpire(CommandContext& context) { Expire(context, {"pexpire", 1, true}); }
void RunExpireAt(CommandContext& context) { Expire(context, {"expireat", kSecond, false}); }
void RunPexpireAt(CommandContext& context) { Expire(context, {"pexpireat", 1, false}); }

// The expiry of the key; below zero: what the four commands below answer when there is none.
int64_t ExpiryOrReason(CommandContext& context) {
  constexpr int64_t kNoSuchKey = -2;
  constexpr int64_t kNever = -1;
  kv::ValueView value;
  if (!context.slice.Get(context.Key(0), &value)) return kNoSuchKey;
  return value.expires_at == kv::kNoExpiry ? kNever : value.expires_at;
}

// To whole seconds, halves upwards.
int64_t RoundToSeconds(int64_t ms) { return ms / kSecond + (ms % kSecond >= kSecond / 2 ? 1 : 0); }

void RunTtl(CommandContext& context) {
  const int64_t expiry = ExpiryOrReason(context);
  context.reply.Integer(expiry < 0 ? expiry : RoundToSeconds(expiry - context.slice.now_ms()));
}

void RunPttl(CommandContext& context) {
  const int64_t expiry = ExpiryOrReason(context);
  context.reply.Integer(expiry < 0 ? expiry : expiry - context.slice.now_ms());
}

void RunExpireTime(CommandContext& context) {
  const int64_t expiry = ExpiryOrReason(context);
  context.reply.Integer(expiry < 0 ? expiry : RoundToSeconds(expiry));
}

void RunPexpireTime(CommandContext& context) { context.reply.Integer(ExpiryOrReason(context)); }

void RunPersist(CommandContext& context) {
  const storage::HashedKey key = context.Key(0);
  const bool removed = ExpiryOrReason(context) >= 0 &&
                       context.slice.SetExpiry(key, kv::kNoExpiry) == storage::ExpireResult::kSet;
  context.reply.Integer(removed ? 1 : 0);
}

constexpr Command kExpiryCommands[] = {
    {"expire", -3, kWrites | kFast, kOneKey, RunExpire,
     "Sets the time to live of a key in seconds, with NX, XX, GT and LT."},
    {"pexpire", -3, kWrites | kFast, kOneKey, RunPexpire,
     "Sets the time to live of a key in milliseconds, with NX, XX, GT and LT."},
    {"expireat", -3, kWrites | kFast, kOneKey, RunExpireAt,
     "Sets when a key expires, in Unix seconds, with NX, XX, GT and LT."},
    {.name = "pexpireat",
     .arity = -3,
     .flags = kWrites | kFast,
     .routing = kOneKey,
     .run = RunPexpireAt,
     .summary = "Sets when a key expires, in Unix milliseconds, with NX, XX, GT and LT.",
     .differs = "the last millisecond that 64 bits can say counts as the one before it"},
    {"ttl", 2, kReads | kFast, kOneKey, RunTtl,
     "Returns the time to live of a key in seconds; -1 without one, -2 without the key."},
    {"pttl", 2, kReads | kFast, kOneKey, RunPttl,
     "Returns the time to live of a key in milliseconds; -1 without one, -2 without the key."},
    {"expiretime", 2, kReads | kFast, kOneKey, RunExpireTime,
     "Returns when a key expires in Unix seconds; -1 if never, -2 without the key."},
    {"pexpiretime", 2, kReads | kFast, kOneKey, RunPexpireTime,
     "Returns when a key expires in Unix milliseconds; -1 if never, -2 without the key."},
    {"persist", 2, kWrites | kFast, kOneKey, RunPersist, "Removes the time to live of a key."},
};

}  // namespace

CommandGroup ExpiryCommands() { return {"generic", kExpiryCommands}; }

}  // namespace corelane::shard
