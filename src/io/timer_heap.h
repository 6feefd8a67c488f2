#pragma once

// TimerHeap: the armed timers of one reactor, the earliest on top; a 4-ary heap, which is half as
// deep as a binary one and compares children that share a cache line. It owns no timer: a TimerOp
// knows its place in the heap (heap_index), so that moving and cancelling one is O(log n) without a
// search.
//
// One thread. Always: heap_[i].op->heap_index == i, and no entry is earlier than its parent.

#include <cstdint>
#include <vector>

#include "io/reactor.h"

namespace corelane::io {

class TimerHeap {
 public:
  static constexpr int64_t kNever = INT64_MAX;

  // Arms `op`; moves it when it is armed already.
  void Start(int64_t deadline_ns, TimerOp& op);
  // Does nothing when `op` is idle.
  void Cancel(TimerOp& op);

  [[nodiscard]] size_t size() const { return heap_.size(); }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] int64_t next_deadline_ns() const {
    return heap_.empty() ? kNever : heap_.front().deadline_ns;
  }

  // Runs the timers that are due, the earliest first, and returns how many. Each is idle again when
  // its OnTimer() is entered. No more than were armed at the start, so that a timer that starts
  // itself for now cannot hold the thread.
  size_t RunDue(int64_t now_ns);

 private:
  struct Entry {
    int64_t deadline_ns;
    TimerOp* op;
  };

  void Place(size_t index, Entry entry);
  void SiftUp(size_t index, Entry entry);
  void SiftDown(size_t index, Entry entry);
  void RemoveAt(size_t index);

  std::vector<Entry> heap_;
};

}  // namespace corelane::io
