// The queue under the mailboxes: messages of one cache line through an SpscQueue, by one thread and
// between two, with a publish for each or for a batch of them; and the round trip of one message
// over a pair of queues. Threads are not pinned: run it with taskset to choose the cores (`taskset
// -c 0,1 mailbox-bench`).

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

#include "base/check.h"
#include "base/spsc_queue.h"

namespace corelane::bench {
namespace {

struct Message {
  std::array<uint64_t, 8> words;
};
static_assert(sizeof(Message) == base::SpscQueue<Message>::kCacheLineBytes);

constexpr size_t kCapacity = 1024;
constexpr size_t kPopsMax = 64;

void CountMessages(benchmark::State& state, int64_t per_iteration) {
  state.SetItemsProcessed(state.iterations() * per_iteration);
  state.SetBytesProcessed(state.items_processed() * static_cast<int64_t>(sizeof(Message)));
}

void OneThread(benchmark::State& state) {
  const auto batch = static_cast<size_t>(state.range(0));
  base::SpscQueue<Message> queue(kCapacity);
  std::array<Message, kPopsMax> popped;
  for (auto _ : state) {
    for (size_t i = 0; i < batch; ++i) CHECK(queue.TryPush({{i}}));
    queue.Publish();
    CHECK(queue.PopBatch(popped) == batch);
    benchmark::DoNotOptimize(popped);
  }
  CountMessages(state, state.range(0));
}
BENCHMARK(OneThread)->ArgName("batch")->Arg(1)->Arg(16)->Arg(64);

// Takes messages until it is told to stop.
void Consume(base::SpscQueue<Message>& queue, const std::atomic<bool>& stop) {
  std::array<Message, kPopsMax> popped;
  while (!stop.load(std::memory_order_relaxed)) {
    if (queue.PopBatch(popped) == 0) std::this_thread::yield();
    benchmark::DoNotOptimize(popped);
  }
}

void TwoThreads(benchmark::State& state) {
  const auto batch = static_cast<size_t>(state.range(0));
  base::SpscQueue<Message> queue(kCapacity);
  std::atomic<bool> stop{false};
  std::thread consumer([&queue, &stop] { Consume(queue, stop); });
  for (auto _ : state) {
    for (size_t i = 0; i < batch; ++i) {
      while (!queue.TryPush({{i}})) {
        queue.Publish();
        std::this_thread::yield();
      }
    }
    queue.Publish();
  }
  stop.store(true, std::memory_order_relaxed);
  consumer.join();
  CountMessages(state, state.range(0));
}
BENCHMARK(TwoThreads)->ArgName("batch")->Arg(1)->Arg(16)->Arg(64)->UseRealTime();

void RoundTrip(benchmark::State& state) {
  base::SpscQueue<Message> there(kCapacity);
  base::SpscQueue<Message> back(kCapacity);
  std::atomic<bool> stop{false};
  std::thread echo([&there, &back, &stop] {
    while (!stop.load(std::memory_order_relaxed)) {
      const Message* message = there.Front();
      if (message == nullptr) {
        std::this_thread::yield();  // the two may have to share a core
        continue;
      }
      CHECK(back.TryPush(*message));
      back.Publish();
      there.Pop();
    }
  });
  for (auto _ : state) {
    CHECK(there.TryPush({{1}}));
    there.Publish();
    while (back.Front() == nullptr) std::this_thread::yield();
    back.Pop();
  }
  stop.store(true, std::memory_order_relaxed);
  echo.join();
  CountMessages(state, 1);
}
BENCHMARK(RoundTrip)->UseRealTime();

}  // namespace
}  // namespace corelane::bench

BENCHMARK_MAIN();
