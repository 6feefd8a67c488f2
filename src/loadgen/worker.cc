#include "loadgen/worker.h"

#include <sys/prctl.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/check.h"
#include "env/process.h"

namespace corelane::loadgen {
namespace {

// How often connections are looked after: opened again, given up.
constexpr int64_t kLookAfterNanos = 20'000'000;
constexpr int64_t kOrderWaitNanos = 1'000'000;
// So many operations are started before what was written is sent.
constexpr uint32_t kStartedPerTurnMax = 64;
constexpr uint32_t kPrefillPipeline = 32;

uint64_t ShareOf(uint64_t total, uint32_t index, uint32_t threads) {
  return total / threads + (index < total % threads ? 1 : 0);
}

}  // namespace

Worker::Worker(const LoadOptions& options, const Surroundings& surroundings, uint32_t index)
    : options_(options),
      network_(surroundings.network),
      clock_(surroundings.clock),
      bell_(surroundings.bell),
      index_(index),
      tally_(options.open_loop()),
      payload_(PayloadOf(options)) {
  if (options.operations != 0) {
    operations_left_ = ShareOf(options.operations, index, options.threads);
  }
}

Worker::~Worker() = default;

void Worker::Order(const WorkerOrder& order) {
  CHECK(orders_.TryPush(order));
  orders_.Publish();
}

bool Worker::NextNews(WorkerNews& news) {
  const WorkerNews* const front = news_.Front();
  if (front == nullptr) return false;
  news = *front;
  news_.Pop();
  return true;
}

void Worker::Tell(const WorkerNews& news) {
  const bool milestone = news.kind == WorkerNews::Kind::kReady ||
                         news.kind == WorkerNews::Kind::kDrained ||
                         news.kind == WorkerNews::Kind::kEnded;
  // Other news that nobody takes in time are not missed.
  while (!news_.TryPush(news) && milestone) std::this_thread::yield();
  news_.Publish();
  bell_.Ring();
}

void Worker::Main() {
  // A thread's timers are otherwise 50 us late on purpose.
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  status_ = Prepare();
  if (!status_.ok()) phase_ = Phase::kEnded;
  while (phase_ != Phase::kEnded) Turn();
  for (const auto& connection : connections_) connection->Abort();
  dirty_.Clear();
  // The reactor goes first: it calls nobody back any more.
  reactor_.reset();
  Tell({.kind = WorkerNews::Kind::kEnded});
}

uint32_t Worker::ConnectionCount() const {
  return std::max<uint32_t>(
      1, static_cast<uint32_t>(ShareOf(options_.connections, index_, options_.threads)));
}

void Worker::MakeRequesters() {
  const uint32_t count = options_.verify ? ConnectionCount() : 1;
  for (uint32_t i = 0; i < count; ++i) {
    requesters_.push_back(std::make_unique<Requester>(options_, index_ + i * options_.threads,
                                                      payload_, tally_.verify()));
  }
}

Status Worker::Prepare() {
  Result<std::unique_ptr<io::Reactor>> reactor = network_.MakeReactor();
  if (!reactor.ok()) return reactor.status();
  reactor_ = std::move(*reactor);
  back_end_ = reactor_->back_end();
  MakeRequesters();
  const uint32_t pipeline =
      options_.prefills() ? std::max(options_.pipeline, kPrefillPipeline) : options_.pipeline;
  for (uint32_t i = 0; i < ConnectionCount(); ++i) {
    const size_t number = index_ + size_t{i} * options_.threads;
    connections_.push_back(
        std::make_unique<Connection>(options_.targets[number % options_.targets.size()], pipeline,
                                     options_.verify ? i : 0, *reactor_, *this));
    if (Status status = Connect(*connections_.back()); !status.ok()) return status;
  }
  started_ns_ = now_ns_ = clock_.MonotonicNanos();
  return OkStatus();
}

Status Worker::Connect(Connection& connection) {
  Result<io::UniqueFd> fd = network_.Connect(connection.target().endpoint);
  if (!fd.ok()) return fd.status();
  connection.Open(std::move(*fd));
  return OkStatus();
}

void Worker::Fail(Status status) {
  status_ = std::move(status);
  phase_ = Phase::kEnded;
}

// ---- Turns ----

void Worker::Turn() {
  FlushDirty();
  reactor_->Poll(PollTimeout());
  now_ns_ = clock_.MonotonicNanos();
  TakeOrders();
  if (phase_ < Phase::kDrained && now_ns_ >= tally_.window_end_ns()) EndWindow();
  if (phase_ == Phase::kRunning || phase_ == Phase::kDraining) {
    StartDue();
    StartThinkers();
  }
  if (now_ns_ - looked_after_ns_ >= kLookAfterNanos) LookAfterConnections();
  Advance();
}

void Worker::TakeOrders() {
  const WorkerOrder* const front = orders_.Front();
  if (front == nullptr) return;
  const WorkerOrder order = *front;
  if (order.kind == WorkerOrder::Kind::kBegin && phase_ < Phase::kWaiting) return;
  if (order.kind == WorkerOrder::Kind::kSweep && phase_ < Phase::kDrained) return;
  orders_.Pop();
  if (order.kind == WorkerOrder::Kind::kBegin) {
    Begin(order.begin_ns);
  } else if (order.kind == WorkerOrder::Kind::kSweep) {
    StartSweep();
  } else if (order.kind == WorkerOrder::Kind::kStop) {
    stopped_ = true;
    // What was measured so far counts; what is under way is still waited for.
    tally_.EndBy(now_ns_);
    if (phase_ < Phase::kRunning) Fail(Status(StatusCode::kClosed, "stopped"));
  }
}

// From one phase to the next, where it is time.
void Worker::Advance() {
  switch (phase_) {
    case Phase::kConnecting:
      if (std::all_of(connections_.begin(), connections_.end(),
                      [](const auto& connection) { return connection->ready(); })) {
        options_.prefills() ? StartPrefill() : BecomeReady();
      } else if (now_ns_ - started_ns_ >= options_.timeout_ns) {
        // What opens a conversation (HELLO 3) is in no list of operations that would time out.
        Fail(Status(StatusCode::kTimeout, "the server does not answer"));
      }
      break;
    case Phase::kPrefilling:
      if (UnderWay() == 0 && IsLoaded()) BecomeReady();
      break;
    case Phase::kRunning:
      if (cpu_from_ns_ < 0 && now_ns_ >= tally_.from_ns()) cpu_from_ns_ = env::ThreadCpuNanos();
      if (HasOperationsLeft()) break;
      phase_ = Phase::kDraining;
      if (cpu_from_ns_ >= 0) cpu_ns_ = env::ThreadCpuNanos() - cpu_from_ns_;
      measured_ns_ = std::max<int64_t>(0, std::min(now_ns_, tally_.until_ns()) - tally_.from_ns());
      drain_until_ns_ = now_ns_ + options_.timeout_ns;
      [[fallthrough]];
    case Phase::kDraining:
      if (now_ns_ < drain_until_ns_ && (UnderWay() != 0 || due_ns_ < tally_.until_ns())) break;
      EndCounting();
      break;
    case Phase::kDrained:
      if (stopped_) EndSweep();
      break;
    case Phase::kSweeping:
      // Where nothing is answered for so long, nothing will be.
      if (IsSwept() || stopped_ || now_ns_ - last_reply_ns_ >= options_.timeout_ns) EndSweep();
      break;
    case Phase::kWaiting:
    case Phase::kEnded:
      break;
  }
}

// All that counts is answered or given up.
void Worker::EndCounting() {
  for (const auto& connection : connections_) {
    if (!options_.verify || connection->under_way() > 0) GiveUp(*connection);
  }
  CountNeverStarted();
  // What came late is a window of its own.
  if (!tally_.window_empty()) EndWindow();
  tally_.EndBy(now_ns_);
  phase_ = options_.verify ? Phase::kDrained : Phase::kEnded;
  if (phase_ == Phase::kDrained) Tell({.kind = WorkerNews::Kind::kDrained});
}

// ---- The sweep of a verified run: each connection reads back the keys that it wrote ----

void Worker::StartSweep() {
  if (phase_ != Phase::kDrained) return;
  phase_ = Phase::kSweeping;
  last_reply_ns_ = now_ns_;
  for (const auto& connection : connections_) {
    connection->set_pipeline(std::max(options_.pipeline, kPrefillPipeline));
    if (connection->closed()) {
      Reopen(*connection);
    } else if (connection->open()) {
      Fill(*connection);
    }
  }
}

// Whether there is nothing to read any more. What broke off is sent again first.
bool Worker::IsSwept() {
  for (const auto& connection : connections_) Fill(*connection);
  return UnderWay() == 0 && std::ranges::all_of(requesters_, [](const auto& requester) {
           return requester->verifier()->all_sent_to_sweep();
         });
}

void Worker::EndSweep() {
  for (const auto& connection : connections_) GiveUp(*connection);
  for (const auto& requester : requesters_) requester->verifier()->EndSweep();
  phase_ = Phase::kEnded;
}

bool Worker::HasOperationsLeft() const {
  // A run that is told how long to count does so, whatever its schedule.
  const bool over =
      options_.duration_ns == 0 && options_.open_loop() && due_ns_ == Arrivals::kNever;
  return now_ns_ < tally_.until_ns() && operations_left_ > 0 && !over;
}

void Worker::StartPrefill() {
  phase_ = Phase::kPrefilling;
  for (const auto& connection : connections_) Fill(*connection);
}

bool Worker::IsLoaded() const {
  return std::all_of(requesters_.begin(), requesters_.end(),
                     [](const auto& requester) { return requester->loaded(); });
}

void Worker::BecomeReady() {
  phase_ = Phase::kWaiting;
  for (const auto& connection : connections_) connection->set_pipeline(options_.pipeline);
  Tell({.kind = WorkerNews::Kind::kReady});
}

void Worker::Begin(int64_t begin_ns) {
  phase_ = Phase::kRunning;
  last_reply_ns_ = now_ns_;
  begin_ns_ = begin_ns;
  const int64_t from_ns = begin_ns + options_.warmup_ns;
  tally_.Begin(from_ns, options_.duration_ns == 0 ? INT64_MAX : from_ns + options_.duration_ns);
  if (options_.open_loop()) {
    arrivals_ = std::make_unique<Arrivals>(options_.rate, options_.spacing, options_.workload.seed,
                                           ArrivalsShare{options_.threads, index_});
    DrawDue();
    return;
  }
  for (const auto& connection : connections_) {
    for (uint32_t i = 0; i < options_.pipeline; ++i) thinkers_.push({begin_ns, connection.get()});
  }
}

// How long to sleep: to the next deadline, less the time in which a sleeper may not be trusted to
// wake up. 0: watch the clock.
int64_t Worker::PollTimeout() const {
  const bool ordered = phase_ == Phase::kWaiting || phase_ == Phase::kDrained;
  int64_t wake_ns = now_ns_ + (ordered ? kOrderWaitNanos : kLookAfterNanos);
  if (phase_ < Phase::kDrained) wake_ns = std::min(wake_ns, tally_.window_end_ns());
  const bool starting = phase_ == Phase::kRunning || phase_ == Phase::kDraining;
  if (starting && !thinkers_.empty()) {
    wake_ns = std::min(wake_ns, thinkers_.top().due_ns - options_.spin_ns);
  }
  // With no room on any connection, a reply is what there is to wait for.
  if (starting && due_ns_ < tally_.until_ns() && !crowded_) {
    wake_ns = std::min(wake_ns, due_ns_ - options_.spin_ns);
  }
  return std::max<int64_t>(0, wake_ns - clock_.MonotonicNanos());
}

// ---- Starting operations ----

void Worker::DrawDue() {
  const int64_t offset_ns = arrivals_->Next();
  due_ns_ = offset_ns == Arrivals::kNever ? Arrivals::kNever : begin_ns_ + offset_ns;
}

// Open loop: starts what is due, each on the next connection that has room.
void Worker::StartDue() {
  crowded_ = false;
  for (uint32_t started = 0; started < kStartedPerTurnMax; ++started) {
    if (operations_left_ == 0) due_ns_ = Arrivals::kNever;
    if (due_ns_ > now_ns_ || due_ns_ >= tally_.until_ns()) return;
    Connection* const connection = ChooseConnection();
    crowded_ = connection == nullptr;
    if (crowded_) {
      crowded_at_ns_ = now_ns_;
      return;
    }
    if (due_ns_ >= tally_.from_ns()) {
      due_ns_ <= crowded_at_ns_ ? tally_.CountHeldBack() : tally_.CountStart(due_ns_, now_ns_);
    }
    StartNext(*connection, due_ns_);
    DrawDue();
  }
}

// Closed loop: starts what has thought long enough.
void Worker::StartThinkers() {
  while (!thinkers_.empty() && thinkers_.top().due_ns <= now_ns_) {
    Connection& connection = *thinkers_.top().connection;
    thinkers_.pop();
    if (phase_ == Phase::kRunning && HasOperationsLeft() && connection.room() > 0) {
      StartNext(connection, now_ns_);
    }
  }
}

Connection* Worker::ChooseConnection() {
  for (size_t tried = 0; tried < connections_.size(); ++tried) {
    Connection& connection = *connections_[next_connection_];
    if (++next_connection_ == connections_.size()) next_connection_ = 0;
    if (connection.room() > 0) return &connection;
  }
  return nullptr;
}

void Worker::StartNext(Connection& connection, int64_t intended_ns) {
  if (intended_ns >= tally_.from_ns()) --operations_left_;
  RequesterOf(connection).WriteNext(connection, intended_ns, now_ns_);
}

// Uses a connection's room at once: prefill, sweep, and a closed loop that does not think.
void Worker::Fill(Connection& connection) {
  if (phase_ == Phase::kPrefilling) {
    while (connection.room() > 0 && RequesterOf(connection).WriteLoad(connection, now_ns_)) {
    }
    return;
  }
  if (phase_ == Phase::kSweeping) {
    while (connection.room() > 0 && RequesterOf(connection).WriteSweep(connection, now_ns_)) {
    }
    return;
  }
  while (connection.room() > 0 && HasOperationsLeft()) StartNext(connection, now_ns_);
}

// ---- Replies ----

void Worker::OnArrival() { now_ns_ = clock_.MonotonicNanos(); }

void Worker::OnReply(Connection& connection, const Pending& pending, const WireReply& reply) {
  if (Verifier* const verifier = RequesterOf(connection).verifier(); verifier != nullptr) {
    verifier->OnReply(pending, reply);
  }
  if (phase_ == Phase::kPrefilling) {
    if (reply.outcome == Outcome::kError) {
      return Fail(
          Status(StatusCode::kError, "a write of the prefill failed: " + std::string(reply.error)));
    }
    ++prefilled_;
    return;
  }
  last_reply_ns_ = now_ns_;
  broken_since_reply_ = 0;
  if (phase_ == Phase::kSweeping) {
    if (reply.outcome == Outcome::kError) tally_.NoteError(reply.error);
    return RequesterOf(connection).verifier()->OnSwept(reply);
  }
  const bool failed = reply.outcome == Outcome::kError;
  const bool counts = tally_.Counts(pending);
  if (counts) tally_.CountKeys(pending, reply);
  if (pending.kind == OpKind::kReadModifyWrite && !pending.second && !failed) {
    return RequesterOf(connection).WriteSecond(pending, connection);
  }
  if (options_.think_ns > 0 && !options_.open_loop()) {
    thinkers_.push({now_ns_ + options_.think_ns, &connection});
  }
  if (counts) tally_.CountReply(pending, reply, now_ns_);
}

void Worker::OnRoom(Connection& connection) {
  crowded_ = false;
  const bool loops = phase_ == Phase::kRunning && !options_.open_loop() && options_.think_ns == 0;
  const bool loads = phase_ == Phase::kPrefilling || phase_ == Phase::kSweeping;
  if (loops || loads) Fill(connection);
}

void Worker::OnDirty(Connection& connection) {
  if (!connection.linked()) dirty_.PushBack(connection);
}

void Worker::FlushDirty() {
  while (Connection* const connection = dirty_.PopFront()) connection->Flush();
}

// ---- What goes wrong ----

void Worker::OnBroken(Connection& connection, const std::string& why) {
  if (connection.linked()) dirty_.Erase(connection);
  if (phase_ < Phase::kRunning) {
    return Fail(Status(StatusCode::kConnectionLost, TargetText(connection.target()) + ": " + why));
  }
  tally_.NoteError(why);
  ++broken_since_reply_;
  CountLost(connection, &OpFigures::lost);
}

// What the connection has asked will have no answer.
void Worker::CountLost(Connection& connection, uint64_t OpFigures::*how) {
  Verifier* const verifier = RequesterOf(connection).verifier();
  connection.ForEachPending([&](const Pending& pending) {
    if (phase_ == Phase::kSweeping) return verifier->SweepAgain(pending.key);
    if (verifier != nullptr) verifier->OnLost(pending);
    if (tally_.Counts(pending)) tally_.CountLost(pending, how);
  });
}

// All connections broke, were opened again, and broke again, and nothing was answered for so long.
bool Worker::IsServerGone() const {
  return broken_since_reply_ > 2 * connections_.size() &&
         now_ns_ - last_reply_ns_ >= options_.timeout_ns;
}

// Opens again what is closed, and gives up what does not answer.
void Worker::LookAfterConnections() {
  looked_after_ns_ = now_ns_;
  if (phase_ == Phase::kPrefilling) {
    Tell({.kind = WorkerNews::Kind::kPrefilled, .done = prefilled_});
  }
  for (const auto& connection : connections_) {
    const Pending* const oldest = connection->oldest();
    if (oldest != nullptr && now_ns_ - oldest->sent_ns >= options_.timeout_ns) {
      if (phase_ < Phase::kRunning) {
        return Fail(Status(StatusCode::kTimeout, "the server does not answer"));
      }
      GiveUp(*connection);
    }
    const bool uses = phase_ == Phase::kRunning || phase_ == Phase::kSweeping;
    if (uses && connection->closed()) Reopen(*connection);
  }
  // A run that counts operations would wait for ever for a server that is gone.
  if (options_.duration_ns == 0 && IsServerGone()) tally_.EndBy(now_ns_);
}

void Worker::GiveUp(Connection& connection) {
  if (connection.linked()) dirty_.Erase(connection);
  CountLost(connection, &OpFigures::timeouts);
  connection.Abort();
}

void Worker::Reopen(Connection& connection) {
  if (const Status status = Connect(connection); !status.ok()) {
    return tally_.NoteError(status.message());
  }
  if (phase_ == Phase::kSweeping) return Fill(connection);
  if (!options_.open_loop()) {
    for (uint32_t i = 0; i < options_.pipeline; ++i) thinkers_.push({now_ns_, &connection});
  }
}

// Operations that were due and never had a connection: nobody answered those either.
void Worker::CountNeverStarted() {
  // Where operations are counted, the schedule goes on long after them.
  const int64_t until_ns = std::min(tally_.until_ns(), now_ns_);
  for (; due_ns_ < until_ns && operations_left_ > 0; DrawDue()) {
    if (due_ns_ < tally_.from_ns()) continue;
    --operations_left_;
    tally_.CountNeverStarted();
  }
}

// ---- Windows ----

void Worker::EndWindow() {
  const bool behind = due_ns_ != Arrivals::kNever && due_ns_ < now_ns_;
  Tell(tally_.EndWindow(UnderWay(), behind ? now_ns_ - due_ns_ : 0));
}

uint64_t Worker::UnderWay() const {
  uint64_t under_way = 0;
  for (const auto& connection : connections_) under_way += connection->under_way();
  return under_way;
}

}  // namespace corelane::loadgen
