#pragma once

// What the storage tests share: keys with their hashes, values in a line, and a look at the whole
// engine.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "storage/engine.h"

namespace corelane::storage {

inline constexpr uint64_t kTestSeed = 0x5eed;

inline HashedKey Hashed(std::string_view key, uint64_t seed = kTestSeed) {
  return {key, base::KeyHash(key, seed)};
}

inline std::string KeyName(uint64_t number) { return "key:" + std::to_string(number); }

inline kv::ValueView Text(std::string_view bytes, kv::ExpiryMillis expires_at = kv::kNoExpiry) {
  kv::ValueView value;
  value.bytes = bytes;
  value.expires_at = expires_at;
  value.created_at_s = 1;
  return value;
}

// The value of a key, or "(none)".
inline std::string GetText(Engine& engine, std::string_view key, int64_t now_ms = 0) {
  kv::ValueView value;
  return engine.Get(Hashed(key), now_ms, &value) ? std::string(value.bytes) : "(none)";
}

// How often a whole walk meets each key.
inline std::unordered_map<std::string, int> WalkAll(Engine& engine) {
  std::unordered_map<std::string, int> met;
  WalkCursor cursor = kWalkStart;
  do {
    cursor = engine.VisitStripe(cursor,
                                [&met](const EntryView& entry) { ++met[std::string(entry.key)]; });
  } while (cursor != kWalkStart);
  return met;
}

}  // namespace corelane::storage
