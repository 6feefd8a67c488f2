#pragma once

// KeyLocks: which of a lane's keys are held by transactions, and who waits for them. A key is known
// by its 64-bit hash: two keys that share one wait for each other without need, and no harm is
// done.
//
// A message *claims* keys: a lock message until its transaction gives them back, any other message
// only while it waits. Each claimed key has a queue; the claim in front has the key. A message that
// must wait for one key claims all of its keys, so that nothing that comes later overtakes it.
// A message that claims the whole lane waits for all claims before it, and all that come after wait
// for it.
//
// Why transactions never deadlock: a transaction takes its lanes in ascending order, and all its
// keys of a lane with one message. It waits only for claims that were made on that lane before its
// own; whoever holds them waits, if at all, on that lane further in front, or on a higher lane. The
// highest lane on which anybody waits always has somebody who waits for nothing.
//
// Stamps: what a transaction changed carries its place in the order of all transactions (see
// transaction_clock.h). By them a read over several lanes finds out that a transaction came between
// its parts.
//
// One lane, one thread. Messages are the callers'; they stay where they are while they wait.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "shard/call.h"

namespace corelane::shard {

class KeyLocks {
 public:
  // Nobody holds a key or waits for one. The usual case, and a cheap question.
  [[nodiscard]] bool Quiet() const { return keys_.empty() && whole_lane_ == nullptr; }

  // True: the message may run (a lock message: it has its keys). False: it waits, and will come out
  // of ready() in its turn.
  [[nodiscard]] bool Enter(LaneMessage* message);

  // Ends the claim of a lock message, or of a waiter that is about to run.
  void Leave(const LaneMessage& message);

  // Messages that have waited long enough, in order. The caller takes the front one, ends its claim
  // with Leave() unless it is a lock message, and runs it.
  [[nodiscard]] Fifo<LaneMessage>& ready() { return ready_; }

  // Notes that the transaction with this stamp has changed these keys (none: any of the lane's).
  void Stamp(std::span<const uint64_t> hashes, uint64_t stamp);
  // The highest stamp on any of these keys.
  [[nodiscard]] uint64_t StampOf(std::span<const uint64_t> hashes) const;

 private:
  using Queue = std::deque<LaneMessage*>;

  void Claim(LaneMessage* message);
  void Unclaim(const LaneMessage& message);
  void LetLaneGo();
  void GiveLaneIfFree();

  // Stamps are kept for buckets of hashes: a bucket that is shared makes a read look twice.
  static constexpr size_t kBuckets = 4096;
  [[nodiscard]] static size_t BucketOf(uint64_t hash) { return (hash >> 20) % kBuckets; }

  absl::flat_hash_map<uint64_t, Queue> keys_;
  LaneMessage* whole_lane_ = nullptr;  // has the whole lane, or is the next to have it
  bool whole_lane_given_ = false;
  Fifo<LaneMessage> behind_whole_lane_;
  Fifo<LaneMessage> ready_;
  std::array<uint64_t, kBuckets> stamps_{};
  uint64_t whole_lane_stamp_ = 0;
};

}  // namespace corelane::shard
