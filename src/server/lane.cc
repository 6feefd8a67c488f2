#include "server/lane.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "env/process.h"
#include "io/socket.h"

namespace corelane::server {
namespace {

proto::CodecLimits MakeCodecLimits(const ServerOptions& options) {
  proto::CodecLimits limits;
  limits.key_bytes_max = options.key_bytes_max;
  limits.value_bytes_max = options.value_bytes_max;
  return limits;
}

}  // namespace

Lane::Lane(const LaneShared& shared, uint32_t index)
    : shared_(shared),
      index_(index),
      codec_limits_(MakeCodecLimits(*shared.options)),
      log_bell_(shared.exchange->signal(index)) {}

Lane::~Lane() { CHECK(!thread_.joinable()); }

// ---- The control thread's side ----

Lane::Starting Lane::Start(int cpu, std::shared_future<bool> go) {
  Milestones milestones;
  Starting starting{milestones.recovered.get_future(), milestones.serving.get_future()};
  stopped_ = milestones.stopped.get_future();
  thread_ =
      std::thread([this, cpu, milestones = std::move(milestones), go = std::move(go)]() mutable {
        // Keeps a lane's cache warm and its timing its own.
        env::PinThread(cpu);
        RunThread(std::move(milestones), go);
      });
  return starting;
}

bool Lane::Adopt(io::UniqueFd fd, Scheme scheme, bool refused) {
  const LaneOrder order{LaneOrder::Kind::kAdopt, scheme, refused, fd.get()};
  if (!orders_.TryPush(order)) return false;
  [[maybe_unused]] const int owned_by_the_order = fd.Release();
  orders_.Publish();
  shared_.exchange->signal(index_).Ring();
  return true;
}

void Lane::Drain() { Send({LaneOrder::Kind::kDrain}); }

void Lane::Stop() {
  if (thread_.joinable()) Send({LaneOrder::Kind::kStop});
}

Status Lane::WaitUntilStopped() { return stopped_.valid() ? stopped_.get() : OkStatus(); }

void Lane::Join() {
  if (!thread_.joinable()) return;
  may_end_.set_value();
  thread_.join();
}

// An order that must not be lost: waits for room, which the lane makes each turn.
void Lane::Send(const LaneOrder& order) {
  while (!orders_.TryPush(order)) std::this_thread::yield();
  orders_.Publish();
  shared_.exchange->signal(index_).Ring();
}

// ---- The lane's thread ----

void Lane::RunThread(Milestones milestones, const std::shared_future<bool>& go) {
  pthread_setname_np(pthread_self(), ("lane-" + std::to_string(index_)).c_str());
  milestones.recovered.set_value(Recover());
  if (go.get()) {
    const Status opened = Open();
    milestones.serving.set_value(opened);
    if (opened.ok()) Serve();
  }
  // The log's helper, which rings this lane, ends here.
  milestones.stopped.set_value(slice_ == nullptr ? OkStatus() : slice_->Close());
  may_end_.get_future().wait();
  shard_.reset();
  slice_.reset();
  loop_.reset();
  reactor_.reset();
}

Status Lane::Recover() {
  io::ReactorOptions reactor_options;
  reactor_options.choice = shared_.options->io;
  reactor_options.clock = shared_.clock;
  Result<std::unique_ptr<io::Reactor>> reactor =
      io::MakeReactor(reactor_options, facts_.io_fallback_reason);
  if (!reactor.ok()) return reactor.status();
  reactor_ = std::move(*reactor);
  return shared_.opener->Recover(index_);
}

Status Lane::Open() {
  shard::LaneSignal& signal = shared_.exchange->signal(index_);
  signal.SetReactor(reactor_.get());
  Result<shard::SliceParts> parts = shared_.opener->OpenParts(index_, &log_bell_);
  if (!parts.ok()) return parts.status();
  const shard::SliceLimits limits{shared_.options->key_bytes_max, shared_.options->value_bytes_max};
  slice_ = std::make_unique<shard::Slice>(std::move(parts->engine), std::move(parts->log), limits,
                                          index_, shared_.exchange->lanes());
  if (parts->checkpoints != nullptr) {
    slice_->EnableCheckpoints(std::move(parts->checkpoints), *shared_.clock,
                              {shared_.options->checkpoints, parts->log_bytes});
  }

  shard::Mailbox& mailbox = shared_.exchange->mailbox(index_);
  facts_.server = shared_.facts;
  facts_.counters = &counters_;
  facts_.mailbox = &mailbox.counters();
  facts_.reactor = &reactor_->counters();
  facts_.io_back_end = io::BackEndName(reactor_->back_end());
  facts_.clock = shared_.clock;
  facts_.host = this;
  facts_.settings = &settings_;
  facts_.stats = &command_stats_;
  facts_.slow_log = &slow_log_;
  settings_.idle_timeout_ms = shared_.options->idle_timeout_ms;
  shard_ = std::make_unique<shard::Shard>(*slice_, mailbox, facts_, shared_.opener->hash_seed());
  loop_ = std::make_unique<io::Loop>(*reactor_, *shared_.clock,
                                     io::LoopOptions{shared_.options->spin_us * 1000});
  loop_->AddTask(*this);
  return OkStatus();
}

void Lane::Serve() {
  StartTimer(kTickMillis, ticker_);
  while (!stopping_) loop_->RunOnce(-1);
  reactor_->CancelTimer(ticker_);
  while (Connection* connection = connections_.Front()) {
    base::Log(base::Severity::kWarning, "%s: still open after the drain timeout; closed",
              std::string(connection->peer()));
    connection->Abort();
    // The reactor owes the connection its last callbacks; they come without waiting for the peer.
    while (!connection->dead()) reactor_->Poll(-1);
    FinishDirty();
  }
}

uint64_t Lane::NextConnectionId() {
  // Unique over the lanes without asking them: every lane counts in its own residue class.
  return connections_made_++ * shared_.exchange->lanes() + index_ + 1;
}

void Lane::StartTimer(int64_t after_ms, io::TimerOp& timer) {
  reactor_->StartTimer(shared_.clock->MonotonicNanos() + after_ms * 1'000'000, timer);
}

void Lane::MarkDirty(Connection& connection) {
  if (connection.base::IntrusiveLink<DirtyList>::linked()) return;
  dirty_.PushBack(connection);
}

void Lane::MarkReady(Connection& connection) {
  if (connection.base::IntrusiveLink<ReadyList>::linked()) return;
  ready_.PushBack(connection);
}

void Lane::Touch(Connection& connection) { connections_.MoveToBack(connection); }

// ---- Turns ----

bool Lane::RunTurn() {
  const bool quiet = ready_.empty() && dirty_.empty();
  TakeOrders();
  ExecuteReady();
  bool more = shard_->RunTurn();
  if (background_due_) {
    background_due_ = shard_->RunBackground();
    more |= background_due_;
  }
  more |= FinishDirty();
  more |= shard_->RunCheckpoint(quiet);
  shard_->EndTurn();
  return more;
}

bool Lane::PrepareToSleep() {
  shared_.exchange->signal(index_).AnnounceSleep();
  return orders_.Empty() && !shard_->HasWork();
}

void Lane::OnAwake() { shared_.exchange->signal(index_).AnnounceAwake(); }

// Executes what was received in this turn, some connections at a time: their keys' table slots are
// on their way into the cache together, which is what makes a lookup cheap for clients that do not
// pipeline.
void Lane::ExecuteReady() {
  while (!ready_.empty()) {
    std::array<Connection*, kReadyTogether> connections;
    size_t count = 0;
    size_t keys = 0;
    // As many as the prefetcher takes at a time, give or take one connection's.
    while (count < kReadyTogether && keys < kReadyTogether) {
      Connection* const connection = ready_.PopFront();
      if (connection == nullptr) break;
      if (!connection->DecodeReady(ready_batches_[count])) continue;
      keys += ready_batches_[count].hashes.size();
      connections[count++] = connection;
    }
    shard_->Prefetch(std::span(ready_batches_).first(count));
    for (size_t i = 0; i < count; ++i) connections[i]->ExecuteReady(ready_batches_[i]);
  }
}

// Lets each dirty connection go on, once. What becomes dirty meanwhile waits for the next turn,
// unless it is dead.
bool Lane::FinishDirty() {
  base::IntrusiveList<Connection, DirtyList> now;
  now.TakeAll(dirty_);
  bool more = false;
  while (Connection* connection = now.PopFront()) {
    if (!connection->dead() && connection->EndTurn()) {
      more = true;
      MarkDirty(*connection);
    }
    if (connection->dead()) Bury(*connection);
  }
  return more || !dirty_.empty();
}

void Lane::Bury(Connection& connection) {
  if (connection.base::IntrusiveLink<DirtyList>::linked()) dirty_.Erase(connection);
  if (connection.base::IntrusiveLink<ReadyList>::linked()) ready_.Erase(connection);
  connections_.Erase(connection);
  const std::unique_ptr<Connection> owned(&connection);
  --counters_.connections_open;
  // release: see closed_connections().
  closed_connections_.fetch_add(1, std::memory_order_release);
  if (draining_ && connections_.empty()) shared_.control_signal->Ring();
}

void Lane::TakeOrders() {
  while (const LaneOrder* order = orders_.Front()) {
    const LaneOrder copy = *order;
    orders_.Pop();
    Obey(copy);
  }
}

void Lane::Obey(const LaneOrder& order) {
  switch (order.kind) {
    case LaneOrder::Kind::kAdopt: {
      auto connection =
          std::make_unique<Connection>(*this, io::UniqueFd(order.fd), order.scheme, order.refused);
      ++counters_.connections_open;
      ++counters_.connections_accepted;
      // The list owns it from here on; Bury() takes it back.
      Connection& adopted = *connection.release();
      connections_.PushBack(adopted);
      adopted.Start();
      if (draining_) adopted.Drain();
      break;
    }
    case LaneOrder::Kind::kDrain:
      draining_ = true;
      settings_.paused_until_ms = 0;  // what was asked is to be answered now
      for (Connection* connection = connections_.Front(); connection != nullptr;
           connection = connections_.Next(*connection)) {
        connection->Drain();
      }
      break;
    case LaneOrder::Kind::kStop:
      stopping_ = true;
      break;
  }
}

// ---- What commands ask ----

void Lane::VisitClients(absl::FunctionRef<void(const shard::ClientState&)> visit) {
  for (Connection* connection = connections_.Front(); connection != nullptr;
       connection = connections_.Next(*connection)) {
    if (connection->listed()) visit(connection->Describe());
  }
}

bool Lane::CloseClient(uint64_t id, bool after_replies) {
  for (Connection* connection = connections_.Front(); connection != nullptr;
       connection = connections_.Next(*connection)) {
    if (connection->session.id != id || connection->closing()) continue;
    if (after_replies) {
      connection->CloseAfterReplies();
    } else {
      connection->Abort();
    }
    return true;
  }
  return false;
}

// The control thread reads signals like any other input, so this one takes the usual way.
void Lane::RequestShutdown() { ::kill(::getpid(), SIGTERM); }

void Lane::Tick() {
  background_due_ = true;
  CloseIdle();
  MeasureRates();
  StartTimer(kTickMillis, ticker_);
}

void Lane::MeasureRates() {
  const io::ReactorCounters& reactor = reactor_->counters();
  const RateMeter::Counts rates =
      rates_.Add(shared_.clock->MonotonicNanos(),
                 {counters_.commands, reactor.received_bytes, reactor.sent_bytes});
  counters_.commands_per_s = rates[0];
  counters_.input_bytes_per_s = rates[1];
  counters_.output_bytes_per_s = rates[2];
}

void Lane::CloseIdle() {
  const int64_t now_ns = shared_.clock->MonotonicNanos();
  const bool watched = std::exchange(watching_idle_, settings_.idle_timeout_ms != 0);
  if (!watching_idle_) return;
  // Without a timeout nobody takes note of activity: all begin to be idle now.
  for (Connection* connection = watched ? nullptr : connections_.Front(); connection != nullptr;
       connection = connections_.Next(*connection)) {
    connection->set_active_at_ns(now_ns);
  }
  const int64_t oldest_ns = now_ns - settings_.idle_timeout_ms * 1'000'000;
  for (Connection* connection = connections_.Front();
       connection != nullptr && connection->active_at_ns() < oldest_ns;
       connection = connections_.Next(*connection)) {
    if (connection->closing()) continue;
    ++counters_.connections_timed_out;
    connection->Abort();
  }
}

}  // namespace corelane::server
