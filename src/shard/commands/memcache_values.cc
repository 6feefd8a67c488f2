#include "shard/commands/memcache_values.h"

#include <array>
#include <charconv>
#include <string>
#include <string_view>

namespace corelane::shard {
namespace {

using kv::MemcacheMode;

enum class CasMatch : uint8_t { kNotAsked, kSame, kOlder, kDiffers };

// How the version that the client gave compares with that of the value. A value without one was
// written after every version that anybody has heard of.
CasMatch CompareVersion(Slice& slice, const kv::MemcacheOptions& options,
                        const kv::ValueView& value) {
  if (options.cas == 0) return CasMatch::kNotAsked;
  if (options.cas == value.version) return CasMatch::kSame;
  const uint64_t version = value.version != 0 ? value.version : slice.NextVersion();
  return options.invalidate && options.cas < version ? CasMatch::kOlder : CasMatch::kDiffers;
}

MemcacheMode ModeOf(const kv::MemcacheOptions& options) {
  const auto mode = static_cast<MemcacheMode>(options.mode);
  const bool may_compare = mode == MemcacheMode::kSet || mode == MemcacheMode::kReplace;
  return options.has_cas && may_compare ? MemcacheMode::kCompareAndSwap : mode;
}

// What becomes of storing over nothing, or kStored when it shall be done.
MemcacheStored JudgeAbsent(MemcacheMode mode, MemcacheCounters& counters) {
  switch (mode) {
    case MemcacheMode::kSet:
    case MemcacheMode::kAdd:
      return MemcacheStored::kStored;
    case MemcacheMode::kCompareAndSwap:
      ++counters.cas_misses;
      return MemcacheStored::kNotFound;
    default:
      return MemcacheStored::kNotStored;
  }
}

MemcacheStored JudgePresent(MemcacheMode mode, CasMatch match, MemcacheCounters& counters) {
  switch (mode) {
    case MemcacheMode::kAdd:
      return MemcacheStored::kNotStored;
    case MemcacheMode::kCompareAndSwap: {
      const bool passes = match == CasMatch::kSame || match == CasMatch::kOlder;
      ++(passes ? counters.cas_hits : counters.cas_badval);
      return passes ? MemcacheStored::kStored : MemcacheStored::kExists;
    }
    case MemcacheMode::kAppend:
    case MemcacheMode::kPrepend:
      return match == CasMatch::kNotAsked || match == CasMatch::kSame ? MemcacheStored::kStored
                                                                      : MemcacheStored::kExists;
    default:
      return MemcacheStored::kStored;
  }
}

// The new value of an append or prepend: flags and expiry stay. False: too long.
bool Join(const SliceLimits& limits, MemcacheMode mode, const kv::ValueView& old,
          std::string_view data, std::string& joined) {
  std::array<char, kv::kScalarTextBytesMax> scratch;
  const std::string_view text = kv::TextOf(old, scratch);
  if (text.size() + data.size() > limits.value_bytes_max) return false;
  joined.reserve(text.size() + data.size());
  joined = mode == MemcacheMode::kAppend ? text : data;
  joined += mode == MemcacheMode::kAppend ? data : text;
  return true;
}

uint64_t VersionFor(Slice& slice, const MemcacheStoring& storing) {
  if (storing.options.has_new_version) return storing.options.new_version;
  return storing.wants_version ? slice.DrawVersion() : 0;
}

MemcacheStored PutOrDrop(CommandContext& context, const storage::HashedKey& key,
                         const kv::ValueView& value) {
  ++context.facts.counters->memcache.items_stored;
  if (value.expires_at <= context.slice.now_ms()) {
    context.slice.Erase(key);
    return MemcacheStored::kStored;
  }
  return context.slice.PutNoted(key, value) ? MemcacheStored::kStored : MemcacheStored::kNoMemory;
}

// The sum as it is stored. What had been a number of another protocol stays one; text keeps its
// length, as memcached writes over it in place.
struct SumText {
  std::array<char, kv::kScalarTextBytesMax> digits;
  std::string padded;
  std::string_view view;
};

void WriteSum(uint64_t number, size_t bytes_before, SumText& text) {
  const auto end =
      std::to_chars(text.digits.data(), text.digits.data() + text.digits.size(), number);
  text.view = {text.digits.data(), static_cast<size_t>(end.ptr - text.digits.data())};
  if (text.view.size() >= bytes_before) return;
  text.padded.assign(bytes_before, ' ');
  text.padded.replace(0, text.view.size(), text.view);
  text.view = text.padded;
}

}  // namespace

MemcacheStored StoreMemcache(CommandContext& context, const MemcacheStoring& storing,
                             uint64_t& version) {
  Slice& slice = context.slice;
  MemcacheCounters& counters = context.facts.counters->memcache;
  ++counters.sets;
  const MemcacheMode mode = ModeOf(storing.options);
  kv::ValueView old;
  const bool present = slice.Get(storing.key, &old);
  const CasMatch match = present ? CompareVersion(slice, storing.options, old) : CasMatch::kDiffers;
  const MemcacheStored judged =
      present ? JudgePresent(mode, match, counters) : JudgeAbsent(mode, counters);
  if (judged != MemcacheStored::kStored) return judged;

  kv::ValueView value;
  value.bytes = storing.data;
  value.expires_at = kv::MemcacheExpiry(storing.options.exptime, slice.now_ms());
  value.client_flags = storing.options.client_flags;
  value.marks = storing.options.binary_key ? kv::kMarkBinaryKey : kv::Marks{0};
  std::string joined;
  if (mode == MemcacheMode::kAppend || mode == MemcacheMode::kPrepend) {
    if (!Join(slice.limits(), mode, old, storing.data, joined)) return MemcacheStored::kNotStored;
    value.bytes = joined;
    value.expires_at = old.expires_at;
    value.client_flags = old.client_flags;
    value.marks = 0;
  } else if (mode == MemcacheMode::kCompareAndSwap && match == CasMatch::kOlder) {
    // It replaces what is newer, so it is no better than stale; whoever holds the token still does.
    value.expires_at = old.expires_at;
    value.marks |= static_cast<kv::Marks>(kv::kMarkStale | (old.marks & kv::kMarkTokenSent));
  }
  value.version = version = VersionFor(slice, storing);
  return PutOrDrop(context, storing.key, value);
}

MemcacheAdded AddMemcache(CommandContext& context, const MemcacheStoring& adding,
                          MemcacheSum& sum) {
  Slice& slice = context.slice;
  const kv::MemcacheOptions& options = adding.options;
  kv::ValueView value;
  if (!slice.Get(adding.key, &value)) return MemcacheAdded::kNotFound;
  std::array<char, kv::kScalarTextBytesMax> scratch;
  const std::string_view text = kv::TextOf(value, scratch);
  if (text.empty()) return MemcacheAdded::kNotNumeric;
  if (options.cas != 0 && options.cas != value.version) return MemcacheAdded::kMismatch;
  if (!kv::ParseMemcacheNumber(text, sum.number)) return MemcacheAdded::kNotNumeric;

  const bool up = options.mode == '+';
  const uint64_t floored = options.delta > sum.number ? 0 : sum.number - options.delta;
  sum.number = up ? sum.number + options.delta : floored;
  sum.version = VersionFor(slice, adding);
  sum.expires_at = value.expires_at;
  MemcacheCounters& counters = context.facts.counters->memcache;
  ++(up ? counters.incr_hits : counters.decr_hits);

  SumText digits;
  const kv::ScalarBytes integer(static_cast<int64_t>(sum.number));
  if (value.type == kv::ValueType::kInteger && sum.number <= INT64_MAX) {
    value.bytes = integer.view();
  } else {
    WriteSum(sum.number, text.size(), digits);
    // A longer text is a new value; one that fits is the old one, with its marks.
    if (digits.view.size() > text.size()) value.marks = 0;
    value.type = kv::ValueType::kString;
    value.bytes = digits.view;
  }
  value.version = sum.version;
  value.created_at_s = 0;
  return slice.PutNoted(adding.key, value) ? MemcacheAdded::kDone : MemcacheAdded::kNoMemory;
}

bool ReadMemcache(Slice& slice, const MemcacheReading& reading, kv::ValueView& value) {
  if (!slice.Get(reading.key, &value)) return false;
  const kv::Marks before = value.marks;
  const kv::Marks fetched = reading.marks_fetched ? kv::kMarkFetched : kv::Marks{0};
  const auto marks = static_cast<kv::Marks>(before | fetched | reading.also_marks);
  const bool draws = reading.wants_version && value.version == 0;
  if (marks == before && !draws) return true;
  const uint64_t version = draws ? slice.DrawVersion() : value.version;
  // Without the memory for a version there is none, which no later cas matches. The entry may have
  // moved.
  if (slice.Annotate(reading.key, marks, version)) {
    static_cast<void>(slice.Get(reading.key, &value));
  }
  value.marks = before;
  return true;
}

void ExpireMemcache(Slice& slice, const storage::HashedKey& key, kv::ExpiryMillis at) {
  if (at <= slice.now_ms()) {
    slice.Erase(key);
    return;
  }
  // Out of memory leaves the old time, as a client that came later would find it.
  static_cast<void>(slice.SetExpiry(key, at));
}

bool EraseMemcache(CommandContext& context, const storage::HashedKey& key) {
  const bool erased = context.slice.Erase(key);
  MemcacheCounters& counters = context.facts.counters->memcache;
  ++(erased ? counters.delete_hits : counters.delete_misses);
  return erased;
}

int64_t MemcacheSecondsLeft(kv::ExpiryMillis at, int64_t now_ms) {
  constexpr int64_t kMillisPerSecond = 1000;
  return (at - now_ms + kMillisPerSecond - 1) / kMillisPerSecond;
}

}  // namespace corelane::shard
