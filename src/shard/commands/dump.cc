// DUMP and RESTORE: a value as redis writes it, for taking keys from one server to another.

#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shard/commands/commands.h"
#include "shard/commands/rdb_string.h"
#include "shard/commands/string_value.h"

namespace corelane::shard {
namespace {

void RunDump(CommandContext& context) {
  kv::ValueView value;
  if (!context.slice.Get(context.Key(0), &value)) return context.reply.Nil();
  context.reply.Bulk(DumpString(ValueText(value).view()));
}

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;  // the time to live is a point in time
  std::optional<int64_t> idle_s;
  std::optional<int64_t> frequency;
};

bool Fail(CommandContext& context, StatusCode code, std::string_view message) {
  context.reply.Error(code, message);
  return false;
}

bool ParseNumber(CommandContext& context, std::string_view text, int64_t& number) {
  if (kv::ParseInteger(text, number)) return true;
  ReplyNotAnInteger(context.reply);
  return false;
}

bool ParseIdleTime(CommandContext& context, std::string_view text, RestoreOptions& options) {
  int64_t seconds = 0;
  if (!ParseNumber(context, text, seconds)) return false;
  if (seconds < 0) {
    return Fail(context, StatusCode::kBadArgument, "Invalid IDLETIME value, must be >= 0");
  }
  options.idle_s = seconds;
  return true;
}

// Read and checked, and of no use: how often a key is read is not counted.
bool ParseFrequency(CommandContext& context, std::string_view text, RestoreOptions& options) {
  constexpr int64_t kFrequencyMax = 255;
  int64_t frequency = 0;
  if (!ParseNumber(context, text, frequency)) return false;
  if (frequency < 0 || frequency > kFrequencyMax) {
    return Fail(context, StatusCode::kBadArgument, "Invalid FREQ value, must be >= 0 and <= 255");
  }
  options.frequency = frequency;
  return true;
}

bool ParseRestoreOptions(CommandContext& context, RestoreOptions& options) {
  const std::span<const std::string_view> args = context.args;
  for (size_t i = 3; i < args.size(); ++i) {
    const bool more = i + 1 < args.size();
    if (WordIs(args[i], "replace")) {
      options.replace = true;
    } else if (WordIs(args[i], "absttl")) {
      options.absolute = true;
    } else if (WordIs(args[i], "idletime") && more && !options.frequency) {
      if (!ParseIdleTime(context, args[++i], options)) return false;
    } else if (WordIs(args[i], "freq") && more && !options.idle_s) {
      if (!ParseFrequency(context, args[++i], options)) return false;
    } else {
      ReplySyntaxError(context.reply);
      return false;
    }
  }
  return true;
}

// The expiry that the second argument means, 0 being none. False: the reply was an error.
bool ParseExpiry(CommandContext& context, const RestoreOptions& options, kv::ExpiryMillis& at) {
  int64_t ttl = 0;
  if (!ParseNumber(context, context.args[1], ttl)) return false;
  if (ttl < 0) return Fail(context, StatusCode::kBadArgument, "Invalid TTL value, must be >= 0");
  if (ttl == 0) {
    at = kv::kNoExpiry;
  } else if (options.absolute) {
    at = std::min(ttl, kv::kNoExpiry - 1);
  } else {
    at = ExpiryAfter(context.slice.now_ms(), static_cast<uint64_t>(ttl));
  }
  return true;
}

// False: the reply was an error.
bool ReadPayload(CommandContext& context, std::string& text) {
  const std::string_view payload = context.args[2];
  if (!IsDumpSound(payload)) {
    return Fail(context, StatusCode::kBadArgument, "DUMP payload version or checksum are wrong");
  }
  const SliceLimits& limits = context.slice.limits();
  if (!FitsLimit(AnnouncedStringBytes(payload), limits, context.reply)) return false;
  std::optional<std::string> read = RestoreString(payload, limits.value_bytes_max);
  if (!read) return Fail(context, StatusCode::kBadArgument, "Bad data format");
  text = std::move(*read);
  return true;
}

void RunRestore(CommandContext& context) {
  const storage::HashedKey key = context.Key(0);
  if (key.key.size() > context.slice.limits().key_bytes_max) {
    context.reply.Error(StatusCode::kKeyTooLarge, "key exceeds maximum size");
    return;
  }
  RestoreOptions options;
  if (!ParseRestoreOptions(context, options)) return;
  if (!options.replace && context.slice.Get(key, nullptr)) {
    context.reply.Error(StatusCode::kKeyExists, "Target key name already exists.");
    return;
  }
  kv::ValueView value;
  std::string text;
  if (!ParseExpiry(context, options, value.expires_at) || !ReadPayload(context, text)) return;
  if (value.expires_at <= context.slice.now_ms()) {
    // What has expired on its way takes the place of what is there all the same.
    context.slice.Erase(key);
    return context.reply.Ok();
  }
  value.bytes = text;
  if (options.idle_s) {
    const int64_t now_s = context.slice.now_ms() / 1000;
    value.created_at_s = static_cast<uint32_t>(now_s - std::min(*options.idle_s, now_s - 1));
  }
  if (!context.slice.Put(key, value)) return ReplyOutOfMemory(context.reply);
  context.reply.Ok();
}

uint64_t RestoredBytes(std::span<const std::string_view> args) {
  return args.size() < 3 ? 0 : AnnouncedStringBytes(args[2]);
}

constexpr Command kDumpCommands[] = {
    {.name = "dump",
     .arity = 2,
     .flags = kReads,
     .routing = kOneKey,
     .run = RunDump,
     .summary = "Returns the value of a key in redis's own format; numbers as their text.",
     .differs = "long strings are not compressed"},
    {.name = "restore",
     .arity = -4,
     .flags = kWrites | kChecksLimits,  // a payload is longer than its value
     .routing = kOneKey,
     .run = RunRestore,
     .summary = "Stores the string of a payload of DUMP, with REPLACE, ABSTTL, IDLETIME and FREQ.",
     .value_bytes = RestoredBytes,
     .differs = "strings only, and nothing behind them; FREQ is read and not kept"},
};

}  // namespace

CommandGroup DumpCommands() { return {"generic", kDumpCommands}; }

}  // namespace corelane::shard
