#pragma once

// PackedEntryPtr: an owning pointer to an Entry in 6 bytes instead of 8. User-space addresses of
// the supported machines have 47 or 48 bits; the two bytes saved make a stripe of 255 slots fit
// into 2,048 bytes of malloc instead of 2,560. One owner, one thread at a time, as for the stripe
// it stands in.
//
// It is the element of a stripe's hash set. A set hands out constant elements only, because their
// hash must not change; here the hash is that of the key, and Swap() keeps the key, which is why it
// may work on a constant.

#include <array>
#include <cstdint>

#include "base/check.h"
#include "storage/entry.h"

namespace corelane::storage {

class PackedEntryPtr {
 public:
  explicit PackedEntryPtr(EntryPtr entry) { Store(entry.release()); }
  PackedEntryPtr(PackedEntryPtr&& from) noexcept : words_(from.words_) { from.words_ = {}; }
  PackedEntryPtr& operator=(PackedEntryPtr&& from) = delete;
  ~PackedEntryPtr() { Take(); }

  [[nodiscard]] Entry* get() const {
    return reinterpret_cast<Entry*>(uintptr_t{words_[0]} | uintptr_t{words_[1]} << 16 |
                                    uintptr_t{words_[2]} << 32);
  }

  // Puts an entry with the same key in this one's place and returns the old one.
  [[nodiscard]] EntryPtr Swap(EntryPtr entry) const {
    EntryPtr old(get());
    Store(entry.release());
    return old;
  }
  // Gives the entry away. What is left owns nothing and must leave the set before its next lookup.
  EntryPtr Take() const { return Swap(nullptr); }

 private:
  void Store(Entry* entry) const {
    const auto address = reinterpret_cast<uintptr_t>(entry);
    CHECK(address >> 48 == 0);
    words_ = {static_cast<uint16_t>(address), static_cast<uint16_t>(address >> 16),
              static_cast<uint16_t>(address >> 32)};
  }

  mutable std::array<uint16_t, 3> words_;
};

static_assert(sizeof(PackedEntryPtr) == 6);

}  // namespace corelane::storage
