#include "io/loop.h"

namespace corelane::io {

Loop::Loop(Reactor& reactor, const env::Clock& clock, LoopOptions options)
    : reactor_(reactor), clock_(clock), options_(options) {}

void Loop::AddTask(TurnTask& task) { tasks_.push_back(&task); }

void Loop::Run() {
  // Acquire pairs with the release in Stop(): what the stopper did before is seen after Run().
  while (!stopping_.load(std::memory_order_acquire)) RunOnce(-1);
}

void Loop::RunOnce(int64_t timeout_ns) {
  const bool announced = MayAnnounceSleep();
  const bool may_sleep = announced && PrepareToSleep();
  const size_t ran = reactor_.Poll(may_sleep ? timeout_ns : 0);
  if (announced) {
    for (TurnTask* task : tasks_) task->OnAwake();
  }
  more_to_do_ = RunTasks();
  if (more_to_do_ || ran != 0) idle_since_ns_ = kBusy;
}

// A Stop() that comes before the next Poll() rings the reactor, which makes that Poll() return: no
// stop is slept through.
void Loop::Stop() {
  stopping_.store(true, std::memory_order_release);
  reactor_.Wake();
}

bool Loop::RunTasks() {
  bool more_to_do = false;
  for (TurnTask* task : tasks_) more_to_do |= task->RunTurn();
  return more_to_do;
}

// Not while a task has more to do, nor before the thread has been idle for `spin_ns`.
bool Loop::MayAnnounceSleep() {
  if (more_to_do_) return false;
  if (options_.spin_ns == 0) return true;
  const int64_t now_ns = clock_.MonotonicNanos();
  if (idle_since_ns_ == kBusy) idle_since_ns_ = now_ns;
  return now_ns - idle_since_ns_ >= options_.spin_ns;
}

// True when every task has announced the sleep and then found nothing. After a false the tasks that
// have announced it hear of OnAwake() like all others.
bool Loop::PrepareToSleep() {
  for (TurnTask* task : tasks_) {
    if (!task->PrepareToSleep()) return false;
  }
  return true;
}

}  // namespace corelane::io
