#include "storage/entry.h"

#include <cstring>
#include <new>

#include "base/bytes.h"
#include "base/check.h"

namespace corelane::storage {

EntryPtr Entry::Make(std::string_view key, const kv::ValueView& value) {
  CHECK(key.size() <= kKeyBytesHardMax);
  CHECK(value.bytes.size() <= kValueBytesHardMax);
  const uint8_t flags = FlagsOf(value);
  void* const memory =
      std::malloc(AllocationBytes(FieldBytes(flags), key.size(), value.bytes.size()));
  if (memory == nullptr) return nullptr;

  EntryPtr entry(::new (memory) Entry());
  entry->value_bytes_ = static_cast<uint32_t>(value.bytes.size());
  entry->created_at_s_ = value.created_at_s;
  entry->key_bytes_ = static_cast<uint16_t>(key.size());
  entry->type_ = static_cast<uint8_t>(value.type);
  entry->flags_ = flags;
  entry->StoreFields(value);
  char* const to = entry->body() + entry->field_bytes();
  // An empty view may hold a null pointer, which memcpy must not see.
  if (!key.empty()) std::memcpy(to, key.data(), key.size());
  if (!value.bytes.empty()) std::memcpy(to + key.size(), value.bytes.data(), value.bytes.size());
  return entry;
}

bool Entry::TryOverwrite(const kv::ValueView& value) {
  const uint8_t flags = FlagsOf(value);
  if (((flags ^ flags_) & ~kv::kMarksAll) != 0) return false;
  const size_t value_bytes = value.bytes.size();
  if (AllocationBytes(field_bytes(), key_bytes_, value_bytes) != allocation_bytes()) return false;

  // The key stays where it is, so the value is the only thing that moves: a source inside this
  // entry is safe.
  char* const to = body() + field_bytes() + key_bytes_;
  if (value_bytes != 0) std::memmove(to, value.bytes.data(), value_bytes);
  flags_ = flags;
  StoreFields(value);
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

bool Entry::TryAnnotate(kv::Marks marks, uint64_t version) {
  if ((version != 0) != ((flags_ & kHasVersion) != 0)) return false;
  flags_ = static_cast<uint8_t>((flags_ & ~kv::kMarksAll) | marks);
  if (version != 0) base::StoreLittle(body() + FieldBytes(flags_ & kHasExpiry), version);
  return true;
}

uint8_t Entry::FlagsOf(const kv::ValueView& value) {
  return static_cast<uint8_t>((value.expires_at != kv::kNoExpiry ? kHasExpiry : 0) |
                              (value.version != 0 ? kHasVersion : 0) |
                              (value.client_flags != 0 ? kHasClientFlags : 0) | value.marks);
}

// Which fields there are is in flags_ already.
void Entry::StoreFields(const kv::ValueView& value) {
  char* to = body();
  if ((flags_ & kHasExpiry) != 0) {
    base::StoreLittle(to, value.expires_at);
    to += sizeof(value.expires_at);
  }
  if ((flags_ & kHasVersion) != 0) {
    base::StoreLittle(to, value.version);
    to += sizeof(value.version);
  }
  if ((flags_ & kHasClientFlags) != 0) base::StoreLittle(to, value.client_flags);
}

void Entry::AddNotes(kv::ValueView& view) const {
  const char* from = body() + FieldBytes(flags_ & kHasExpiry);
  if ((flags_ & kHasVersion) != 0) {
    view.version = base::LoadLittle<uint64_t>(from);
    from += sizeof(view.version);
  }
  if ((flags_ & kHasClientFlags) != 0) view.client_flags = base::LoadLittle<uint32_t>(from);
  view.marks = flags_ & kv::kMarksAll;
}

size_t Entry::AllocationBytes(size_t field_bytes, size_t key_bytes, size_t value_bytes) {
  const size_t bytes = sizeof(Entry) + field_bytes + key_bytes + value_bytes;
  return (bytes + kEntryGranuleBytes - 1) / kEntryGranuleBytes * kEntryGranuleBytes;
}

kv::ExpiryMillis Entry::LoadExpiry() const { return base::LoadLittle<int64_t>(body()); }

}  // namespace corelane::storage
