#pragma once

// Entry: a key with its value in one allocation of malloc. Owned by exactly one EntryPtr or
// PackedEntryPtr. Not thread-safe: whoever owns the stripe owns its entries.
//
//   offset   size   field
//   0        4      value length in bytes
//   4        4      created at, unix seconds
//   8        2      key length in bytes
//   10       1      type (kv::ValueType)
//   11       1      flags: bit 0 = has an expiry
//   12       8      expiry, unix milliseconds; only when the flag is set
//   12 or 20        key, then value
//
// A key of 20 bytes with a value of 64 makes 96 bytes, which is a size class of every common
// malloc.

#include <corelane/limits.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "kv/value.h"

namespace corelane::storage {

class Entry;

struct EntryDeleter {
  void operator()(Entry* entry) const { std::free(entry); }
};
using EntryPtr = std::unique_ptr<Entry, EntryDeleter>;

// Every allocation is a multiple of this, so that a value may change its length a little and stay
// where it is.
inline constexpr size_t kEntryGranuleBytes = 16;

class Entry {
 public:
  // Null when malloc has nothing left. The key is at most kKeyBytesHardMax and the value at most
  // kValueBytesHardMax long.
  [[nodiscard]] static EntryPtr Make(std::string_view key, const kv::ValueView& value);

  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  [[nodiscard]] std::string_view key() const { return {body() + expiry_bytes(), key_bytes_}; }
  [[nodiscard]] std::string_view value() const {
    return {body() + expiry_bytes() + key_bytes_, value_bytes_};
  }
  [[nodiscard]] bool has_expiry() const { return (flags_ & kHasExpiry) != 0; }
  [[nodiscard]] kv::ExpiryMillis expires_at() const {
    return has_expiry() ? LoadExpiry() : kv::kNoExpiry;
  }
  [[nodiscard]] bool IsExpired(int64_t now_ms) const {
    return has_expiry() && LoadExpiry() <= now_ms;
  }
  [[nodiscard]] kv::ValueView View() const {
    return {static_cast<kv::ValueType>(type_), value(), expires_at(), created_at_s_};
  }

  // What the entry adds to EngineStats::data_bytes, and what it takes from malloc.
  [[nodiscard]] size_t data_bytes() const { return size_t{key_bytes_} + value_bytes_; }
  [[nodiscard]] size_t allocation_bytes() const {
    return AllocationBytes(key_bytes_, value_bytes_, has_expiry());
  }

  // Overwrites in place when the allocation would be as long and the expiry stays or stays away,
  // else returns false and changes nothing. `value` may point into this entry.
  [[nodiscard]] bool TryOverwrite(const kv::ValueView& value);
  // Sets the expiry in place when there is room for it already (or none needed), else returns
  // false.
  [[nodiscard]] bool TrySetExpiry(kv::ExpiryMillis expires_at);

 private:
  static constexpr uint8_t kHasExpiry = 1;

  Entry() = default;
  [[nodiscard]] static size_t AllocationBytes(size_t key_bytes, size_t value_bytes, bool expires);

  [[nodiscard]] const char* body() const { return reinterpret_cast<const char*>(this + 1); }
  [[nodiscard]] char* body() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] size_t expiry_bytes() const { return has_expiry() ? sizeof(int64_t) : 0; }
  [[nodiscard]] kv::ExpiryMillis LoadExpiry() const;

  uint32_t value_bytes_ = 0;
  uint32_t created_at_s_ = 0;
  uint16_t key_bytes_ = 0;
  uint8_t type_ = 0;
  uint8_t flags_ = 0;
};

static_assert(sizeof(Entry) == 12);
static_assert(kKeyBytesHardMax <= UINT16_MAX);
static_assert(kValueBytesHardMax <= UINT32_MAX);

}  // namespace corelane::storage
