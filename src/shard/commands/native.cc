// The words that the binary protocol's opcodes stand for and that no redis command says. Their
// fixed fields are raw little-endian bytes, as they came; PROTOCOL.md has the layouts.

#include <corelane/status.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "shard/commands/commands.h"
#include "shard/cursor.h"

namespace corelane::shard {
namespace {

constexpr uint64_t kNoTtl = UINT64_MAX;

// True when `field` has the size of a T; otherwise the reply was an error.
template <typename T>
bool TakeField(CommandContext& context, std::string_view field, T& value) {
  if (field.size() != sizeof(T)) {
    context.reply.Error(StatusCode::kBadArgument, "a fixed field has the wrong size");
    return false;
  }
  value = base::LoadLittle<T>(field.data());
  return true;
}

// key, type (u8), ttl_ms (u64, all ones: none), value
void RunNativePut(CommandContext& context) {
  uint8_t type = 0;
  uint64_t ttl_ms = 0;
  if (!TakeField(context, context.args[1], type) || !TakeField(context, context.args[2], ttl_ms)) {
    return;
  }
  kv::ValueView value;
  value.type = static_cast<kv::ValueType>(type);
  value.bytes = context.args[3];
  if (type > kv::kValueTypeMax || !kv::IsWellFormed(value.type, value.bytes)) {
    context.reply.Error(StatusCode::kBadArgument, "the value does not fit its type");
    return;
  }
  if (ttl_ms == 0) {
    // Expired at once: what was there is gone, and nothing is stored.
    context.slice.Erase(context.Key(0));
    context.reply.Ok();
    return;
  }
  if (ttl_ms != kNoTtl) value.expires_at = ExpiryAfter(context.slice.now_ms(), ttl_ms);
  if (!context.slice.Put(context.Key(0), value)) return ReplyOutOfMemory(context.reply);
  context.reply.Ok();
}

// Best effort: counts what went in.
void RunNativeMultiPut(CommandContext& context) {
  int64_t stored = 0;
  for (size_t i = 0; i + 1 < context.args.size(); i += 2) {
    kv::ValueView value;
    value.bytes = context.args[i + 1];
    const bool fits = context.args[i].size() <= context.slice.limits().key_bytes_max &&
                      value.bytes.size() <= context.slice.limits().value_bytes_max;
    if (fits && context.slice.Put(context.Key(i, i / 2), value)) ++stored;
  }
  context.reply.Integer(stored);
}

// key, delta (i64)
void RunNativeIncrement(CommandContext& context) {
  int64_t delta = 0;
  if (!TakeField(context, context.args[1], delta)) return;
  IncrementAndReply(context, context.Key(0), delta);
}

// key, ttl_ms (u64)
void RunNativeExpire(CommandContext& context) {
  uint64_t ttl_ms = 0;
  if (!TakeField(context, context.args[1], ttl_ms)) return;
  const kv::ExpiryMillis at = ExpiryAfter(context.slice.now_ms(), ttl_ms);
  context.reply.Integer(ExpireAt(context, context.Key(0), at) ? 1 : 0);
}

// cursor (u64), wanted (u32): whole stripes until that many keys are found, or the step is long
// enough.
void RunNativeList(CommandContext& context) {
  uint64_t cursor = 0;
  uint32_t keys_wanted = 0;
  if (!TakeField(context, context.args[0], cursor) ||
      !TakeField(context, context.args[1], keys_wanted)) {
    return;
  }
  Slice& slice = context.slice;
  slice.ReadAll();
  std::vector<std::string_view> keys;
  storage::WalkCursor place = CursorPlace(cursor);
  int64_t seen = 0;
  do {
    place = slice.engine().VisitStripe(place, [&](const storage::EntryView& entry) {
      ++seen;
      if (entry.value.expires_at > slice.now_ms()) keys.push_back(entry.key);
    });
  } while (place != storage::kWalkStart && keys.size() < keys_wanted && seen < kWalkStepEntriesMax);

  context.reply.Array(2);
  context.reply.Integer(static_cast<int64_t>(NextCursor(slice.lane(), place, slice.lanes())));
  context.reply.Array(keys.size());
  for (const std::string_view key : keys) context.reply.Bulk(key);
}

constexpr Command kNativeCommands[] = {
    {"cl.put", 5, kWrites | kInternal, kOneKey, RunNativePut, "PUT_TTL and PUT_TYPED."},
    {"cl.get", 2, kReads | kInternal, kOneKey, RunGet, "GET_TYPED."},
    {"cl.mput", -3, kWrites | kInternal | kChecksLimits | kPerKey, kPairsSummed, RunNativeMultiPut,
     "MULTI_PUT: best effort, returns how many went in."},
    {"cl.incr", 3, kWrites | kInternal, kOneKey, RunNativeIncrement, "INCREMENT."},
    {"cl.expire", 3, kWrites | kInternal, kOneKey, RunNativeExpire, "EXPIRE."},
    {"cl.list", 3, kReads | kInternal, kByCursor, RunNativeList, "LIST."},
};

}  // namespace

CommandGroup NativeCommands() { return {"native", kNativeCommands}; }

}  // namespace corelane::shard
