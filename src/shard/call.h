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
class Submitter;

struct LaneMessage {
  Call* call = nullptr;
  LaneMessage* next =
      nullptr;  // in one list at a time: waiting for room, for credit, or for the log
  const Command* command = nullptr;
  uint32_t origin = 0;    // the lane that sent it
  uint32_t target = 0;    // the lane that executes it
  uint64_t caller = 0;    // the id of the connection that asks
  uint64_t gate_seq = 0;  // at the target: the log sequence number that the reply waits for
  std::vector<std::string_view> args;
  std::vector<uint64_t> key_hashes;
  std::vector<uint32_t> key_positions;  // of a split request: which of the request's keys these are
  kv::ReplyTape reply;

  // Copies what `args` point to into the message, so that it outlives the received bytes.
  void OwnArgs();
  void Clear();

 private:
  // Blocks larger than this go back to the allocator with the request that needed them.
  static constexpr size_t kKeptBytesMax = 4096;
  std::string bytes_;
};

struct Call {
  Submitter* submitter = nullptr;  // null once the connection is gone: the reply is dropped
  Call* next = nullptr;            // in the submitter's queue, or in the pool
  const Command* command = nullptr;
  uint32_t tag = 0;
  uint32_t parts_outstanding = 0;
  bool split = false;               // over lanes: the replies of the parts are merged
  size_t request_bytes = 0;         // for the submitter's bound
  std::vector<LaneMessage*> parts;  // first the inline one
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
