#include "storage/directory.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"

namespace corelane::storage {
namespace {

// A lock that only the shared mode takes.
class GuardIfShared {
 public:
  GuardIfShared(StripeLock& lock, Sharing sharing) {
    if (sharing == Sharing::kShared) guard_.emplace(lock);
  }

 private:
  std::optional<StripeGuard> guard_;
};

}  // namespace

Directory::Directory(uint64_t seed, Sharing sharing, int depth_max)
    : sharing_(sharing), depth_max_(std::min(depth_max, kStripeDepthMax)), pool_(seed) {
  for (RootSlot& root : roots_) {
    root.directory.store(MakeEmpty().release(), std::memory_order_release);
    root.stripes.Add(1, sharing_);
  }
}

Directory::~Directory() {
  for (RootSlot& root : roots_) std::unique_ptr<SubDirectory>(root.Load()).reset();
}

void Directory::Split(Position position) {
  RootSlot& root = Root(position);
  const GuardIfShared growth(root.growth_lock, sharing_);
  Stripe& lower = Find(position);
  CHECK(lower.depth < depth_max_);
  if (lower.depth == kRootBits + root.Load()->bits()) Double(root);

  const auto capacity_before = static_cast<int64_t>(lower.entries.capacity());
  Stripe* const upper = TakeStripe(lower.depth);
  lower.SplitInto(*upper, pool_.seed());

  const size_t capacity = lower.entries.capacity() + upper->entries.capacity();
  root.table_capacity.Add(static_cast<int64_t>(capacity) - capacity_before, sharing_);
  root.stripes.Add(1, sharing_);
  splits_.Add(1, sharing_);

  // Published last: until then all of the range is the lower stripe's, whose lock the caller holds
  // in the shared mode.
  SubDirectory& slots = *root.Load();
  const size_t half = slots.size() >> (lower.depth - kRootBits);
  const size_t middle = (slots.IndexOf(position) & ~(half * 2 - 1)) + half;
  for (size_t i = middle; i < middle + half; ++i) slots.Store(i, upper);
}

StripeGuard Directory::LockStripe(Position position) {
  CHECK(sharing_ == Sharing::kShared);
  while (true) {
    Stripe& stripe = Find(position);
    StripeGuard guard(stripe.lock);
    if (&Find(position) != &stripe) continue;
    if (!MustSplit(stripe)) return guard;
    Split(position);
  }
}

std::unique_ptr<SubDirectory> Directory::Replace(uint32_t root_index) {
  CHECK(sharing_ == Sharing::kExclusive);
  RootSlot& root = roots_[root_index];
  std::unique_ptr<SubDirectory> old(root.Load());
  root.directory.store(MakeEmpty().release(), std::memory_order_release);
  for (Counter* count : {&root.entries, &root.entries_with_expiry, &root.data_bytes,
                         &root.table_capacity, &root.stripes}) {
    count->Reset();
  }
  root.stripes.Add(1, sharing_);
  return old;
}

std::unique_ptr<SubDirectory> Directory::MakeEmpty() {
  auto directory = std::make_unique<SubDirectory>(0);
  directory->Store(0, TakeStripe(kRootBits));
  return directory;
}

// The caller holds the growth lock in the shared mode, so that no slot changes under the copy.
void Directory::Double(RootSlot& root) {
  std::unique_ptr<SubDirectory> old(root.Load());
  auto doubled = std::make_unique<SubDirectory>(old->bits() + 1);
  for (size_t i = 0; i < doubled->size(); ++i) doubled->Store(i, old->Load(i / 2));
  root.directory.store(doubled.release(), std::memory_order_release);
  if (sharing_ == Sharing::kShared) Retire(std::move(old));
}

Stripe* Directory::TakeStripe(uint8_t depth) {
  const GuardIfShared pool(pool_lock_, sharing_);
  return pool_.Take(depth);
}

void Directory::Retire(std::unique_ptr<SubDirectory> directory) {
  const GuardIfShared pool(pool_lock_, sharing_);
  retired_.push_back(std::move(directory));
}

}  // namespace corelane::storage
