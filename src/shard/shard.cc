#include "shard/shard.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "shard/gather.h"
#include "shard/merge.h"
#include "shard/settings.h"
#include "storage/placement.h"

namespace corelane::shard {
namespace {

// The id of the connection that asks; 0 when nobody does any more.
uint64_t CallerOf(const Call& call) {
  const Call& asked = call.transaction == nullptr ? call : *call.transaction->call;
  return asked.submitter == nullptr ? 0 : asked.submitter->session.id;
}

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
      gather_(index_.Find("cl.gather")),
      apply_(index_.Find("cl.apply")),
      watch_(index_.Find("cl.watch")),
      unwatch_(index_.Find("cl.unwatch")),
      lane_parts_(slice.lanes()) {}

// ---- Requests of this lane's connections ----

void Shard::Execute(const PlannedBatch& batch, Submitter& submitter) {
  SetTime();
  facts_.counters->commands += batch.requests.size();
  for (size_t i = 0; i < batch.requests.size(); ++i) {
    const kv::Request request = batch.requests[i];
    const RequestPlan& plan = batch.plans[i];
    // Of the quick ones only the last can be seen by anybody.
    const bool seen = i + 1 == batch.requests.size() || plan.kind != RequestPlan::Kind::kOneLane;
    if (seen && plan.command != nullptr) submitter.session.last_command = plan.command->name;
    ExecuteOne({request, batch.plans[i], batch.HashesOf(batch.plans[i]), submitter});
    // What a client sends behind QUIT is not executed.
    if (submitter.session.close_after_reply) return;
  }
}

void Shard::SubmitError(uint32_t tag, StatusCode code, std::string_view message,
                        Submitter& submitter) {
  Submitter::ShardState& state = submitter.shard_state;
  if (state.detour != nullptr && !state.detour->deferred.empty()) {
    state.detour->deferred.push_back(
        std::make_unique<StoredRequest>(tag, Status(code, std::string(message))));
    return;
  }
  ReplyNow(tag, submitter, [&](kv::ReplyWriter& reply) { reply.Error(code, message); });
}

void Shard::ExecuteOne(const Job& job) {
  const Submitter::ShardState& state = job.submitter.shard_state;
  const bool detours = state.detour != nullptr && state.detour->Active();
  if (detours || facts_.settings->paused_until_ms != 0) [[unlikely]] {
    if (TakeDetour(job)) return;
  }
  switch (job.plan.kind) {
    case RequestPlan::Kind::kRefused:
      ReplyNow(job.request.tag, job.submitter, [&](kv::ReplyWriter& reply) {
        WriteRefusal(job.request, reply);
        CountRejected(job.request, reply);
      });
      break;
    case RequestPlan::Kind::kHere:
      ExecuteHere(job);
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
      if (job.plan.command->compute != nullptr ||
          (job.plan.command->Is(kWrites) && !job.plan.command->Is(kPerKey))) {
        BeginTransaction(job);
      } else {
        Scatter(job);
      }
      break;
  }
}

// Runs a command and counts it. Here, so that it is part of its callers.
inline void Shard::RunCommand(const Command& command, CommandContext& context, bool counted) {
  CommandTally& tally = facts_.stats->Of(command);
  slice_.BeginCommand();
  context.reply.ForgetError();
  slow_us_ = 0;
  if (counted) ++tally.calls;
  if (--tally.until_timed != 0) [[likely]] {
    RunInPlace(command, context);
  } else {
    RunTimed(command, context, tally);
  }
  if (context.reply.noted_error() != StatusCode::kOk && counted) [[unlikely]] {
    ++tally.failed;
    facts_.stats->CountError(context.reply.noted_error());
  }
}

// What is about the connection or the server and touches no data.
void Shard::ExecuteHere(const Job& job) {
  const Command& command = *job.plan.command;
  if (MustWait(job.submitter, job.plan)) {
    return PutAside(job);
  }
  if (command.word != TransactionWord::kNone) RunTransactionWord(job);
  if (command.run == nullptr) {
    ++facts_.stats->Of(command).calls;
    return;
  }
  ReplyNow(job.request.tag, job.submitter, [&](kv::ReplyWriter& reply) {
    kv::Session& session = job.submitter.session;
    CommandContext context{slice_,   reply,  job.request.args, job.hashes,
                           &session, facts_, session.id};
    RunCommand(command, context, true);
  });
}

void Shard::ExecuteOwn(const Job& job) {
  const Command& command = *job.plan.command;
  const wal::Admission admission = Admit({command, job.request.args, job.hashes});
  if (admission == wal::Admission::kWait || !locks_.Quiet() || slice_.engine().fallible())
      [[unlikely]] {
    // To this lane: it waits there, or runs if it need not, onto a tape that can be taken back.
    SendToOne(job);
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
    RunCommand(command, context, true);
  });
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
  if (slice_.engine().failures() != 0) [[unlikely]]
    return wal::Admission::kFailed;
  return slice_.log()->Admit(std::max<size_t>(operation.args.size(), 1), LoggedBytesMax(operation));
}

// The keys and values of all frames that the operation may append.
uint64_t Shard::LoggedBytesMax(const Operation& operation) {
  const Command& command = operation.command;
  uint64_t bytes = 0;
  for (const std::string_view arg : operation.args) bytes += arg.size() + kFrameSlackBytes;
  if (command.Is(kRewrites) || command.compute != nullptr) {
    for (size_t i = 0; i < operation.hashes.size(); ++i) {
      kv::ValueView stored;
      const storage::HashedKey key = {operation.args[command.KeyArg(i)], operation.hashes[i]};
      if (slice_.engine().Get(key, slice_.now_ms(), &stored)) bytes += stored.bytes.size();
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
  if (slice_.engine().failures() != 0) [[unlikely]]
    return ReplyEngineFailed(reply);
  const StatusCode code =
      admission == wal::Admission::kDiskFull ? StatusCode::kDiskFull : StatusCode::kWalWriteFailed;
  reply.Error(code, slice_.log()->health().message());
}

void Shard::ReplyEngineFailed(kv::ReplyWriter& reply) {
  const Status health = slice_.engine().health();
  reply.Error(health.code(), health.message());
}

// What a command says that could not see what is there is not what the client asked for. Only the
// words for watching have a form to keep; a key that cannot be read was never the same for them.
void Shard::TakeBackIfFailed(uint64_t failures_before, LaneMessage& message) {
  if (slice_.engine().failures() == failures_before) [[likely]]
    return;
  if (message.command == watch_ || message.command == unwatch_) return;
  message.reply.Clear();
  ReplyEngineFailed(message.reply);
}

// Behind a parked message everything waits, transactions as well: room in the log comes without
// them.
void Shard::ExecuteMessage(LaneMessage* message) {
  if (parked_.empty()) {
    ProcessMessage(message);
  } else {
    Park(message);
  }
}

void Shard::ProcessMessage(LaneMessage* message) {
  switch (message->kind) {
    case MessageKind::kCommand:
      if (locks_.Quiet() || !message->command->TouchesData() || locks_.Enter(message)) {
        RunMessage(message);
      } else {
        ++facts_.counters->waits_for_keys;
      }
      break;
    case MessageKind::kHeld:
      RunMessage(message);
      break;
    case MessageKind::kLock:
      if (locks_.Enter(message)) {
        AnswerMessage(message);
      } else {
        ++facts_.counters->waits_for_keys;
      }
      break;
    case MessageKind::kRelease:
      if (message->stamp != 0) locks_.Stamp(message->key_hashes, message->stamp);
      locks_.Leave(*message);
      AnswerMessage(message);
      ResumeReady();
      break;
  }
}

void Shard::RunMessage(LaneMessage* message) {
  const wal::Admission admission = AdmitToLog(OperationOf(*message));
  if (admission == wal::Admission::kWait) {
    Park(message);
  } else {
    FinishMessage(message, admission);
  }
}

void Shard::FinishMessage(LaneMessage* message, wal::Admission admission) {
  slice_.BeginCommand();
  if (admission == wal::Admission::kOk) {
    CommandContext context{slice_,  message->reply, message->args,  message->key_hashes,
                           nullptr, facts_,         message->caller};
    const uint64_t failures = slice_.engine().failures();
    // A request over several lanes counts once, with its first part.
    RunCommand(*message->command, context, message == &message->call->first);
    message->slow_us = slow_us_;
    TakeBackIfFailed(failures, *message);
  } else {
    ReplyRefused(admission, message->reply);
  }
  message->gate_seq = slice_.gate_seq();
  message->checkpoint = slice_.awaited_checkpoint();
  if (message->wants_stamp) message->stamp = locks_.StampOf(message->key_hashes);
  if (LaneMessage* const lock = message->lock; lock != nullptr) {
    if (message->stamp != 0) locks_.Stamp(lock->key_hashes, message->stamp);
    locks_.Leave(*lock);
  }
  AnswerMessage(message);
  ResumeReady();
}

void Shard::AnswerMessage(LaneMessage* message) {
  if (message->checkpoint != 0) [[unlikely]] {
    saving_.Push(message);
  } else if (message->origin == lane_) {
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
    const LaneMessage& message = *parked_.front();
    const bool is_command =
        message.kind == MessageKind::kCommand || message.kind == MessageKind::kHeld;
    if (is_command && AdmitToLog(OperationOf(message)) == wal::Admission::kWait) return;
    ProcessMessage(parked_.Pop());
  }
}

// Runs what has waited long enough for its keys. It comes from within the execution of others, so
// only the outermost call does the work.
void Shard::ResumeReady() {
  if (resuming_ || locks_.ready().empty()) return;
  resuming_ = true;
  while (!locks_.ready().empty()) {
    LaneMessage* const message = locks_.ready().front();
    if (message->kind == MessageKind::kLock) {
      AnswerMessage(locks_.ready().Pop());
      continue;
    }
    const wal::Admission admission = AdmitToLog(OperationOf(*message));
    // It keeps its keys claimed, and its place.
    if (admission == wal::Admission::kWait) break;
    locks_.ready().Pop();
    locks_.Leave(*message);
    FinishMessage(message, admission);
  }
  resuming_ = false;
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
    AddPartsForAllLanes(job.request, *call);
  } else {
    AddPartsForKeys(job.request, job.hashes, *call);
    if (!job.plan.command->Is(kPerKey)) {
      // What comes behind could overtake the read, should it have to be done again.
      DetourOf(job.submitter).barrier = call;
      call->checks_stamps = true;
      call->read_clock = mailbox_.transaction_clock().Now();
      for (LaneMessage* part : call->parts) part->wants_stamp = true;
    }
  }
  DispatchAll(*call);
}

void Shard::AddPartsForAllLanes(const kv::Request& request, Call& call) {
  for (uint32_t lane = 0; lane < lanes_; ++lane) {
    LaneMessage& part = call.AddPart();
    part.target = lane;
    part.args.assign(request.args.begin(), request.args.end());
  }
}

// One part for each lane that has keys of the request; a key's part has its position among the
// keys.
void Shard::AddPartsForKeys(const kv::Request& request, std::span<const uint64_t> hashes,
                            Call& call) {
  std::fill(lane_parts_.begin(), lane_parts_.end(), nullptr);
  const auto step = static_cast<size_t>(call.command->routing.keys.step);
  for (uint32_t key = 0; key < hashes.size(); ++key) {
    LaneMessage*& part = lane_parts_[storage::LaneOf(hashes[key], lanes_)];
    if (part == nullptr) {
      part = &call.AddPart();
      part->target = storage::LaneOf(hashes[key], lanes_);
    }
    for (size_t i = 0; i < step; ++i) part->args.push_back(request.args[key * step + i]);
    part->key_hashes.push_back(hashes[key]);
    part->key_positions.push_back(key);
  }
}

void Shard::DispatchAll(Call& call) {
  // All are counted before the first goes: a part of this lane may be executed on the spot.
  call.parts_outstanding = static_cast<uint32_t>(call.parts.size());
  const std::vector<LaneMessage*>& parts = call.parts;
  for (LaneMessage* part : parts) part->OwnArgs();
  for (size_t i = 0, count = parts.size(); i < count; ++i) {
    // The last part may complete the call and give it back to the pool.
    LaneMessage* const part = parts[i];
    Dispatch(part);
  }
}

void Shard::Dispatch(LaneMessage* part) {
  part->origin = lane_;
  part->caller = CallerOf(*part->call);
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
  if (call->role == CallRole::kLocks) return CompleteLock(message);
  CHECK(call->parts_outstanding > 0);
  if (--call->parts_outstanding > 0) return;
  LogIfSlow(*call);
  switch (call->role) {
    case CallRole::kStep:
      return CompleteStep(call);
    case CallRole::kDetached:
      return pool_.Give(call);
    default:
      return CompleteRequest(call);
  }
}

void Shard::CompleteRequest(Call* call) {
  if (call->checks_stamps) {
    const auto latest = std::max_element(
        call->parts.begin(), call->parts.end(),
        [](const LaneMessage* a, const LaneMessage* b) { return a->stamp < b->stamp; });
    if ((*latest)->stamp > call->read_clock) return ReadAgain(call);
  }
  if (call->submitter == nullptr) {
    if (call->role == CallRole::kWatch) UnwatchDetached(WatchedBy(*call));
    pool_.Give(call);
    return;
  }
  Submitter& submitter = *call->submitter;
  Submitter::ShardState& state = submitter.shard_state;
  if (state.detour != nullptr && state.detour->barrier == call) state.detour->barrier = nullptr;
  if (state.calls.front() == call) WriteReplies(submitter);
  if (state.detour != nullptr) RunDeferred(submitter);
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
    if (call->role == CallRole::kWatch) {
      FinishWatch(*call, submitter);
    } else {
      WriteMergedReply(*call, facts_, submitter.BeginReply(call->tag));
      submitter.EndReply();
    }
    pool_.Give(call);
  }
  submitter.OnProgress();
}

bool Shard::Congested(const Submitter& submitter) const {
  const Submitter::ShardState& state = submitter.shard_state;
  return state.calls.size() >= kCallsPerSubmitterMax ||
         state.request_bytes >= kRequestBytesPerSubmitterMax ||
         (state.detour != nullptr && !state.detour->deferred.empty());
}

bool Shard::Answered(const Submitter& submitter) {
  const Submitter::ShardState& state = submitter.shard_state;
  return state.calls.empty() && (state.detour == nullptr || state.detour->deferred.empty());
}

void Shard::Forget(Submitter& submitter) {
  std::erase(gated_submitters_, &submitter);
  submitter.shard_state.waits_for_gate = false;
  ForgetDetour(submitter);
  Fifo<Call>& calls = submitter.shard_state.calls;
  while (!calls.empty()) {
    Call* const call = calls.Pop();
    call->submitter = nullptr;
    if (call->parts_outstanding > 0) continue;
    if (call->role == CallRole::kWatch) UnwatchDetached(WatchedBy(*call));
    pool_.Give(call);
  }
}

}  // namespace corelane::shard
