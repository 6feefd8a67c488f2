#pragma once

// Entry: a key with its value in one allocation of malloc. Owned by exactly one EntryPtr or
// PackedEntryPtr. Not thread-safe: whoever owns the stripe owns its entries.
//
//   offset   size   field
//   0        4      value length in bytes
//   4        4      created at, unix seconds
//   8        2      key length in bytes
//   10       1      type (kv::ValueType)
//   11       1      which optional fields there are (bits 0 to 3), kv::Marks (bits 4 to 7)
//   12              the optional fields that there are, in this order: expiry (8 bytes, unix
//                   milliseconds), version (8 bytes), client flags (4 bytes)
//   behind them     key, then value
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

  [[nodiscard]] std::string_view key() const { return {body() + field_bytes(), key_bytes_}; }
  [[nodiscard]] std::string_view value() const {
    return {body() + field_bytes() + key_bytes_, value_bytes_};
  }
  [[nodiscard]] bool has_expiry() const { return (flags_ & kHasExpiry) != 0; }
  [[nodiscard]] kv::ExpiryMillis expires_at() const {
    return has_expiry() ? LoadExpiry() : kv::kNoExpiry;
  }
  [[nodiscard]] bool IsExpired(int64_t now_ms) const {
    return has_expiry() && LoadExpiry() <= now_ms;
  }
  [[nodiscard]] kv::ValueView View() const {
    kv::ValueView view;
    ViewAs(view);
    return view;
  }
  // The same into a view that is there: field by field, without a copy of the whole.
  void ViewAs(kv::ValueView& view) const {
    view.type = static_cast<kv::ValueType>(type_);
    view.bytes = value();
    view.expires_at = expires_at();
    view.created_at_s = created_at_s_;
    view.client_flags = 0;
    view.version = 0;
    view.marks = 0;
    if ((flags_ & ~kHasExpiry) != 0) [[unlikely]]
      AddNotes(view);
  }

  // What the entry adds to EngineStats::data_bytes, and what it takes from malloc.
  [[nodiscard]] size_t data_bytes() const { return size_t{key_bytes_} + value_bytes_; }
  [[nodiscard]] size_t allocation_bytes() const {
    return AllocationBytes(field_bytes(), key_bytes_, value_bytes_);
  }
  // The same before there is an entry, or where only its value can be seen.
  [[nodiscard]] static size_t AllocationBytesOf(std::string_view key, const kv::ValueView& value) {
    return AllocationBytes(FieldBytes(FlagsOf(value)), key.size(), value.bytes.size());
  }

  // Overwrites in place when the allocation would be as long and the optional fields stay or stay
  // away, else returns false and changes nothing. `value` may point into this entry.
  [[nodiscard]] bool TryOverwrite(const kv::ValueView& value);
  // Sets the expiry in place when there is room for it already (or none needed), else returns
  // false.
  [[nodiscard]] bool TrySetExpiry(kv::ExpiryMillis expires_at);
  // Sets marks and version in place when there is room for the version already (or none needed),
  // else returns false.
  [[nodiscard]] bool TryAnnotate(kv::Marks marks, uint64_t version);

 private:
  // Each bit is the size of its field, but for that of the version, which is shifted there.
  static constexpr uint8_t kHasVersion = 1;
  static constexpr uint8_t kHasClientFlags = sizeof(uint32_t);
  static constexpr uint8_t kHasExpiry = sizeof(int64_t);
  static constexpr unsigned kVersionSizeShift = 3;

  Entry() = default;
  [[nodiscard]] static uint8_t FlagsOf(const kv::ValueView& value);
  [[nodiscard]] static size_t FieldBytes(uint8_t flags) {
    return (flags & (kHasExpiry | kHasClientFlags)) +
           (static_cast<size_t>(flags & kHasVersion) << kVersionSizeShift);
  }
  [[nodiscard]] static size_t AllocationBytes(size_t field_bytes, size_t key_bytes,
                                              size_t value_bytes);

  [[nodiscard]] const char* body() const { return reinterpret_cast<const char*>(this + 1); }
  [[nodiscard]] char* body() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] size_t field_bytes() const { return FieldBytes(flags_); }
  [[nodiscard]] kv::ExpiryMillis LoadExpiry() const;
  void StoreFields(const kv::ValueView& value);
  void AddNotes(kv::ValueView& view) const;

  uint32_t value_bytes_ = 0;
  uint32_t created_at_s_ = 0;
  uint16_t key_bytes_ = 0;
  uint8_t type_ = 0;
  uint8_t flags_ = 0;

  static_assert(((kHasVersion | kHasClientFlags | kHasExpiry) & kv::kMarksAll) == 0);
  static_assert(size_t{kHasVersion} << kVersionSizeShift == sizeof(uint64_t));
};

static_assert(sizeof(Entry) == 12);
static_assert(kKeyBytesHardMax <= UINT16_MAX);
static_assert(kValueBytesHardMax <= UINT32_MAX);

}  // namespace corelane::storage
