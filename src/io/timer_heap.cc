#include "io/timer_heap.h"

#include <algorithm>

#include "base/check.h"

namespace corelane::io {

namespace {

constexpr size_t kArity = 4;

}  // namespace

void TimerHeap::Start(int64_t deadline_ns, TimerOp& op) {
  Cancel(op);
  op.deadline_ns = deadline_ns;
  heap_.emplace_back();
  SiftUp(heap_.size() - 1, Entry{deadline_ns, &op});
}

void TimerHeap::Cancel(TimerOp& op) {
  if (op.heap_index == TimerOp::kIdle) return;
  CHECK(op.heap_index < heap_.size() && heap_[op.heap_index].op == &op);
  RemoveAt(op.heap_index);
}

size_t TimerHeap::RunDue(int64_t now_ns) {
  const size_t ran_max = heap_.size();
  size_t ran = 0;
  while (ran < ran_max && next_deadline_ns() <= now_ns) {
    TimerOp* op = heap_.front().op;
    RemoveAt(0);
    ++ran;
    op->OnTimer();
  }
  return ran;
}

void TimerHeap::Place(size_t index, Entry entry) {
  heap_[index] = entry;
  entry.op->heap_index = index;
}

// Moves the hole at `index` up until `entry` fits.
void TimerHeap::SiftUp(size_t index, Entry entry) {
  while (index > 0) {
    const size_t parent = (index - 1) / kArity;
    if (heap_[parent].deadline_ns <= entry.deadline_ns) break;
    Place(index, heap_[parent]);
    index = parent;
  }
  Place(index, entry);
}

// Moves the hole at `index` down until `entry` fits.
void TimerHeap::SiftDown(size_t index, Entry entry) {
  for (;;) {
    const size_t first = index * kArity + 1;
    if (first >= heap_.size()) break;
    const size_t end = std::min(first + kArity, heap_.size());
    size_t earliest = first;
    for (size_t child = first + 1; child < end; ++child) {
      if (heap_[child].deadline_ns < heap_[earliest].deadline_ns) earliest = child;
    }
    if (heap_[earliest].deadline_ns >= entry.deadline_ns) break;
    Place(index, heap_[earliest]);
    index = earliest;
  }
  Place(index, entry);
}

// Fills the hole at `index` with the last entry, which may belong above or below it.
void TimerHeap::RemoveAt(size_t index) {
  heap_[index].op->heap_index = TimerOp::kIdle;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  const size_t parent = index == 0 ? 0 : (index - 1) / kArity;
  if (index > 0 && last.deadline_ns < heap_[parent].deadline_ns) {
    SiftUp(index, last);
  } else {
    SiftDown(index, last);
  }
}

}  // namespace corelane::io
