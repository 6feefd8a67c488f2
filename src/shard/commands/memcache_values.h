#pragma once

// The rules that the classic and the meta commands of the memcache protocol share: when a value is
// stored, what a number becomes, what a read leaves behind. Each works on the slice and counts what
// it did; the reply is the command's business. One lane, one thread.

#include <cstdint>
#include <string_view>

#include "kv/memcache.h"
#include "shard/command.h"

namespace corelane::shard {

enum class MemcacheStored : uint8_t { kStored, kNotStored, kExists, kNotFound, kNoMemory };

struct MemcacheStoring {
  storage::HashedKey key;
  const kv::MemcacheOptions& options;
  std::string_view data;
  bool wants_version = false;
};

// Stores as options.mode says. `version`: what the value got, 0 when none was wanted.
[[nodiscard]] MemcacheStored StoreMemcache(CommandContext& context, const MemcacheStoring& storing,
                                           uint64_t& version);

enum class MemcacheAdded : uint8_t { kDone, kNotFound, kMismatch, kNotNumeric, kNoMemory };

struct MemcacheSum {
  uint64_t number = 0;
  uint64_t version = 0;
  kv::ExpiryMillis expires_at = kv::kNoExpiry;
};

// Adds or takes away options.delta, with the wrap and the floor that memcached has.
[[nodiscard]] MemcacheAdded AddMemcache(CommandContext& context, const MemcacheStoring& adding,
                                        MemcacheSum& sum);

struct MemcacheReading {
  storage::HashedKey key;
  bool wants_version = false;
  bool marks_fetched = true;
  kv::Marks also_marks = 0;
};

// Reads a value, gives it a version when one is wanted and it has none, and marks it. `value` has
// the marks from before. False: no such key. Counts nothing.
[[nodiscard]] bool ReadMemcache(Slice& slice, const MemcacheReading& reading, kv::ValueView& value);

// Sets the expiry of a key that is there, or drops it when it is over at once.
void ExpireMemcache(Slice& slice, const storage::HashedKey& key, kv::ExpiryMillis at);

// Erases the key, and counts whether it was there.
[[nodiscard]] bool EraseMemcache(CommandContext& context, const storage::HashedKey& key);

// Seconds left, as memcached prints them: of a begun second all.
[[nodiscard]] int64_t MemcacheSecondsLeft(kv::ExpiryMillis at, int64_t now_ms);

}  // namespace corelane::shard
