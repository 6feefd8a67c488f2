// The words of the meta commands of the memcache protocol. A reply's flags are those of the
// request that ask for something, in the request's order, as memcached prints them.

#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/commands/commands.h"
#include "shard/commands/memcache_values.h"

namespace corelane::shard {
namespace {

// The flags of a request, one after the other.
class MetaFlags {
 public:
  explicit MetaFlags(std::string_view text) : rest_(text) {}

  // False at the end.
  bool Next(std::string_view& flag) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    flag = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(flag.size());
    return !flag.empty();
  }

 private:
  std::string_view rest_;
};

bool HasFlag(std::string_view text, char wanted) {
  MetaFlags flags(text);
  for (std::string_view flag; flags.Next(flag);) {
    if (flag[0] == wanted) return true;
  }
  return false;
}

void AppendKey(std::string_view key, bool binary, std::string& out) {
  if (binary) {
    absl::StrAppend(&out, " k", absl::Base64Escape(base::ToAbsl(key)), " b");
  } else {
    absl::StrAppend(&out, " k", base::ToAbsl(key));
  }
}

// What every reply may give back: the opaque and the key. False: the flag is neither.
bool AppendEcho(std::string_view flag, std::string_view key, bool binary, std::string& out) {
  if (flag[0] == 'O') {
    absl::StrAppend(&out, " ", base::ToAbsl(flag));
  } else if (flag[0] == 'k') {
    AppendKey(key, binary, out);
  } else {
    return false;
  }
  return true;
}

void AppendTimeLeft(kv::ExpiryMillis at, int64_t now_ms, std::string& out) {
  absl::StrAppend(&out, " t", at == kv::kNoExpiry ? -1 : MemcacheSecondsLeft(at, now_ms));
}

// A return code with the opaque, the key and, when it is wanted and there is one, the version.
void ReplyCode(CommandContext& context, std::string_view code, bool binary_key,
               const uint64_t* version = nullptr) {
  std::string flags;
  MetaFlags asked(context.args[2]);
  for (std::string_view flag; asked.Next(flag);) {
    if (AppendEcho(flag, context.args[0], binary_key, flags)) continue;
    if (flag[0] == 'c' && version != nullptr) absl::StrAppend(&flags, " c", *version);
  }
  context.reply.Array(2);
  context.reply.Simple(code);
  context.reply.Bulk(flags);
}

void ReplyNothing(CommandContext& context) { context.reply.Array(0); }

void ReplyHit(CommandContext& context, std::string_view flags, const kv::ValueView* value) {
  if (value == nullptr) {
    context.reply.Array(2);
    context.reply.Simple("HD");
    return context.reply.Bulk(flags);
  }
  std::array<char, kv::kScalarTextBytesMax> scratch;
  context.reply.Array(4);
  context.reply.Simple("VA");
  context.reply.Integer(static_cast<int64_t>(kv::TextOf(*value, scratch).size()));
  context.reply.Bulk(flags);
  context.reply.Value(*value);
}

// ---- mg ----

// One mg under way. The expiry is what the value has at the flag that is being looked at: T and N
// change it for the flags behind them.
struct MetaGet {
  CommandContext& context;
  kv::MemcacheOptions options;
  storage::HashedKey key;
  kv::ValueView value;
  bool created = false;
  bool won = false;
  kv::ExpiryMillis expires_at = kv::kNoExpiry;
  std::string flags = {};
};

// One flag that says something of the value.
void AppendFact(MetaGet& get, char flag) {
  const Slice& slice = get.context.slice;
  std::array<char, kv::kScalarTextBytesMax> scratch;
  switch (flag) {
    case 's':
      absl::StrAppend(&get.flags, " s", kv::TextOf(get.value, scratch).size());
      break;
    case 't':
      AppendTimeLeft(get.expires_at, slice.now_ms(), get.flags);
      break;
    case 'c':
      absl::StrAppend(&get.flags, " c", get.value.version);
      break;
    case 'f':
      absl::StrAppend(&get.flags, " f", get.value.client_flags);
      break;
    case 'l':
      absl::StrAppend(&get.flags, " l", slice.now_ms() / 1000 - get.value.created_at_s);
      break;
    case 'h':
      absl::StrAppend(&get.flags, (get.value.marks & kv::kMarkFetched) != 0 ? " h1" : " h0");
      break;
    default:
      break;
  }
}

// A value with less time left than this is worth recaching, and one client shall do it.
bool WinsRecache(const MetaGet& get) {
  const int64_t now_ms = get.context.slice.now_ms();
  const kv::ExpiryMillis limit = kv::MemcacheExpiry(get.options.recache_exptime, now_ms);
  return (get.value.marks & kv::kMarkTokenSent) == 0 && !get.created &&
         get.expires_at != kv::kNoExpiry && limit != kv::kNoExpiry &&
         MemcacheSecondsLeft(get.expires_at, now_ms) < MemcacheSecondsLeft(limit, now_ms);
}

void WalkFlags(MetaGet& get, std::string_view text) {
  const int64_t now_ms = get.context.slice.now_ms();
  const bool binary = (get.value.marks & kv::kMarkBinaryKey) != 0;
  MetaFlags asked(text);
  for (std::string_view flag; asked.Next(flag);) {
    if (flag[0] == 'T') {
      get.expires_at = kv::MemcacheExpiry(get.options.exptime, now_ms);
    } else if (flag[0] == 'N' && get.created) {
      get.expires_at = kv::MemcacheExpiry(get.options.vivify_exptime, now_ms);
      get.won = true;
    } else if (flag[0] == 'R') {
      get.won = get.won || WinsRecache(get);
    } else if (!AppendEcho(flag, get.key.key, binary, get.flags)) {
      AppendFact(get, flag[0]);
    }
  }
  const bool sent = (get.value.marks & kv::kMarkTokenSent) != 0;
  if (sent) get.flags += " Z";
  if ((get.value.marks & kv::kMarkStale) != 0) {
    get.flags += " X";
    get.won = get.won || !sent;
  }
  if (get.won) get.flags += " W";
}

// Creates the empty value that stands for one that this client will fetch.
bool Vivify(MetaGet& get) {
  Slice& slice = get.context.slice;
  kv::ValueView empty;
  if (get.options.has_new_version) empty.version = get.options.new_version;
  get.created = slice.PutNoted(get.key, empty);
  return get.created;
}

void CountMetaGet(CommandContext& context, bool found, bool touched) {
  LaneCounters& counters = *context.facts.counters;
  if (touched) {
    ++counters.memcache.touches;
    ++(found ? counters.memcache.touch_hits : counters.memcache.touch_misses);
    return;
  }
  ++(found ? counters.reads_hit : counters.reads_missed);
  ++(found ? counters.memcache.get_hits : counters.memcache.get_misses);
}

// key, options, flags
void RunMetaGet(CommandContext& context) {
  Slice& slice = context.slice;
  MetaGet get{.context = context,
              .options = kv::MemcacheOptions::From(context.args[1]),
              .key = context.Key(0),
              .value = {}};
  MemcacheReading reading{.key = get.key,
                          .wants_version = HasFlag(context.args[2], 'c'),
                          .marks_fetched = !get.options.no_update};
  bool found = ReadMemcache(slice, reading, get.value);
  CountMetaGet(context, found || get.options.vivify, found && get.options.has_exptime);
  if (!found && get.options.vivify) {
    found = Vivify(get) && ReadMemcache(slice, reading, get.value);
    if (!found) return ReplyOutOfMemory(context.reply);
  }
  if (!found) {
    if (get.options.quiet) return ReplyNothing(context);
    return ReplyCode(context, "EN", get.options.binary_key);
  }
  get.expires_at = get.value.expires_at;
  const kv::ExpiryMillis expires_before = get.expires_at;
  WalkFlags(get, context.args[2]);
  if (get.won) {
    reading.also_marks = kv::kMarkTokenSent;
    static_cast<void>(ReadMemcache(slice, reading, get.value));
  }
  ReplyHit(context, get.flags, get.options.value ? &get.value : nullptr);
  if (get.expires_at != expires_before) ExpireMemcache(slice, get.key, get.expires_at);
}

// ---- ms ----

// key, options, flags, data
void RunMetaSet(CommandContext& context) {
  const auto options = kv::MemcacheOptions::From(context.args[1]);
  uint64_t version = 0;
  const bool wants_version = HasFlag(context.args[2], 'c');
  const MemcacheStoring storing{.key = context.Key(0),
                                .options = options,
                                .data = context.args[3],
                                .wants_version = wants_version};
  const MemcacheStored stored = StoreMemcache(context, storing, version);
  std::string_view code = "HD";
  switch (stored) {
    case MemcacheStored::kStored:
      if (options.quiet) return ReplyNothing(context);
      break;
    case MemcacheStored::kNotStored:
      code = "NS";
      break;
    case MemcacheStored::kExists:
      code = "EX";
      break;
    case MemcacheStored::kNotFound:
      code = "NF";
      break;
    case MemcacheStored::kNoMemory:
      return ReplyOutOfMemory(context.reply);
  }
  ReplyCode(context, code, options.binary_key, &version);
}

// ---- md ----

// Marks the value as stale, so that the next client that asks recaches it, and takes the value
// itself away where that is wanted. False: out of memory.
bool Invalidate(Slice& slice, const storage::HashedKey& key, const kv::MemcacheOptions& options,
                kv::ValueView value) {
  const kv::ExpiryMillis expires_before = value.expires_at;
  const kv::ExpiryMillis at =
      options.has_exptime ? kv::MemcacheExpiry(options.exptime, slice.now_ms()) : expires_before;
  if (options.invalidate) {
    value.marks = static_cast<kv::Marks>((value.marks | kv::kMarkStale) & ~kv::kMarkTokenSent);
  }
  const uint64_t version = options.has_new_version ? options.new_version : 0;
  if (options.remove_value) {
    value.type = kv::ValueType::kString;
    value.bytes = {};
    value.client_flags = 0;
    value.version = version;
    if (!slice.PutNoted(key, value)) return false;
  } else if (!slice.Annotate(key, value.marks, version)) {
    return false;
  }
  if (at != expires_before) ExpireMemcache(slice, key, at);
  return true;
}

// key, options, flags
void RunMetaDelete(CommandContext& context) {
  Slice& slice = context.slice;
  const auto options = kv::MemcacheOptions::From(context.args[1]);
  const storage::HashedKey key = context.Key(0);
  kv::ValueView value;
  const bool found = slice.Get(key, &value);
  const bool matches = !options.has_cas || (value.version != 0 && value.version == options.cas);
  if (!found || !matches) {
    ++context.facts.counters->memcache.delete_misses;
    return ReplyCode(context, found ? "EX" : "NF", options.binary_key);
  }
  if (!options.invalidate && !options.remove_value) {
    static_cast<void>(EraseMemcache(context, key));
  } else if (!Invalidate(slice, key, options, value)) {
    return ReplyOutOfMemory(context.reply);
  }
  if (options.quiet) return ReplyNothing(context);
  ReplyCode(context, "HD", options.binary_key);
}

// ---- ma ----

struct MetaSum {
  MemcacheSum sum;
  bool created = false;
};

// Stores the initial value of a number that is missing.
MemcacheAdded VivifyNumber(CommandContext& context, const MemcacheStoring& adding, MetaSum& made) {
  const std::string digits = std::to_string(adding.options.initial);
  kv::ValueView value;
  value.bytes = digits;
  if (adding.options.has_new_version) {
    value.version = adding.options.new_version;
  } else if (adding.wants_version) {
    value.version = context.slice.DrawVersion();
  }
  if (!context.slice.PutNoted(adding.key, value)) return MemcacheAdded::kNoMemory;
  ++context.facts.counters->memcache.items_stored;
  made.created = true;
  made.sum.number = adding.options.initial;
  made.sum.version = value.version;
  return MemcacheAdded::kDone;
}

void ReplySum(CommandContext& context, const kv::MemcacheOptions& options, const MetaSum& made) {
  Slice& slice = context.slice;
  kv::ExpiryMillis at = made.sum.expires_at;
  std::string flags;
  MetaFlags asked(context.args[2]);
  for (std::string_view flag; asked.Next(flag);) {
    if (AppendEcho(flag, context.args[0], options.binary_key, flags)) continue;
    if (flag[0] == 'c') {
      absl::StrAppend(&flags, " c", made.sum.version);
    } else if (flag[0] == 't') {
      AppendTimeLeft(at, slice.now_ms(), flags);
    } else if (flag[0] == 'T') {
      at = kv::MemcacheExpiry(options.exptime, slice.now_ms());
    } else if (flag[0] == 'N' && made.created) {
      at = kv::MemcacheExpiry(options.vivify_exptime, slice.now_ms());
    }
  }
  if (at != made.sum.expires_at) ExpireMemcache(slice, context.Key(0), at);
  if (options.quiet && !made.created) return ReplyNothing(context);
  const std::string digits = std::to_string(made.sum.number);
  kv::ValueView value;
  value.bytes = digits;
  ReplyHit(context, flags, options.value ? &value : nullptr);
}

// key, options, flags
void RunMetaArithmetic(CommandContext& context) {
  const auto options = kv::MemcacheOptions::From(context.args[1]);
  MemcacheCounters& counters = context.facts.counters->memcache;
  const MemcacheStoring adding{.key = context.Key(0),
                               .options = options,
                               .data = {},
                               .wants_version = HasFlag(context.args[2], 'c')};
  MetaSum made;
  MemcacheAdded added = AddMemcache(context, adding, made.sum);
  if (added == MemcacheAdded::kNotFound && options.vivify) {
    added = VivifyNumber(context, adding, made);
  }
  switch (added) {
    case MemcacheAdded::kDone:
      return ReplySum(context, options, made);
    case MemcacheAdded::kNotFound:
      ++(options.mode == '+' ? counters.incr_misses : counters.decr_misses);
      return ReplyCode(context, "NF", options.binary_key);
    case MemcacheAdded::kMismatch:
      return ReplyCode(context, "EX", options.binary_key);
    case MemcacheAdded::kNotNumeric:
      context.reply.Error(StatusCode::kBadArgument,
                          "cannot increment or decrement non-numeric value");
      return;
    case MemcacheAdded::kNoMemory:
      return ReplyOutOfMemory(context.reply);
  }
}

// ---- me ----

void RunMetaDebug(CommandContext& context) {
  Slice& slice = context.slice;
  ++context.facts.counters->memcache.metas;
  kv::ValueView value;
  const bool found = ReadMemcache(
      slice, {.key = context.Key(0), .wants_version = true, .marks_fetched = false}, value);
  if (!found) return context.reply.Bulk("EN");
  const bool binary = (value.marks & kv::kMarkBinaryKey) != 0;
  const std::string key(context.args[0]);
  const int64_t left = MemcacheSecondsLeft(value.expires_at, slice.now_ms());
  context.reply.Bulk(absl::StrCat("ME ", binary ? absl::Base64Escape(key) : key,
                                  " exp=", value.expires_at == kv::kNoExpiry ? -1 : -left,
                                  " la=", slice.now_ms() / 1000 - value.created_at_s,
                                  " cas=", value.version,
                                  " fetch=", (value.marks & kv::kMarkFetched) != 0 ? "yes" : "no",
                                  " cls=1 size=", key.size() + value.bytes.size()));
}

constexpr uint32_t kMetaReads = kReads | kInternal | kChecksLimits;
constexpr uint32_t kMetaWrites = kWrites | kInternal | kChecksLimits;

constexpr Command kMetaCommands[] = {
    {"mc.mg", 4, kMetaReads, kOneKey, RunMetaGet, "mg, when it changes nothing that is logged."},
    {"mc.mgw", 4, kMetaWrites, kOneKey, RunMetaGet, "mg with T or N."},
    {"mc.ms", 5, kMetaWrites | kRewrites, kOneKey, RunMetaSet, "ms."},
    {"mc.md", 4, kMetaWrites, kOneKey, RunMetaDelete, "md."},
    {"mc.ma", 4, kMetaWrites | kRewrites, kOneKey, RunMetaArithmetic, "ma."},
    {"mc.me", 2, kMetaReads, kOneKey, RunMetaDebug, "me."},
};

}  // namespace

CommandGroup MemcacheMetaCommands() { return {"memcache", kMetaCommands}; }

}  // namespace corelane::shard
