// The rules of io/reactor.h, held against every back end that this machine has: accepting, timers,
// wake-ups, readable descriptors.

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "harness.h"

namespace corelane::io {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

using ReactorEvents = ReactorTest;

INSTANTIATE_TEST_SUITE_P(BackEnds, ReactorEvents, ::testing::ValuesIn(AvailableBackEnds()),
                         BackEndTestName);

UniqueFd ListenAnywhere() { return Listen({"127.0.0.1", 0}, 128).value(); }

UniqueFd ConnectTo(const UniqueFd& listener) {
  return Connect({"127.0.0.1", LocalPort(listener.get()).value()}).value();
}

TEST_P(ReactorEvents, AcceptsUntilCancelled) {
  const UniqueFd listener = ListenAnywhere();
  Acceptor acceptor;
  reactor_->StartAccept(listener.get(), acceptor);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(ConnectTo(listener));
  ASSERT_TRUE(Until([&] { return acceptor.accepted.size() == clients.size(); }));
  for (const UniqueFd& fd : acceptor.accepted) {
    EXPECT_NE(::fcntl(fd.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  }
  reactor_->CancelAccept(acceptor);
  ASSERT_TRUE(Until([&] { return acceptor.ended; }));
  EXPECT_EQ(acceptor.result, -ECANCELED);
  EXPECT_TRUE(acceptor.errors.empty());
  const UniqueFd late = ConnectTo(listener);
  PollIdle(*reactor_);
  EXPECT_EQ(acceptor.accepted.size(), clients.size());
}

TEST_P(ReactorEvents, AcceptMayBeCancelledInItsCallback) {
  const UniqueFd listener = ListenAnywhere();
  const UniqueFd first = ConnectTo(listener);
  Acceptor acceptor;
  acceptor.on_accepted = [&] { reactor_->CancelAccept(acceptor); };
  reactor_->StartAccept(listener.get(), acceptor);
  ASSERT_TRUE(Until([&] { return acceptor.ended; }));
  EXPECT_EQ(acceptor.accepted.size(), 1u);
  EXPECT_EQ(acceptor.result, -ECANCELED);
}

TEST_P(ReactorEvents, AcceptingOnWhatDoesNotListenEnds) {
  auto [near, far] = Pair();
  Acceptor acceptor;
  reactor_->StartAccept(near.get(), acceptor);
  far.Reset();
  ASSERT_TRUE(Until([&] { return acceptor.ended; }));
  EXPECT_EQ(acceptor.result, -EINVAL);
}

constexpr size_t kSpareDescriptors = 4;

// Leaves room for kSpareDescriptors more at most, until destroyed.
class FewDescriptorsLeft {
 public:
  FewDescriptorsLeft() {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int lowest_free = ::fcntl(0, F_DUPFD, 0);
    EXPECT_EQ(::close(lowest_free), 0);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(lowest_free) + kSpareDescriptors;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewDescriptorsLeft() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

std::vector<UniqueFd> MoreClientsThanDescriptors(const UniqueFd& listener) {
  std::vector<UniqueFd> clients;
  for (size_t i = 0; i <= kSpareDescriptors; ++i) clients.push_back(ConnectTo(listener));
  return clients;
}

TEST_P(ReactorEvents, AcceptingGoesOnAfterRunningOutOfDescriptors) {
  const UniqueFd listener = ListenAnywhere();
  const std::vector<UniqueFd> clients = MoreClientsThanDescriptors(listener);
  Acceptor acceptor;
  {
    FewDescriptorsLeft few;
    // Only now: io_uring reads the limit when accepting starts.
    reactor_->StartAccept(listener.get(), acceptor);
    ASSERT_TRUE(Until([&] { return !acceptor.errors.empty(); }));
    EXPECT_EQ(acceptor.errors.front(), -EMFILE);
    EXPECT_LT(acceptor.accepted.size(), clients.size());
    // It tries again after a pause, not in every turn.
    const size_t errors = acceptor.errors.size();
    PollIdle(*reactor_);
    EXPECT_LE(acceptor.errors.size(), errors + 1);
  }
  ASSERT_TRUE(Until([&] { return acceptor.accepted.size() == clients.size(); }));
  reactor_->CancelAccept(acceptor);
  ASSERT_TRUE(Until([&] { return acceptor.ended; }));
}

TEST_P(ReactorEvents, APausedAcceptCanBeCancelled) {
  const UniqueFd listener = ListenAnywhere();
  const std::vector<UniqueFd> clients = MoreClientsThanDescriptors(listener);
  Acceptor acceptor;
  acceptor.on_error = [&] { reactor_->CancelAccept(acceptor); };
  {
    FewDescriptorsLeft few;
    reactor_->StartAccept(listener.get(), acceptor);
    ASSERT_TRUE(Until([&] { return acceptor.ended; }));
  }
  EXPECT_EQ(acceptor.result, -ECANCELED);
  EXPECT_EQ(acceptor.errors.size(), 1u);
}

// On a clock that stands still until told: deadlines are exact.
class TimerTest : public ::testing::TestWithParam<BackEnd> {
 protected:
  int64_t In(int64_t millis) const { return clock_.MonotonicNanos() + millis * kNanosPerMilli; }

  env::ManualClock clock_;
  std::unique_ptr<Reactor> reactor_ = MakeOrDie(OptionsFor(GetParam(), clock_));
};

INSTANTIATE_TEST_SUITE_P(BackEnds, TimerTest, ::testing::ValuesIn(AvailableBackEnds()),
                         BackEndTestName);

TEST_P(TimerTest, FiresAtItsDeadlineAndNeverBefore) {
  Timer timer;
  reactor_->StartTimer(In(10), timer);
  PollIdle(*reactor_);
  clock_.AdvanceMillis(9);
  PollIdle(*reactor_);
  EXPECT_EQ(timer.calls, 0);
  clock_.AdvanceMillis(1);
  reactor_->Poll(0);
  EXPECT_EQ(timer.calls, 1);
  clock_.AdvanceMillis(100);
  PollIdle(*reactor_);
  EXPECT_EQ(timer.calls, 1);
}

TEST_P(TimerTest, FireInTheOrderOfTheirDeadlines) {
  std::vector<int> order;
  std::vector<Timer> timers(5);
  const int delays_ms[] = {30, 10, 50, 20, 40};
  for (size_t i = 0; i < timers.size(); ++i) {
    timers[i].on_timer = [&order, delay = delays_ms[i]] { order.push_back(delay); };
    reactor_->StartTimer(In(delays_ms[i]), timers[i]);
  }
  clock_.AdvanceMillis(45);
  reactor_->Poll(0);
  EXPECT_EQ(order, (std::vector<int>{10, 20, 30, 40}));
  clock_.AdvanceMillis(5);
  reactor_->Poll(0);
  EXPECT_EQ(order.back(), 50);
}

TEST_P(TimerTest, StartingAnArmedTimerMovesIt) {
  Timer later;
  Timer sooner;
  reactor_->StartTimer(In(10), later);
  reactor_->StartTimer(In(30), later);
  reactor_->StartTimer(In(30), sooner);
  reactor_->StartTimer(In(10), sooner);
  clock_.AdvanceMillis(10);
  PollIdle(*reactor_);
  EXPECT_EQ(later.calls, 0);
  EXPECT_EQ(sooner.calls, 1);
  clock_.AdvanceMillis(20);
  PollIdle(*reactor_);
  EXPECT_EQ(later.calls, 1);
}

TEST_P(TimerTest, ACallbackMayCancelAnotherDueTimer) {
  Timer first;
  Timer second;
  first.on_timer = [&] { reactor_->CancelTimer(second); };
  reactor_->StartTimer(In(1), first);
  reactor_->StartTimer(In(2), second);
  clock_.AdvanceMillis(5);
  PollIdle(*reactor_);
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(second.calls, 0);
}

TEST_P(TimerTest, ATimerMayStartItselfAgainOrGo) {
  Timer again;
  again.on_timer = [&] {
    if (again.calls < 3) reactor_->StartTimer(In(10), again);
  };
  auto gone = std::make_unique<Timer>();
  gone->on_timer = [&] { gone.reset(); };
  reactor_->StartTimer(In(10), again);
  reactor_->StartTimer(In(10), *gone);
  for (int i = 0; i < 10; ++i) {
    clock_.AdvanceMillis(10);
    reactor_->Poll(0);
  }
  EXPECT_EQ(again.calls, 3);
  EXPECT_EQ(gone, nullptr);
}

TEST_P(TimerTest, ATimerThatAlwaysStartsForNowDoesNotHoldThePoll) {
  Timer busy;
  busy.on_timer = [&] { reactor_->StartTimer(In(0), busy); };
  reactor_->StartTimer(In(0), busy);
  reactor_->Poll(-1);
  reactor_->Poll(-1);
  EXPECT_GE(busy.calls, 2);
  EXPECT_LE(busy.calls, 4);
  reactor_->CancelTimer(busy);
}

TEST_P(ReactorEvents, ATimerEndsTheWait) {
  Timer timer;
  for (const int64_t delay_ns : {int64_t{1}, int64_t{700'000}, 3 * kNanosPerMilli}) {
    const int64_t deadline_ns = clock_.MonotonicNanos() + delay_ns;
    const int calls = timer.calls;
    timer.on_timer = [&] { EXPECT_GE(clock_.MonotonicNanos(), deadline_ns); };
    reactor_->StartTimer(deadline_ns, timer);
    while (timer.calls == calls) reactor_->Poll(-1);
  }
}

// A single wait may be cut short: the ring of the test before is taken down about now, which
// interrupts this thread. So this counts how many waits it takes to pass the time: 20 if each
// sleeps, some more if interrupted, thousands if none sleeps.
TEST_P(ReactorEvents, TheTimeoutEndsTheWait) {
  constexpr int64_t kWaitNanos = 5 * kNanosPerMilli;
  constexpr int kWaits = 20;
  constexpr int kInterruptedMax = 200;
  const int64_t end_ns = clock_.MonotonicNanos() + kWaits * kWaitNanos;
  int polls = 0;
  while (clock_.MonotonicNanos() < end_ns) {
    reactor_->Poll(kWaitNanos);
    ++polls;
  }
  EXPECT_LE(polls, kWaits + kInterruptedMax);
}

TEST_P(ReactorEvents, AWakeBeforeThePollEndsIt) {
  PollIdle(*reactor_);
  for (int i = 0; i < 100; ++i) {
    reactor_->Wake();
    if (i % 3 == 0) reactor_->Wake();
    reactor_->Poll(-1);
  }
}

// Two threads that wake each other in turn, each asleep most of the time: one lost wake-up and both
// sleep on.
TEST_P(ReactorEvents, NoWakeUpIsLost) {
  constexpr int kRounds = 100'000;
  constexpr int64_t kLostNanos = 20'000'000'000;
  const std::unique_ptr<Reactor>& near = reactor_;
  std::atomic<Reactor*> far{nullptr};
  std::atomic<int> turn{0};  // even: near's, odd: far's
  std::atomic<int> lost{0};
  const auto await = [&](Reactor& reactor, int value) {
    while (turn.load(std::memory_order_acquire) != value) {
      const int64_t start_ns = clock_.MonotonicNanos();
      reactor.Poll(kLostNanos);
      if (clock_.MonotonicNanos() - start_ns >= kLostNanos) lost.fetch_add(1);
    }
  };
  std::atomic<bool> near_done{false};
  std::thread thread([&] {
    const std::unique_ptr<Reactor> reactor = MakeOrDie(OptionsFor(GetParam(), clock_));
    far.store(reactor.get());
    near->Wake();
    for (int i = 0; i < kRounds; ++i) {
      await(*reactor, 2 * i + 1);
      turn.store(2 * i + 2, std::memory_order_release);
      near->Wake();
    }
    while (!near_done.load()) std::this_thread::yield();  // near still wakes this reactor
  });
  ASSERT_TRUE(Until([&] { return far.load() != nullptr; }));
  for (int i = 0; i < kRounds; ++i) {
    turn.store(2 * i + 1, std::memory_order_release);
    far.load()->Wake();
    await(*near, 2 * i + 2);
  }
  near_done.store(true);
  thread.join();
  EXPECT_EQ(lost.load(), 0);
}

TEST_P(ReactorEvents, ReadableIsToldAgainWhileThereIsMore) {
  UniqueFd fd(::eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
  Watcher watcher;
  watcher.on_readable = [&] {
    uint64_t value = 0;
    EXPECT_EQ(::read(fd.get(), &value, sizeof(value)), static_cast<ssize_t>(sizeof(value)));
  };
  reactor_->StartReadable(fd.get(), watcher);
  ASSERT_TRUE(Until([&] { return watcher.calls == 3; }));
  PollIdle(*reactor_);
  EXPECT_EQ(watcher.calls, 3);
  const uint64_t one = 1;
  ASSERT_EQ(::write(fd.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
  ASSERT_TRUE(Until([&] { return watcher.calls == 4; }));
  reactor_->CancelReadable(watcher);
  ASSERT_TRUE(Until([&] { return watcher.ended; }));
  EXPECT_EQ(watcher.result, -ECANCELED);
}

TEST_P(ReactorEvents, ReadableMayBeCancelledInItsCallback) {
  UniqueFd fd(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
  Watcher watcher;
  watcher.on_readable = [&] { reactor_->CancelReadable(watcher); };
  reactor_->StartReadable(fd.get(), watcher);
  ASSERT_TRUE(Until([&] { return watcher.ended; }));
  EXPECT_EQ(watcher.calls, 1);
  EXPECT_EQ(watcher.result, -ECANCELED);
}

TEST_P(ReactorEvents, ASignalDescriptorIsReadable) {
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &signals, &before), 0);
  UniqueFd fd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  int seen = 0;
  Watcher watcher;
  watcher.on_readable = [&] {
    signalfd_siginfo info{};
    if (::read(fd.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) ++seen;
  };
  reactor_->StartReadable(fd.get(), watcher);
  for (int i = 1; i <= 3; ++i) {
    PollIdle(*reactor_);
    ASSERT_EQ(::pthread_kill(::pthread_self(), SIGUSR1), 0);
    ASSERT_TRUE(Until([&] { return seen == i; }));
  }
  reactor_->CancelReadable(watcher);
  ASSERT_TRUE(Until([&] { return watcher.ended; }));
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
}

}  // namespace
}  // namespace corelane::io
