#include "storage/entry.h"

#include <cstring>
#include <new>

#include "base/bytes.h"
#include "base/check.h"

namespace corelane::storage {

EntryPtr Entry::Make(std::string_view key, const kv::ValueView& value) {
  CHECK(key.size() <= kKeyBytesHardMax);
  CHECK(value.bytes.size() <= kValueBytesHardMax);
  const bool expires = value.expires_at != kv::kNoExpiry;
  void* const memory = std::malloc(AllocationBytes(key.size(), value.bytes.size(), expires));
  if (memory == nullptr) return nullptr;

  EntryPtr entry(::new (memory) Entry());
  entry->value_bytes_ = static_cast<uint32_t>(value.bytes.size());
  entry->created_at_s_ = value.created_at_s;
  entry->key_bytes_ = static_cast<uint16_t>(key.size());
  entry->type_ = static_cast<uint8_t>(value.type);
  entry->flags_ = expires ? kHasExpiry : 0;
  char* to = entry->body();
  if (expires) {
    base::StoreLittle(to, value.expires_at);
    to += sizeof(value.expires_at);
  }
  // An empty view may hold a null pointer, which memcpy must not see.
  if (!key.empty()) std::memcpy(to, key.data(), key.size());
  if (!value.bytes.empty()) std::memcpy(to + key.size(), value.bytes.data(), value.bytes.size());
  return entry;
}

bool Entry::TryOverwrite(const kv::ValueView& value) {
  const bool expires = value.expires_at != kv::kNoExpiry;
  if (expires != has_expiry()) return false;
  const size_t value_bytes = value.bytes.size();
  if (AllocationBytes(key_bytes_, value_bytes, expires) != allocation_bytes()) return false;

  // The key stays where it is, so the value is the only thing that moves: a source inside this
  // entry is safe.
  char* const to = body() + expiry_bytes() + key_bytes_;
  if (value_bytes != 0) std::memmove(to, value.bytes.data(), value_bytes);
  if (expires) base::StoreLittle(body(), value.expires_at);
  value_bytes_ = static_cast<uint32_t>(value_bytes);
  created_at_s_ = value.created_at_s;
  type_ = static_cast<uint8_t>(value.type);
  return true;
}

bool Entry::TrySetExpiry(kv::ExpiryMillis expires_at) {
  const bool expires = expires_at != kv::kNoExpiry;
  if (expires != has_expiry()) return false;
  if (expires) base::StoreLittle(body(), expires_at);
  return true;
}

size_t Entry::AllocationBytes(size_t key_bytes, size_t value_bytes, bool expires) {
  const size_t bytes = sizeof(Entry) + (expires ? sizeof(int64_t) : 0) + key_bytes + value_bytes;
  return (bytes + kEntryGranuleBytes - 1) / kEntryGranuleBytes * kEntryGranuleBytes;
}

kv::ExpiryMillis Entry::LoadExpiry() const { return base::LoadLittle<int64_t>(body()); }

}  // namespace corelane::storage
