#include "io/loop.h"

#include <atomic>
#include <thread>

#include "harness.h"

namespace corelane::io {
namespace {

using LoopTest = ReactorTest;

INSTANTIATE_TEST_SUITE_P(BackEnds, LoopTest, ::testing::ValuesIn(AvailableBackEnds()),
                         BackEndTestName);

struct ScriptedTask : TurnTask {
  bool RunTurn() override {
    ++turns;
    if (log != nullptr) log->push_back(name);
    return work > 0 && --work > 0;
  }
  bool PrepareToSleep() override {
    EXPECT_FALSE(announced);
    announced = true;
    ++prepared;
    return work == 0;
  }
  void OnAwake() override {
    announced = false;
    ++awoken;
  }
  std::string_view name;
  std::vector<std::string_view>* log = nullptr;
  int work = 0;
  int turns = 0;
  int prepared = 0;
  int awoken = 0;
  bool announced = false;
};

TEST_P(LoopTest, RunsTasksInOrderOncePerTurn) {
  Loop loop(*reactor_, clock_, {});
  std::vector<std::string_view> log;
  ScriptedTask a;
  ScriptedTask b;
  a.name = "a";
  b.name = "b";
  a.log = b.log = &log;
  loop.AddTask(a);
  loop.AddTask(b);
  loop.RunOnce(0);
  loop.RunOnce(0);
  EXPECT_EQ(log, (std::vector<std::string_view>{"a", "b", "a", "b"}));
}

TEST_P(LoopTest, DoesNotSleepWhileATaskHasMore) {
  Loop loop(*reactor_, clock_, {});
  ScriptedTask busy;
  ScriptedTask idle;
  loop.AddTask(busy);
  loop.AddTask(idle);
  busy.work = 1000;
  while (busy.work > 0) loop.RunOnce(-1);
  EXPECT_EQ(reactor_->counters().waits, 0u);
  EXPECT_EQ(busy.prepared, 0);
  EXPECT_EQ(idle.turns, busy.turns);
}

TEST_P(LoopTest, ATaskThatFindsWorkAtTheLastLookPreventsTheSleep) {
  Loop loop(*reactor_, clock_, {});
  ScriptedTask first;
  ScriptedTask second;
  loop.AddTask(first);
  loop.AddTask(second);
  loop.RunOnce(0);
  second.work = 1;
  loop.RunOnce(-1);  // would never return
  EXPECT_EQ(reactor_->counters().waits, 0u);
  EXPECT_EQ(second.work, 0);
  EXPECT_EQ(first.awoken, first.prepared);
  EXPECT_GE(second.awoken, second.prepared);
  EXPECT_FALSE(first.announced || second.announced);
}

TEST_P(LoopTest, SpinsBeforeItSleeps) {
  env::ManualClock clock;
  Loop loop(*reactor_, clock, {.spin_ns = 5'000'000});
  ScriptedTask task;
  loop.AddTask(task);
  for (int i = 0; i < 10; ++i) loop.RunOnce(1);
  clock.AdvanceMillis(4);
  loop.RunOnce(1);
  EXPECT_EQ(reactor_->counters().waits, 0u);
  EXPECT_EQ(task.prepared, 0);
  clock.AdvanceMillis(1);
  loop.RunOnce(1);
  EXPECT_EQ(reactor_->counters().waits, 1u);
  // Work starts the spinning anew.
  reactor_->Wake();
  auto [near, far] = Pair();
  Sender sender;
  reactor_->StartSend(near.get(), std::string_view("x"), sender);
  while (!sender.done()) loop.RunOnce(1);
  const uint64_t waits = reactor_->counters().waits;
  clock.AdvanceMillis(4);
  loop.RunOnce(1);
  EXPECT_LE(reactor_->counters().waits, waits + 1);
}

TEST_P(LoopTest, StopsFromAnotherThread) {
  for (int i = 0; i < 200; ++i) {
    Loop loop(*reactor_, clock_, {});
    std::thread stopper([&] { loop.Stop(); });
    loop.Run();
    stopper.join();
  }
}

TEST_P(LoopTest, StopsFromACallback) {
  Loop loop(*reactor_, clock_, {});
  Timer timer;
  timer.on_timer = [&] { loop.Stop(); };
  reactor_->StartTimer(clock_.MonotonicNanos() + 1'000'000, timer);
  loop.Run();
  EXPECT_EQ(timer.calls, 1);
}

// A mailbox in its simplest form: the consumer announces its sleep and looks again, the producer
// rings a sleeper only.
class CountingInbox : public TurnTask {
 public:
  CountingInbox(Reactor& reactor, Loop& loop, int expected)
      : reactor_(reactor), loop_(loop), expected_(expected) {}

  void Push() {  // the producer's thread
    pushed_.fetch_add(1);
    if (sleeping_.exchange(false)) reactor_.Wake();
  }

  bool RunTurn() override {
    taken_ = pushed_.load();
    if (taken_ == expected_) loop_.Stop();
    return false;
  }
  bool PrepareToSleep() override {
    sleeping_.store(true);
    return pushed_.load() == taken_;
  }
  void OnAwake() override { sleeping_.store(false); }

 private:
  Reactor& reactor_;
  Loop& loop_;
  const int expected_;
  int taken_ = 0;
  std::atomic<int> pushed_{0};
  std::atomic<bool> sleeping_{false};
};

TEST_P(LoopTest, NoMessageIsSleptThrough) {
  constexpr int kMessages = 50'000;
  Loop loop(*reactor_, clock_, {});
  CountingInbox inbox(*reactor_, loop, kMessages);
  loop.AddTask(inbox);
  std::thread producer([&] {
    for (int i = 0; i < kMessages; ++i) {
      inbox.Push();
      if (i % 4 == 0) std::this_thread::yield();
    }
  });
  loop.Run();
  producer.join();
}

}  // namespace
}  // namespace corelane::io
