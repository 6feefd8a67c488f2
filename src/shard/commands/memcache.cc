// The words of the classic memcache commands. The codec has parsed their numbers
// (kv/memcache.h) and knows their replies' shapes.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "shard/commands/commands.h"
#include "shard/commands/memcache_values.h"

namespace corelane::shard {
namespace {

constexpr Routing kKeysWithTimesInOrder = {Route::kKeys, {1, -1, 2}, Merge::kInOrder};

// A value, or nothing, of a list of values.
void ReplyListed(CommandContext& context, std::string_view key, const kv::ValueView* value) {
  if (value == nullptr) return context.reply.Nil();
  context.reply.Array(2);
  context.reply.Bulk(key);
  context.reply.Value(*value);
}

void GetListed(CommandContext& context, bool wants_version) {
  LaneCounters& counters = *context.facts.counters;
  context.reply.Array(context.args.size());
  for (size_t i = 0; i < context.args.size(); ++i) {
    kv::ValueView value;
    const bool found = ReadMemcache(
        context.slice, {.key = context.Key(i, i), .wants_version = wants_version}, value);
    ++(found ? counters.reads_hit : counters.reads_missed);
    ++(found ? counters.memcache.get_hits : counters.memcache.get_misses);
    ReplyListed(context, context.args[i], found ? &value : nullptr);
  }
}

void RunMemcacheGet(CommandContext& context) { GetListed(context, false); }
void RunMemcacheGets(CommandContext& context) { GetListed(context, true); }

// key, options, for each key: the time is the same for all, but each lane gets it with its keys.
void GetAndTouchListed(CommandContext& context, bool wants_version) {
  Slice& slice = context.slice;
  MemcacheCounters& counters = context.facts.counters->memcache;
  context.reply.Array(context.args.size() / 2);
  for (size_t i = 0; i + 1 < context.args.size(); i += 2) {
    const auto options = kv::MemcacheOptions::From(context.args[i + 1]);
    const storage::HashedKey key = context.Key(i, i / 2);
    kv::ValueView value;
    const bool found = ReadMemcache(slice, {.key = key, .wants_version = wants_version}, value);
    ++counters.touches;
    ++(found ? counters.touch_hits : counters.touch_misses);
    // The value is replied before its entry changes.
    ReplyListed(context, key.key, found ? &value : nullptr);
    if (found) ExpireMemcache(slice, key, kv::MemcacheExpiry(options.exptime, slice.now_ms()));
  }
}

void RunMemcacheGat(CommandContext& context) { GetAndTouchListed(context, false); }
void RunMemcacheGats(CommandContext& context) { GetAndTouchListed(context, true); }

// key, options, data
void RunMemcacheStore(CommandContext& context) {
  const auto options = kv::MemcacheOptions::From(context.args[1]);
  uint64_t version = 0;
  switch (StoreMemcache(
      context, {.key = context.Key(0), .options = options, .data = context.args[2]}, version)) {
    case MemcacheStored::kStored:
      return context.reply.Simple("STORED");
    case MemcacheStored::kNotStored:
      return context.reply.Simple("NOT_STORED");
    case MemcacheStored::kExists:
      return context.reply.Simple("EXISTS");
    case MemcacheStored::kNotFound:
      return context.reply.Simple("NOT_FOUND");
    case MemcacheStored::kNoMemory:
      return ReplyOutOfMemory(context.reply);
  }
}

// key, options
void RunMemcacheArithmetic(CommandContext& context) {
  const auto options = kv::MemcacheOptions::From(context.args[1]);
  MemcacheCounters& counters = context.facts.counters->memcache;
  MemcacheSum sum;
  switch (AddMemcache(context, {.key = context.Key(0), .options = options, .data = {}}, sum)) {
    case MemcacheAdded::kDone:
      return context.reply.Simple(std::to_string(sum.number));
    case MemcacheAdded::kNotNumeric:
      context.reply.Error(StatusCode::kBadArgument,
                          "cannot increment or decrement non-numeric value");
      return;
    case MemcacheAdded::kNoMemory:
      return ReplyOutOfMemory(context.reply);
    case MemcacheAdded::kMismatch:  // no version was asked for
    case MemcacheAdded::kNotFound:
      ++(options.mode == '+' ? counters.incr_misses : counters.decr_misses);
      return context.reply.Simple("NOT_FOUND");
  }
}

void RunMemcacheDelete(CommandContext& context) {
  context.reply.Simple(EraseMemcache(context, context.Key(0)) ? "DELETED" : "NOT_FOUND");
}

// key, options
void RunMemcacheTouch(CommandContext& context) {
  Slice& slice = context.slice;
  const auto options = kv::MemcacheOptions::From(context.args[1]);
  MemcacheCounters& counters = context.facts.counters->memcache;
  ++counters.touches;
  kv::ValueView value;
  const bool found = ReadMemcache(slice, {.key = context.Key(0)}, value);
  ++(found ? counters.touch_hits : counters.touch_misses);
  if (!found) return context.reply.Simple("NOT_FOUND");
  ExpireMemcache(slice, context.Key(0), kv::MemcacheExpiry(options.exptime, slice.now_ms()));
  context.reply.Simple("TOUCHED");
}

// Of a value that was too long to be read, what it should have replaced goes.
void RunMemcacheTooLarge(CommandContext& context) {
  ++context.facts.counters->memcache.store_too_large;
  context.slice.Erase(context.Key(0));
  context.reply.Error(StatusCode::kValueTooLarge, "value exceeds maximum size");
}

// options
void RunMemcacheFlush(CommandContext& context) {
  Slice& slice = context.slice;
  const auto options = kv::MemcacheOptions::From(context.args[0]);
  ++context.facts.counters->memcache.flushes;
  const kv::ExpiryMillis at =
      options.exptime > 0 ? kv::MemcacheExpiry(options.exptime, slice.now_ms()) : 0;
  if (at > slice.now_ms()) {
    slice.ClearAt(at);
  } else {
    slice.Clear();
  }
  context.reply.Ok();
}

void RunMemcacheReset(CommandContext& context) {
  context.facts.counters->memcache = {};
  context.reply.Simple("RESET");
}

void MergeMemcacheReset(MergeContext& context) { context.reply.Simple("RESET"); }

constexpr uint32_t kMemcacheReads = kReads | kInternal | kChecksLimits;
constexpr uint32_t kMemcacheWrites = kWrites | kInternal | kChecksLimits;

// The codec keeps keys and values within the limits.
constexpr Command kMemcacheCommands[] = {
    {"mc.get", -2, kMemcacheReads | kPerKey, kEachKeyInOrder, RunMemcacheGet, "get."},
    {"mc.gets", -2, kMemcacheReads | kPerKey, kEachKeyInOrder, RunMemcacheGets, "gets."},
    {"mc.gat", -3, kMemcacheWrites | kPerKey, kKeysWithTimesInOrder, RunMemcacheGat, "gat."},
    {"mc.gats", -3, kMemcacheWrites | kPerKey, kKeysWithTimesInOrder, RunMemcacheGats, "gats."},
    {"mc.store", 4, kMemcacheWrites | kRewrites, kOneKey, RunMemcacheStore,
     "set, add, replace, append, prepend and cas."},
    {"mc.arith", 3, kMemcacheWrites | kRewrites, kOneKey, RunMemcacheArithmetic, "incr and decr."},
    {"mc.delete", 2, kMemcacheWrites, kOneKey, RunMemcacheDelete, "delete."},
    {"mc.touch", 3, kMemcacheWrites, kOneKey, RunMemcacheTouch, "touch."},
    {"mc.toolarge", 2, kMemcacheWrites, kOneKey, RunMemcacheTooLarge,
     "A set of a value that is too long."},
    {"mc.flush", 2, kMemcacheWrites, kAllLanesOk, RunMemcacheFlush, "flush_all."},
    {"mc.reset", 1, kInternal, kAllLanesMerged, RunMemcacheReset, "stats reset.",
     MergeMemcacheReset},
};

}  // namespace

CommandGroup MemcacheCommands() { return {"memcache", kMemcacheCommands}; }

}  // namespace corelane::shard
