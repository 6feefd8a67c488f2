#include "io/timer_heap.h"

#include <algorithm>
#include <random>

#include "harness.h"

namespace corelane::io {
namespace {

TEST(TimerHeap, KnowsItsNextDeadline) {
  TimerHeap heap;
  Timer a;
  Timer b;
  EXPECT_EQ(heap.next_deadline_ns(), TimerHeap::kNever);
  heap.Start(20, a);
  heap.Start(10, b);
  EXPECT_EQ(heap.next_deadline_ns(), 10);
  heap.Cancel(b);
  EXPECT_EQ(heap.next_deadline_ns(), 20);
  heap.Cancel(b);
  heap.Cancel(a);
  EXPECT_TRUE(heap.empty());
  EXPECT_EQ(a.heap_index, TimerOp::kIdle);
}

// Random starts, moves, cancels and runs, against a plain list of deadlines.
TEST(TimerHeap, BehavesLikeAList) {
  constexpr size_t kTimers = 300;
  constexpr int64_t kIdle = -1;
  for (const uint32_t seed : {1u, 2u, 3u, 4u}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    TimerHeap heap;
    std::vector<Timer> timers(kTimers);
    std::vector<int64_t> deadlines(kTimers, kIdle);
    int64_t now = 0;
    int64_t last_fired = 0;
    for (size_t i = 0; i < kTimers; ++i) {
      timers[i].on_timer = [&, i] {
        EXPECT_NE(deadlines[i], kIdle);
        EXPECT_LE(deadlines[i], now);
        EXPECT_GE(deadlines[i], last_fired);
        last_fired = deadlines[i];
        deadlines[i] = kIdle;
      };
    }
    for (int step = 0; step < 20'000; ++step) {
      const size_t i = random() % kTimers;
      const uint64_t what = random() % 10;
      if (what < 6) {
        deadlines[i] = now + 1 + static_cast<int64_t>(random() % 1000);
        heap.Start(deadlines[i], timers[i]);
      } else if (what < 8) {
        deadlines[i] = kIdle;
        heap.Cancel(timers[i]);
      } else {
        now += static_cast<int64_t>(random() % 50);
        last_fired = 0;
        heap.RunDue(now);
      }
      const auto armed = static_cast<size_t>(
          std::count_if(deadlines.begin(), deadlines.end(), [](int64_t d) { return d != kIdle; }));
      ASSERT_EQ(heap.size(), armed);
      if (armed > 0) {
        ASSERT_GT(heap.next_deadline_ns(), what < 8 ? 0 : now);
      }
    }
  }
}

}  // namespace
}  // namespace corelane::io
