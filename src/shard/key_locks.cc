#include "shard/key_locks.h"

#include <algorithm>
#include <span>

#include "base/check.h"

namespace corelane::shard {

bool KeyLocks::Enter(LaneMessage* message) {
  if (whole_lane_ != nullptr) {
    behind_whole_lane_.Push(message);
    return false;
  }
  if (message->whole_lane) {
    whole_lane_ = message;
    whole_lane_given_ = keys_.empty();
    return whole_lane_given_;
  }
  const bool is_lock = message->kind == MessageKind::kLock;
  const bool all_free = std::none_of(message->key_hashes.begin(), message->key_hashes.end(),
                                     [&](uint64_t hash) { return keys_.contains(hash); });
  if (all_free && !is_lock) return true;
  Claim(message);
  return all_free;
}

void KeyLocks::Claim(LaneMessage* message) {
  message->keys_awaited = 0;
  for (const uint64_t hash : message->key_hashes) {
    Queue& queue = keys_[hash];
    if (!queue.empty() && queue.back() == message) continue;  // a key named twice
    queue.push_back(message);
    if (queue.size() > 1) ++message->keys_awaited;
  }
}

void KeyLocks::Leave(const LaneMessage& message) {
  if (message.whole_lane) {
    CHECK(&message == whole_lane_);
    LetLaneGo();
    return;
  }
  Unclaim(message);
  GiveLaneIfFree();
}

void KeyLocks::Unclaim(const LaneMessage& message) {
  for (const uint64_t hash : message.key_hashes) {
    const auto at = keys_.find(hash);
    // A key named twice has been given up already.
    if (at == keys_.end() || at->second.front() != &message) continue;
    at->second.pop_front();
    if (at->second.empty()) {
      keys_.erase(at);
    } else if (LaneMessage* const next = at->second.front(); --next->keys_awaited == 0) {
      ready_.Push(next);
    }
  }
}

void KeyLocks::GiveLaneIfFree() {
  if (whole_lane_ == nullptr || whole_lane_given_ || !keys_.empty()) return;
  whole_lane_given_ = true;
  ready_.Push(whole_lane_);
}

// Those behind come in as if they had just arrived, up to the next that wants the whole lane.
void KeyLocks::LetLaneGo() {
  whole_lane_ = nullptr;
  Fifo<LaneMessage> waiting;
  std::swap(waiting, behind_whole_lane_);
  while (!waiting.empty()) {
    LaneMessage* const message = waiting.Pop();
    if (!Enter(message)) continue;
    // Until it has run, which may be a while if the log has no room, its keys are its own.
    if (message->kind != MessageKind::kLock) Claim(message);
    ready_.Push(message);
  }
}

void KeyLocks::Stamp(std::span<const uint64_t> hashes, uint64_t stamp) {
  if (hashes.empty()) whole_lane_stamp_ = std::max(whole_lane_stamp_, stamp);
  for (const uint64_t hash : hashes) {
    uint64_t& kept = stamps_[BucketOf(hash)];
    kept = std::max(kept, stamp);
  }
}

uint64_t KeyLocks::StampOf(std::span<const uint64_t> hashes) const {
  uint64_t stamp = whole_lane_stamp_;
  for (const uint64_t hash : hashes) stamp = std::max(stamp, stamps_[BucketOf(hash)]);
  return stamp;
}

}  // namespace corelane::shard
