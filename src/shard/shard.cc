#include "shard/shard.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "shard/merge.h"
#include "storage/placement.h"

namespace corelane::shard {
namespace {

// Messages taken from other lanes per turn, in helpings of kTaken.
constexpr size_t kTaken = 32;
constexpr size_t kHelpingsPerTurn = 16;

constexpr int64_t kBackgroundSliceNanos = 200'000;
constexpr size_t kReclaimedTogether = 64;
constexpr uint64_t kSweptIsMuch = 256;

// A frame's value can be longer than the arguments it comes from: INCR stores eight bytes.
constexpr size_t kFrameSlackBytes = 16;

}  // namespace

Shard::Shard(Slice& slice, Mailbox& mailbox, const LaneFacts& facts, uint64_t hash_seed)
    : slice_(slice),
      mailbox_(mailbox),
      facts_(facts),
      hash_seed_(hash_seed),
      lane_(slice.lane()),
      lanes_(slice.lanes()),
      lane_parts_(slice.lanes()) {}

// ---- Requests of this lane's connections ----

void Shard::Execute(const PlannedBatch& batch, Submitter& submitter) {
  slice_.set_now_ms(facts_.clock->WallMillis());
  facts_.counters->commands += batch.requests.size();
  for (size_t i = 0; i < batch.requests.size(); ++i) {
    const kv::Request request = batch.requests[i];
    ExecuteOne({request, batch.plans[i], batch.HashesOf(batch.plans[i]), submitter});
    // What a client sends behind QUIT is not executed.
    if (submitter.session.close_after_reply) return;
  }
}

void Shard::SubmitError(uint32_t tag, StatusCode code, std::string_view message,
                        Submitter& submitter) {
  ReplyNow(tag, submitter, [&](kv::ReplyWriter& reply) { reply.Error(code, message); });
}

void Shard::ExecuteOne(const Job& job) {
  if (job.plan.command != nullptr) job.submitter.session.last_command = job.plan.command->name;
  switch (job.plan.kind) {
    case RequestPlan::Kind::kRefused:
      ReplyNow(job.request.tag, job.submitter,
               [&](kv::ReplyWriter& reply) { WriteRefusal(job.request, reply); });
      break;
    case RequestPlan::Kind::kHere:
      ExecuteOwn(job);
      break;
    case RequestPlan::Kind::kOneLane:
      if (job.plan.lane == lane_) {
        ExecuteOwn(job);
      } else {
        SendToOne(job);
      }
      break;
    case RequestPlan::Kind::kSplitKeys:
    case RequestPlan::Kind::kAllLanes:
      Scatter(job);
      break;
  }
}

void Shard::ExecuteOwn(const Job& job) {
  const Command& command = *job.plan.command;
  const bool touches_data = job.plan.kind != RequestPlan::Kind::kHere;
  const wal::Admission admission =
      touches_data ? Admit({command, job.request.args, job.hashes}) : wal::Admission::kOk;
  if (admission == wal::Admission::kWait) {
    SendToOne(job);  // to this lane: it will be parked
    return;
  }
  ReplyNow(job.request.tag, job.submitter, [&](kv::ReplyWriter& reply) {
    if (admission != wal::Admission::kOk) return ReplyRefused(admission, reply);
    CommandContext context{slice_,
                           reply,
                           job.request.args,
                           job.hashes,
                           &job.submitter.session,
                           facts_,
                           job.submitter.session.id};
    RunCommand(command, context);
  });
}

// Writes a reply in its turn: at once, or onto the tape of a call behind those that are under way.
// `write` writes one element and leaves what the reply depends on in slice_.gate_seq().
template <typename Write>
void Shard::ReplyNow(uint32_t tag, Submitter& submitter, Write write) {
  slice_.BeginCommand();
  Submitter::ShardState& state = submitter.shard_state;
  if (state.calls.empty()) {
    write(submitter.BeginReply(tag));
    submitter.EndReply();
    state.gate_seq = std::max(state.gate_seq, slice_.gate_seq());
    return;
  }
  Call* const call = pool_.Take();
  call->submitter = &submitter;
  call->tag = tag;
  LaneMessage& part = call->AddPart();
  write(part.reply);
  part.gate_seq = slice_.gate_seq();
  part.target = lane_;
  state.calls.Push(call);
}

// ---- Executing on this lane ----

Shard::Operation Shard::OperationOf(const LaneMessage& message) {
  return {*message.command, message.args, message.key_hashes};
}

wal::Admission Shard::Admit(const Operation& operation) {
  // Behind a parked request everything waits: a read must not overtake a write of the same client.
  return parked_.empty() ? AdmitToLog(operation) : wal::Admission::kWait;
}

wal::Admission Shard::AdmitToLog(const Operation& operation) {
  if (!operation.command.Is(kWrites) || slice_.log() == nullptr) return wal::Admission::kOk;
  return slice_.log()->Admit(std::max<size_t>(operation.args.size(), 1), LoggedBytesMax(operation));
}

// The keys and values of all frames that the operation may append.
uint64_t Shard::LoggedBytesMax(const Operation& operation) {
  const Command& command = operation.command;
  uint64_t bytes = 0;
  for (const std::string_view arg : operation.args) bytes += arg.size() + kFrameSlackBytes;
  if (command.Is(kRewrites)) {
    kv::ValueView stored;
    const std::string_view key =
        operation.args[static_cast<size_t>(command.routing.keys.first) - 1];
    if (slice_.engine().Get({key, operation.hashes[0]}, slice_.now_ms(), &stored)) {
      bytes += stored.bytes.size();
    }
  }
  if (command.value_bytes != nullptr) {
    bytes +=
        std::min<uint64_t>(command.value_bytes(operation.args), slice_.limits().value_bytes_max);
  }
  return bytes;
}

void Shard::ReplyRefused(wal::Admission admission, kv::ReplyWriter& reply) {
  ++facts_.counters->writes_refused;
  const StatusCode code =
      admission == wal::Admission::kDiskFull ? StatusCode::kDiskFull : StatusCode::kWalWriteFailed;
  reply.Error(code, slice_.log()->health().message());
}

void Shard::RunCommand(const Command& command, CommandContext& context) {
  slice_.BeginCommand();
  command.run(context);
}

void Shard::ExecuteMessage(LaneMessage* message) {
  const wal::Admission admission = Admit(OperationOf(*message));
  if (admission == wal::Admission::kWait) {
    Park(message);
    return;
  }
  FinishMessage(message, admission);
}

void Shard::FinishMessage(LaneMessage* message, wal::Admission admission) {
  slice_.BeginCommand();
  if (admission == wal::Admission::kOk) {
    CommandContext context{slice_,  message->reply, message->args,  message->key_hashes,
                           nullptr, facts_,         message->caller};
    RunCommand(*message->command, context);
  } else {
    ReplyRefused(admission, message->reply);
  }
  message->gate_seq = slice_.gate_seq();
  if (message->origin == lane_) {
    CompletePart(message);
  } else if (gated_.empty() && slice_.Released(message->gate_seq)) {
    mailbox_.Answer(message);
  } else {
    gated_.Push(message);
  }
}

void Shard::Park(LaneMessage* message) {
  ++facts_.counters->waits_for_log_room;
  parked_.Push(message);
}

void Shard::RunParked() {
  while (!parked_.empty()) {
    LaneMessage* const message = parked_.front();
    const wal::Admission admission = AdmitToLog(OperationOf(*message));
    if (admission == wal::Admission::kWait) return;
    FinishMessage(parked_.Pop(), admission);
  }
}

// ---- Sending on ----

Call* Shard::StartCall(const Job& job) {
  Call* const call = pool_.Take();
  call->submitter = &job.submitter;
  call->command = job.plan.command;
  call->tag = job.request.tag;
  for (const std::string_view arg : job.request.args) call->request_bytes += arg.size();
  job.submitter.shard_state.request_bytes += call->request_bytes;
  job.submitter.shard_state.calls.Push(call);
  return call;
}

void Shard::SendToOne(const Job& job) {
  Call* const call = StartCall(job);
  LaneMessage& part = call->AddPart();
  part.target = job.plan.lane;
  part.args.assign(job.request.args.begin(), job.request.args.end());
  part.OwnArgs();
  const auto hashes = job.hashes;
  part.key_hashes.assign(hashes.begin(), hashes.end());
  call->parts_outstanding = 1;
  Dispatch(&part);
}

void Shard::Scatter(const Job& job) {
  Call* const call = StartCall(job);
  call->split = true;
  if (job.plan.kind == RequestPlan::Kind::kAllLanes) {
    for (uint32_t lane = 0; lane < lanes_; ++lane) {
      LaneMessage& part = call->AddPart();
      part.target = lane;
      part.args.assign(job.request.args.begin(), job.request.args.end());
    }
  } else {
    SplitKeys(job, *call);
  }
  // All are counted before the first goes: a part of this lane may be executed on the spot.
  call->parts_outstanding = static_cast<uint32_t>(call->parts.size());
  const std::vector<LaneMessage*>& parts = call->parts;
  for (LaneMessage* part : parts) part->OwnArgs();
  for (size_t i = 0, count = parts.size(); i < count; ++i) {
    // The last part may complete the call and give it back to the pool.
    LaneMessage* const part = parts[i];
    Dispatch(part);
  }
}

// One part for each lane that has keys of the request; a key's part has its position among the
// keys.
void Shard::SplitKeys(const Job& job, Call& call) {
  std::fill(lane_parts_.begin(), lane_parts_.end(), nullptr);
  const auto step = static_cast<size_t>(job.plan.command->routing.keys.step);
  const std::span<const uint64_t> hashes = job.hashes;
  for (uint32_t key = 0; key < hashes.size(); ++key) {
    LaneMessage*& part = lane_parts_[storage::LaneOf(hashes[key], lanes_)];
    if (part == nullptr) {
      part = &call.AddPart();
      part->target = storage::LaneOf(hashes[key], lanes_);
    }
    for (size_t i = 0; i < step; ++i) part->args.push_back(job.request.args[key * step + i]);
    part->key_hashes.push_back(hashes[key]);
    part->key_positions.push_back(key);
  }
}

void Shard::Dispatch(LaneMessage* part) {
  part->origin = lane_;
  if (part->call->submitter != nullptr) part->caller = part->call->submitter->session.id;
  if (part->target == lane_) {
    ExecuteMessage(part);
    return;
  }
  ++facts_.counters->commands_remote;
  mailbox_.Send(part);
}

// ---- Replies ----

void Shard::CompletePart(LaneMessage* message) {
  Call* const call = message->call;
  CHECK(call->parts_outstanding > 0);
  if (--call->parts_outstanding > 0) return;
  if (call->submitter == nullptr) {
    pool_.Give(call);
    return;
  }
  Submitter& submitter = *call->submitter;
  if (submitter.shard_state.calls.front() == call) WriteReplies(submitter);
}

// Writes the replies of the oldest calls as far as they are complete.
void Shard::WriteReplies(Submitter& submitter) {
  Submitter::ShardState& state = submitter.shard_state;
  while (!state.calls.empty() && state.calls.front()->parts_outstanding == 0) {
    Call* const call = state.calls.Pop();
    state.request_bytes -= call->request_bytes;
    for (const LaneMessage* part : call->parts) {
      // Other lanes have held their parts back until they were released; only this lane's own are
      // still to wait for.
      if (part->target == lane_) state.gate_seq = std::max(state.gate_seq, part->gate_seq);
    }
    WriteMergedReply(*call, facts_, submitter.BeginReply(call->tag));
    submitter.EndReply();
    pool_.Give(call);
  }
  submitter.OnProgress();
}

bool Shard::Congested(const Submitter& submitter) const {
  return submitter.shard_state.calls.size() >= kCallsPerSubmitterMax ||
         submitter.shard_state.request_bytes >= kRequestBytesPerSubmitterMax;
}

bool Shard::MayLeave(Submitter& submitter) {
  if (slice_.Released(submitter.shard_state.gate_seq)) return true;
  if (!submitter.shard_state.waits_for_gate) {
    submitter.shard_state.waits_for_gate = true;
    gated_submitters_.push_back(&submitter);
  }
  return false;
}

void Shard::Forget(Submitter& submitter) {
  std::erase(gated_submitters_, &submitter);
  submitter.shard_state.waits_for_gate = false;
  Fifo<Call>& calls = submitter.shard_state.calls;
  while (!calls.empty()) {
    Call* const call = calls.Pop();
    call->submitter = nullptr;
    if (call->parts_outstanding == 0) pool_.Give(call);
  }
}

// ---- The turn ----

bool Shard::RunTurn() {
  ++facts_.counters->turns;
  slice_.set_now_ms(facts_.clock->WallMillis());
  RunParked();
  std::array<LaneMessage*, kTaken> taken;
  bool more = false;
  for (size_t helping = 0; helping < kHelpingsPerTurn; ++helping) {
    const size_t answers = mailbox_.TakeAnswers(taken);
    for (size_t i = 0; i < answers; ++i) CompletePart(taken[i]);
    const size_t requests = mailbox_.TakeRequests(taken);
    prefetch_.clear();
    for (size_t i = 0; i < requests; ++i) {
      if (!taken[i]->key_hashes.empty()) prefetch_.push_back(taken[i]->key_hashes[0]);
    }
    if (prefetch_.size() > 1) slice_.engine().Prefetch(prefetch_);
    for (size_t i = 0; i < requests; ++i) ExecuteMessage(taken[i]);
    more = answers == taken.size() || requests == taken.size();
    if (!more) break;
  }
  ReleaseGated();
  return more;
}

void Shard::ReleaseGated() {
  while (!gated_.empty() && slice_.Released(gated_.front()->gate_seq)) {
    mailbox_.Answer(gated_.Pop());
  }
  for (size_t i = 0; i < gated_submitters_.size();) {
    Submitter* const submitter = gated_submitters_[i];
    if (!slice_.Released(submitter->shard_state.gate_seq)) {
      ++i;
      continue;
    }
    submitter->shard_state.waits_for_gate = false;
    gated_submitters_[i] = gated_submitters_.back();
    gated_submitters_.pop_back();
    submitter->OnProgress();
  }
  if ((!gated_.empty() || !gated_submitters_.empty()) && slice_.LogFailed()) GiveUpGated();
}

// The log has failed. What it has released, it has released before: everything else that waits for
// it waits in vain, and must not be confirmed.
void Shard::GiveUpGated() {
  while (!gated_.empty()) {
    LaneMessage* const message = gated_.Pop();
    if (!slice_.Released(message->gate_seq)) {
      message->reply.Clear();
      message->reply.Error(StatusCode::kWalWriteFailed,
                           "not confirmed: " + slice_.log()->health().message());
    }
    mailbox_.Answer(message);
  }
  // Out of the list first: a submitter that ends comes back with Forget().
  std::vector<Submitter*> waiting;
  waiting.swap(gated_submitters_);
  for (Submitter* const submitter : waiting) {
    submitter->shard_state.waits_for_gate = false;
    if (slice_.Released(submitter->shard_state.gate_seq)) {
      submitter->OnProgress();
    } else {
      submitter->OnLogLost();
    }
  }
}

bool Shard::GatesMoved() const {
  if (gated_.empty() && gated_submitters_.empty()) return false;
  if (slice_.LogFailed()) return true;
  if (!gated_.empty() && slice_.Released(gated_.front()->gate_seq)) return true;
  return std::any_of(gated_submitters_.begin(), gated_submitters_.end(), [&](Submitter* submitter) {
    return slice_.Released(submitter->shard_state.gate_seq);
  });
}

void Shard::EndTurn() {
  if (slice_.log() != nullptr) slice_.log()->EndTurn();
  mailbox_.Publish();
}

bool Shard::HasWork() {
  if (mailbox_.HasWork() || GatesMoved()) return true;
  if (parked_.empty()) return false;
  return AdmitToLog(OperationOf(*parked_.front())) != wal::Admission::kWait;
}

bool Shard::RunBackground() {
  const int64_t end_ns = facts_.clock->MonotonicNanos() + kBackgroundSliceNanos;
  slice_.set_now_ms(facts_.clock->WallMillis());
  storage::Engine& engine = slice_.engine();
  while (engine.Reclaim(kReclaimedTogether)) {
    if (facts_.clock->MonotonicNanos() >= end_ns) return true;
  }
  const storage::EngineStats before = engine.Stats();
  if (before.entries_with_expiry == 0) return false;
  do {
    sweep_cursor_ = engine.SweepStripe(sweep_cursor_, slice_.now_ms());
  } while (sweep_cursor_ != storage::kWalkStart && facts_.clock->MonotonicNanos() < end_ns);
  // Where much has expired, more is likely to have.
  return engine.Stats().expired_by_sweep - before.expired_by_sweep >= kSweptIsMuch;
}

}  // namespace corelane::shard
