// Commands on keys, whatever their values are.

#include <corelane/status.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/commands.h"
#include "shard/cursor.h"
#include "shard/glob.h"

namespace corelane::shard {
namespace {

void ExpireAfter(CommandContext& context, std::string_view command, int64_t unit_ms) {
  int64_t amount = 0;
  if (!kv::ParseInteger(context.args[1], amount)) return ReplyNotAnInteger(context.reply);
  if (context.args.size() > 2) {
    context.reply.Error(StatusCode::kBadArgument,
                        absl::StrCat("Unsupported option ", base::ToAbsl(context.args[2])));
    return;
  }
  int64_t at = 0;
  if (__builtin_mul_overflow(amount, unit_ms, &at) ||
      __builtin_add_overflow(at, context.slice.now_ms(), &at) || at >= kv::kNoExpiry) {
    context.reply.Error(StatusCode::kBadArgument, absl::StrCat("invalid expire time in '",
                                                               base::ToAbsl(command), "' command"));
    return;
  }
  context.reply.Integer(ExpireAt(context, context.Key(0), at) ? 1 : 0);
}

// What TTL and PTTL answer: -2 no such key, -1 no expiry.
int64_t RemainingMillis(CommandContext& context) {
  kv::ValueView value;
  if (!context.slice.Get(context.Key(0), &value)) return -2;
  if (value.expires_at == kv::kNoExpiry) return -1;
  return value.expires_at - context.slice.now_ms();
}

struct ScanOptions {
  std::string_view match;
  bool has_match = false;
  bool only_strings = true;  // false: TYPE named something that no key is
  int64_t count = 10;
};

bool ParseScanOptions(CommandContext& context, ScanOptions& options) {
  for (size_t i = 1; i < context.args.size(); i += 2) {
    if (i + 1 >= context.args.size()) {
      ReplySyntaxError(context.reply);
      return false;
    }
    const std::string_view argument = context.args[i + 1];
    if (WordIs(context.args[i], "match")) {
      options.match = argument;
      options.has_match = argument != "*";
    } else if (WordIs(context.args[i], "count")) {
      if (!kv::ParseInteger(argument, options.count)) {
        ReplyNotAnInteger(context.reply);
        return false;
      }
      if (options.count < 1) {
        ReplySyntaxError(context.reply);
        return false;
      }
    } else if (WordIs(context.args[i], "type")) {
      options.only_strings = WordIs(argument, "string");
    } else {
      ReplySyntaxError(context.reply);
      return false;
    }
  }
  return true;
}

void RunDel(CommandContext& context) {
  int64_t erased = 0;
  for (size_t i = 0; i < context.args.size(); ++i) {
    if (context.slice.Erase(context.Key(i, i))) ++erased;
  }
  context.reply.Integer(erased);
}

void RunExists(CommandContext& context) {
  int64_t present = 0;
  for (size_t i = 0; i < context.args.size(); ++i) {
    if (context.slice.Get(context.Key(i, i), nullptr)) ++present;
  }
  context.reply.Integer(present);
}

void RunType(CommandContext& context) {
  context.reply.Simple(context.slice.Get(context.Key(0), nullptr) ? "string" : "none");
}

void RunExpire(CommandContext& context) { ExpireAfter(context, "expire", 1000); }
void RunPexpire(CommandContext& context) { ExpireAfter(context, "pexpire", 1); }

void RunTtl(CommandContext& context) {
  const int64_t remaining_ms = RemainingMillis(context);
  context.reply.Integer(remaining_ms < 0 ? remaining_ms : (remaining_ms + 500) / 1000);
}

void RunPttl(CommandContext& context) { context.reply.Integer(RemainingMillis(context)); }

void RunPersist(CommandContext& context) {
  kv::ValueView value;
  const storage::HashedKey key = context.Key(0);
  const bool had_expiry = context.slice.Get(key, &value) && value.expires_at != kv::kNoExpiry;
  const bool removed =
      had_expiry && context.slice.SetExpiry(key, kv::kNoExpiry) == storage::ExpireResult::kSet;
  context.reply.Integer(removed ? 1 : 0);
}

void RunScan(CommandContext& context) {
  ScanOptions options;
  if (!ParseScanOptions(context, options)) return;
  uint64_t cursor = 0;
  const std::string_view text = context.args[0];
  std::from_chars(text.data(), text.data() + text.size(), cursor);

  // A step takes whole stripes until it has seen `count` entries, matching or not, as redis counts
  // them.
  Slice& slice = context.slice;
  slice.ReadAll();
  std::vector<std::string_view> keys;
  int64_t seen = 0;
  const int64_t enough = std::min(options.count, kWalkStepEntriesMax);
  storage::WalkCursor place = CursorPlace(cursor);
  do {
    place = slice.engine().VisitStripe(place, [&](const storage::EntryView& entry) {
      ++seen;
      if (entry.value.expires_at <= slice.now_ms() || !options.only_strings) return;
      if (options.has_match && !GlobMatches(options.match, entry.key, GlobCase::kExact)) return;
      keys.push_back(entry.key);
    });
  } while (place != storage::kWalkStart && seen < enough);

  context.reply.Array(2);
  context.reply.Bulk(std::to_string(NextCursor(slice.lane(), place, slice.lanes())));
  context.reply.Array(keys.size());
  for (const std::string_view key : keys) context.reply.Bulk(key);
}

constexpr Command kKeyCommands[] = {
    {"del", -2, kWrites, kEachKeySummed, RunDel, "Deletes keys; returns how many there were."},
    {"unlink", -2, kWrites, kEachKeySummed, RunDel, "Deletes keys; returns how many there were."},
    {"exists", -2, kReads, kEachKeySummed, RunExists, "Returns how many of the keys exist."},
    {"type", 2, kReads, kOneKey, RunType, "Returns the type of a key: string or none."},
    {"expire", -3, kWrites, kOneKey, RunExpire, "Sets the time to live of a key in seconds."},
    {"pexpire", -3, kWrites, kOneKey, RunPexpire,
     "Sets the time to live of a key in milliseconds."},
    {"ttl", 2, kReads, kOneKey, RunTtl,
     "Returns the time to live of a key in seconds; -1 without one, -2 without the key."},
    {"pttl", 2, kReads, kOneKey, RunPttl,
     "Returns the time to live of a key in milliseconds; -1 without one, -2 without the key."},
    {"persist", 2, kWrites, kOneKey, RunPersist, "Removes the time to live of a key."},
    {"scan", -2, kReads, kByCursor, RunScan, "Walks over the keys, with MATCH, COUNT and TYPE."},
};

}  // namespace

CommandGroup KeyCommands() { return {"generic", kKeyCommands}; }

}  // namespace corelane::shard
