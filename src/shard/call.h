#pragma once

// Call: one request of a connection whose reply cannot leave yet, because another lane executes it,
// because the log has no room, or because an earlier request of the same connection is still on its
// way. LaneMessage: the part of a call that one lane executes; it travels to that lane and back as
// a pointer, with the request's bytes in it and room for the reply, so that a reply never needs
// queue space of its own.
//
// Ownership: a call belongs to the lane of its connection, from CallPool::Take() to
// CallPool::Give(). Its messages belong to it; while a message is at another lane, that lane alone
// touches it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kv/reply_tape.h"

namespace corelane::shard {

struct Command;
struct Call;
struct Transaction;
class Submitter;

enum class MessageKind : uint8_t {
  kCommand,  // a command; waits for keys that a transaction holds
  kLock,     // takes its keys for a transaction; the answer says that it has them
  kHeld,     // a command of the transaction that holds its keys
  kRelease,  // a lock message on its way to give the keys back
};

struct LaneMessage {
  Call* call = nullptr;
  // In one list at a time: waiting for room, for credit, for a key, or for the log.
  LaneMessage* next = nullptr;
  const Command* command = nullptr;  // null for kLock and kRelease
  MessageKind kind = MessageKind::kCommand;
  bool whole_lane = false;    // kLock: all keys of the lane, instead of key_hashes
  bool wants_stamp = false;   // a part of a read that looks out for transactions
  uint32_t origin = 0;        // the lane that sent it
  uint32_t target = 0;        // the lane that executes it
  uint32_t keys_awaited = 0;  // at the target: keys that somebody else has (key_locks.h)
  int64_t slow_us = 0;        // how long it ran, if that was long for the slow log
  uint64_t caller = 0;        // the id of the connection that asks
  uint64_t gate_seq = 0;      // at the target: the log sequence number that the reply waits for
  uint64_t checkpoint = 0;    // at the target: the checkpointer's attempt that it waits for
  // kRelease, and kHeld with `lock`: the transaction's place in the order (transaction_clock.h), 0
  // when it changed nothing. Answer to wants_stamp: the latest of any of the keys.
  uint64_t stamp = 0;
  // kHeld: the lock message whose keys are given back as soon as this is executed; null: they are
  // kept. It is back at its origin, which leaves it alone until this message is back as well.
  LaneMessage* lock = nullptr;
  std::vector<std::string_view> args;
  std::vector<uint64_t> key_hashes;
  std::vector<uint32_t> key_positions;  // of a split request: which of the request's keys these are
  kv::ReplyTape reply;

  // Copies what `args` point to into the message, so that it outlives the received bytes. Once.
  void OwnArgs();
  void Clear();

 private:
  // Blocks larger than this go back to the allocator with the request that needed them.
  static constexpr size_t kKeptBytesMax = 4096;
  std::string bytes_;
  bool owns_args_ = false;
};

enum class CallRole : uint8_t {
  kRequest,   // answers a request of the submitter
  kWatch,     // the same for WATCH: the parts bring tokens, the reply is OK
  kStep,      // one command of a transaction, or a part of one
  kLocks,     // takes and gives back the keys of a transaction, which it owns
  kDetached,  // nobody waits for the answer
};

struct Call {
  Call();
  ~Call();

  Submitter* submitter = nullptr;  // null once the connection is gone: the reply is dropped
  Call* next = nullptr;            // in the submitter's queue, or in the pool
  const Command* command = nullptr;
  CallRole role = CallRole::kRequest;
  uint32_t tag = 0;
  uint32_t parts_outstanding = 0;
  bool split = false;        // over lanes: the replies of the parts are merged
  size_t request_bytes = 0;  // for the submitter's bound
  // A read over several lanes: what the transaction clock said before its parts were sent.
  uint64_t read_clock = 0;
  bool checks_stamps = false;
  Transaction* transaction = nullptr;  // kStep: whose
  uint32_t step = 0;                   // kStep: which of its commands
  std::unique_ptr<Transaction> owned;  // kLocks
  std::vector<LaneMessage*> parts;     // first the inline one
  LaneMessage first;
  std::vector<std::unique_ptr<LaneMessage>> more;

  // The next unused message of this call.
  LaneMessage& AddPart();
};

// Calls of one lane, kept for reuse. One thread.
class CallPool {
 public:
  CallPool() = default;
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  [[nodiscard]] Call* Take();
  void Give(Call* call);
  [[nodiscard]] size_t in_use() const { return in_use_; }

 private:
  static constexpr size_t kKeptPartsMax = 8;
  std::vector<std::unique_ptr<Call>> all_;
  Call* free_ = nullptr;
  size_t in_use_ = 0;
};

// A first-in first-out list through `next`. Owns nothing.
template <typename T>
class Fifo {
 public:
  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] T* front() const { return head_; }
  [[nodiscard]] size_t size() const { return size_; }
  void Push(T* item) {
    item->next = nullptr;
    (head_ == nullptr ? head_ : tail_->next) = item;
    tail_ = item;
    ++size_;
  }
  T* Pop() {
    T* const item = head_;
    head_ = item->next;
    item->next = nullptr;
    --size_;
    return item;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;
  size_t size_ = 0;
};

}  // namespace corelane::shard
