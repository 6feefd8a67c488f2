#pragma once

// Shard: a lane's side of the server, without sockets. It takes the requests of the lane's
// connections, executes those whose keys are its own, hands the others to their lanes, and writes
// the replies back in request order.
//
// What always holds:
//   1. The replies of a submitter are written in the order of its requests, each exactly once.
//   2. The requests of one submitter reach each lane in order, and a lane executes what it receives
//   from one lane in order. So a client
//      sees its own writes, whatever lanes its keys live on.
//   3. Nothing blocks. Where the log has no room, requests wait in `parked_`, in order; where
//   another lane is full, in the mailbox's spill.
//      Congested() tells the connection to stop reading, which bounds both.
//   4. A reply that depends on a log frame that is not released yet does not leave: messages wait
//   in `gated_`, local replies in the
//      submitter's buffer until MayLeave().
//   5. What changes keys of several lanes, and EXEC, is a transaction (transaction.h): nobody
//   else's command on its keys runs in between.
//      Requests of the same submitter behind it wait in its detour.
//
// One thread, the lane's.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "env/clock.h"
#include "kv/request.h"
#include "shard/call.h"
#include "shard/command_stats.h"
#include "shard/command_table.h"
#include "shard/facts.h"
#include "shard/key_locks.h"
#include "shard/mailbox.h"
#include "shard/planned_batch.h"
#include "shard/slice.h"
#include "shard/submitter.h"
#include "shard/transaction.h"

namespace corelane::shard {

// A connection with this much under way at other lanes, or waiting for the log, is not read any
// further.
inline constexpr size_t kCallsPerSubmitterMax = 1024;
inline constexpr size_t kRequestBytesPerSubmitterMax = size_t{4} << 20;

class Shard {
 public:
  // `facts` must outlive the shard; its `counters` are written by it.
  Shard(Slice& slice, Mailbox& mailbox, const LaneFacts& facts, uint64_t hash_seed);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Finds out what each request of the batch needs. Touches no data.
  void Plan(PlannedBatch& batch);
  // Brings what the own keys of these planned batches will touch into the cache.
  void Prefetch(std::span<const PlannedBatch> batches);
  // Executes or sends on every request of a planned batch. Replies that are ready at once are
  // written before this returns.
  void Execute(const PlannedBatch& batch, Submitter& submitter);
  // Puts an error in its place among the replies (a codec's: the stream ends there).
  void SubmitError(uint32_t tag, StatusCode code, std::string_view message, Submitter& submitter);

  [[nodiscard]] bool Congested(const Submitter& submitter) const;
  // Every request so far has its reply written.
  [[nodiscard]] static bool Answered(const Submitter& submitter);
  // True when everything written to the submitter may be sent. When false, OnProgress() will tell.
  [[nodiscard]] bool MayLeave(Submitter& submitter);
  // The connection is going away: its requests under way are executed, their replies dropped.
  void Forget(Submitter& submitter);

  // One helping of what other lanes and the log have brought. True when there is more at once.
  bool RunTurn();
  // At the end of the turn: tells the log's helper and the other lanes.
  void EndTurn();
  // For the last look before sleeping.
  [[nodiscard]] bool HasWork();
  // A slice of background work: expiry sweep, giving memory back. About kBackgroundSliceNanos. True
  // when there is more.
  bool RunBackground();
  // A helping of the checkpoint that is being taken, if there is one and it is its turn: always
  // when nobody waits for the lane (`quiet`), otherwise from time to time, so that it comes to an
  // end. True when there is more.
  bool RunCheckpoint(bool quiet);
  // Nothing of any submitter is under way.
  [[nodiscard]] bool Idle() const { return pool_.in_use() == 0; }

  [[nodiscard]] Slice& slice() { return slice_; }
  [[nodiscard]] const LaneFacts& facts() const { return facts_; }

 private:
  // Planning (shard_plan.cc): looks the command up, checks arity and sizes, hashes the keys, finds
  // the lanes.
  [[nodiscard]] const Command* FindCommand(const kv::Request& request) const;
  void MakePlan(const kv::Request& request, RequestPlan& plan, std::vector<uint64_t>& hashes) const;
  bool HashKeys(const kv::Request& request, RequestPlan& plan, std::vector<uint64_t>& hashes) const;
  void WriteRefusal(const kv::Request& request, kv::ReplyWriter& reply) const;

  // Executing on this lane. A Job is one request with what planning found out about it.
  struct Job {
    const kv::Request& request;
    const RequestPlan& plan;
    std::span<const uint64_t> hashes;
    Submitter& submitter;
  };
  void ExecuteOne(const Job& job);
  void ExecuteHere(const Job& job);
  void ExecuteOwn(const Job& job);
  struct Operation {
    const Command& command;
    std::span<const std::string_view> args;
    std::span<const uint64_t> hashes;
  };
  [[nodiscard]] static Operation OperationOf(const LaneMessage& message);
  [[nodiscard]] wal::Admission Admit(const Operation& operation);
  [[nodiscard]] wal::Admission AdmitToLog(const Operation& operation);
  [[nodiscard]] uint64_t LoggedBytesMax(const Operation& operation);
  void ReplyRefused(wal::Admission admission, kv::ReplyWriter& reply);
  void ReplyEngineFailed(kv::ReplyWriter& reply);
  void TakeBackIfFailed(uint64_t failures_before, LaneMessage& message);
  // `counted`: it is a request's only or first part.
  void RunCommand(const Command& command, CommandContext& context, bool counted);
  void RunTimed(const Command& command, CommandContext& context, CommandTally& tally);
  void LogSlow(const Command& command, std::span<const std::string_view> args,
               const kv::Session& session, int64_t took_us);
  void LogIfSlow(const Call& call);
  void CountRejected(const kv::Request& request, const kv::ReplyWriter& reply);
  void Park(LaneMessage* message);
  void ExecuteMessage(LaneMessage* message);
  void ProcessMessage(LaneMessage* message);
  void RunMessage(LaneMessage* message);
  void FinishMessage(LaneMessage* message, wal::Admission admission);
  void AnswerMessage(LaneMessage* message);

  // Sending on.
  [[nodiscard]] Call* StartCall(const Job& job);
  void SendToOne(const Job& job);
  void Scatter(const Job& job);
  void AddPartsForAllLanes(const kv::Request& request, Call& call);
  void AddPartsForKeys(const kv::Request& request, std::span<const uint64_t> hashes, Call& call);
  void DispatchAll(Call& call);
  void Dispatch(LaneMessage* part);

  // Requests that cannot run yet (shard_detour.cc): MULTI's queue, and what waits behind a
  // transaction.
  [[nodiscard]] static Detour& DetourOf(Submitter& submitter);
  [[nodiscard]] bool MustWait(const Submitter& submitter, const RequestPlan& plan) const;
  [[nodiscard]] bool HeldByPause(const RequestPlan& plan) const;
  void PutAside(const Job& job);
  void WaitForPause(Submitter& submitter);
  void ResumePaused();
  [[nodiscard]] bool TakeDetour(const Job& job);
  void Queue(const Job& job);
  void RunDeferred(Submitter& submitter);
  void RunTransactionWord(const Job& job);
  void RunExec(const Job& job);
  void AbandonMulti(Submitter& submitter);
  void RunWatch(const Job& job);
  void FinishWatch(const Call& call, Submitter& submitter);
  [[nodiscard]] static std::vector<WatchedKey> WatchedBy(const Call& call);
  void AddUnwatchParts(std::span<const WatchedKey> watched, Call& call);
  void UnwatchDetached(std::span<const WatchedKey> watched);
  void ForgetDetour(Submitter& submitter);

  // Transactions of this lane's connections (shard_transaction.cc).
  void BeginTransaction(const Job& job);
  void BeginTransaction(std::unique_ptr<Transaction> transaction, Submitter& submitter,
                        uint32_t tag);
  void ReadAgain(Call* call);
  void TakeKeys(std::unique_ptr<Transaction> owned);
  void TakeNextLane(Transaction& transaction);
  void CompleteLock(LaneMessage* message);
  void GiveKeysBack(Transaction& transaction);
  [[nodiscard]] static bool MayStartNext(const Transaction& transaction);
  void Advance(Transaction& transaction);
  void StartStep(Transaction& transaction, uint32_t step);
  void RunHere(Transaction& transaction, uint32_t step);
  [[nodiscard]] Call* NewStep(Transaction& transaction, uint32_t step, const Command* command);
  static void LendLocks(Transaction& transaction, Call& call);
  void SendStep(Transaction& transaction, Call* call);
  void StartGather(Transaction& transaction, uint32_t step);
  void Compute(Transaction& transaction, const Call& gathered);
  void StartWatchCheck(Transaction& transaction);
  void CompleteStep(Call* call);
  void TakeStepReply(Transaction& transaction, const Call& call);
  void FinishTransaction(Transaction& transaction);
  void ResumeReady();

  // Replies.
  template <typename Write>
  void ReplyNow(uint32_t tag, Submitter& submitter, Write write);
  void CompletePart(LaneMessage* message);
  void CompleteRequest(Call* call);
  void WriteReplies(Submitter& submitter);
  void RunParked();
  void ReleaseGated();
  void GiveUpGated();
  [[nodiscard]] bool AnswerSaved();
  void SetTime();
  [[nodiscard]] bool GatesMoved() const;

  Slice& slice_;
  Mailbox& mailbox_;
  const LaneFacts& facts_;
  const uint64_t hash_seed_;
  const uint32_t lane_;
  const uint32_t lanes_;
  const CommandIndex index_;
  // Words that the shard itself sends.
  const Command* const gather_;
  const Command* const apply_;
  const Command* const watch_;
  const Command* const unwatch_;
  KeyLocks locks_;
  bool resuming_ = false;  // what waited for keys is being executed
  CallPool pool_;
  Fifo<LaneMessage> parked_;  // waits for room in the log, in order
  Fifo<LaneMessage> gated_;   // executed, waits for the log to release its frames
  Fifo<LaneMessage> saving_;  // executed, waits for a checkpoint
  int64_t checkpoint_due_ns_ = 0;
  bool others_wait_ = false;  // other lanes have sent something in this turn
  std::vector<Submitter*> gated_submitters_;
  std::vector<Submitter*> paused_submitters_;  // have requests that CLIENT PAUSE holds back
  int64_t slow_us_ = 0;  // of the command that ran last; 0: not slow, or not timed
  storage::WalkCursor sweep_cursor_ = storage::kWalkStart;

  // Scratch, kept so that nothing is allocated per batch.
  std::vector<uint64_t> prefetch_;
  std::vector<LaneMessage*> lane_parts_;
};

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

}  // namespace corelane::shard
