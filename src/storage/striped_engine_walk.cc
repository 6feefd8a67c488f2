// The calls of StripedEngine that go over whole stripes: visit, sweep, clear, reclaim.

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "storage/striped_engine.h"

namespace corelane::storage {
namespace {

// Freeing this many bytes of one entry counts as freeing one more entry.
constexpr size_t kReclaimUnitBytes = size_t{16} << 10;

// The right to a stripe that the walk comes to: nothing in the exclusive mode.
std::optional<StripeGuard> GuardOf(Directory& directory, Position position, Sharing sharing) {
  if (sharing == Sharing::kExclusive) return std::nullopt;
  return directory.LockStripe(position);
}

}  // namespace

WalkCursor StripedEngine::VisitStripe(WalkCursor cursor, EntryVisitor visitor) {
  const auto guard = GuardOf(directory_, cursor, sharing_);
  const Stripe& stripe = directory_.Find(cursor);
  stripe.PrefetchAll();
  for (const PackedEntryPtr& packed : stripe.entries) {
    const Entry& entry = *packed.get();
    visitor({entry.key(), stripe.entries.hash_function()(packed), entry.View()});
  }
  return stripe.RangeEnd(cursor);
}

WalkCursor StripedEngine::SweepStripe(WalkCursor cursor, int64_t now_ms) {
  for (int skipped = 0; skipped <= kSweepSkippedStripesMax; ++skipped) {
    const auto guard = GuardOf(directory_, cursor, sharing_);
    const Place place = PlaceAt(cursor);
    cursor = place.stripe.RangeEnd(cursor);
    if (place.stripe.expiring > 0) {
      SweepEntries(place, now_ms);
      return cursor;
    }
    if (cursor == kWalkStart) break;
  }
  return cursor;
}

void StripedEngine::SweepEntries(Place place, int64_t now_ms) {
  Stripe& stripe = place.stripe;
  const size_t capacity = stripe.entries.capacity();
  stripe.PrefetchAll();
  int64_t dropped = 0;
  for (auto at = stripe.entries.begin(); at != stripe.entries.end();) {
    const auto here = at++;
    if (!here->get()->IsExpired(now_ms)) continue;
    EntryPtr entry = here->Take();
    stripe.entries.erase(here);
    CountEntry(place, *entry, -1);
    Dispose(std::move(entry));
    ++dropped;
  }
  stripe.ShrinkIfSparse();
  CountCapacity(place, capacity);
  expired_by_sweep_.Add(dropped, sharing_);
}

void StripedEngine::Clear() {
  if (sharing_ == Sharing::kExclusive) {
    for (uint32_t i = 0; i < kRootSlots; ++i) cleared_.push_back(directory_.Replace(i));
    return;
  }
  WalkCursor cursor = kWalkStart;
  do {
    const auto guard = GuardOf(directory_, cursor, sharing_);
    const Place place = PlaceAt(cursor);
    const size_t capacity = place.stripe.entries.capacity();
    for (const PackedEntryPtr& packed : place.stripe.entries) CountEntry(place, *packed.get(), -1);
    place.stripe.entries.clear();
    place.stripe.entries.rehash(0);
    CountCapacity(place, capacity);
    cursor = place.stripe.RangeEnd(cursor);
  } while (cursor != kWalkStart);
}

bool StripedEngine::Reclaim(size_t entries_max) {
  size_t left = entries_max;
  // A huge entry costs as much as all the small ones of a call, so it is one a call.
  if (left > 0 && !huge_entries_.empty()) {
    huge_entries_bytes_ -= huge_entries_.back()->allocation_bytes();
    huge_entries_.pop_back();
    --left;
  }
  while (left > 0 && !cleared_.empty()) {
    SubDirectory& slots = *cleared_.back();
    Stripe& stripe = *slots.Load(cleared_slot_);
    left -= FreeEntries(stripe, left);
    if (!stripe.entries.empty()) break;
    // The neighbours that name the same stripe are passed over together. Looking at a stripe counts
    // as an entry, so that a great many empty ones cannot make a long call.
    cleared_slot_ += slots.size() >> (stripe.depth - kRootBits);
    directory_.ReturnStripe(&stripe);
    left -= std::min<size_t>(left, 1);
    if (cleared_slot_ == slots.size()) {
      cleared_.pop_back();
      cleared_slot_ = 0;
    }
  }
  return !cleared_.empty() || !huge_entries_.empty();
}

size_t StripedEngine::FreeEntries(Stripe& stripe, size_t entries_max) {
  size_t work = 0;
  stripe.PrefetchAll();
  for (auto at = stripe.entries.begin(); at != stripe.entries.end() && work < entries_max;) {
    work += 1 + at->get()->allocation_bytes() / kReclaimUnitBytes;
    stripe.entries.erase(at++);
  }
  return std::min(work, entries_max);
}

}  // namespace corelane::storage
