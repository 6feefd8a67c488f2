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
//
// One thread, the lane's.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "env/clock.h"
#include "kv/request.h"
#include "shard/call.h"
#include "shard/command_table.h"
#include "shard/facts.h"
#include "shard/mailbox.h"
#include "shard/planned_batch.h"
#include "shard/slice.h"
#include "shard/submitter.h"

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
  // Nothing of any submitter is under way.
  [[nodiscard]] bool Idle() const { return pool_.in_use() == 0; }

  [[nodiscard]] Slice& slice() { return slice_; }
  [[nodiscard]] const LaneFacts& facts() const { return facts_; }

 private:
  // Planning (shard_plan.cc): looks the command up, checks arity and sizes, hashes the keys, finds
  // the lanes.
  [[nodiscard]] const Command* FindCommand(const kv::Request& request) const;
  [[nodiscard]] RequestPlan MakePlan(const kv::Request& request,
                                     std::vector<uint64_t>& hashes) const;
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
  void RunCommand(const Command& command, CommandContext& context);
  void Park(LaneMessage* message);
  void ExecuteMessage(LaneMessage* message);
  void FinishMessage(LaneMessage* message, wal::Admission admission);

  // Sending on.
  [[nodiscard]] Call* StartCall(const Job& job);
  void SendToOne(const Job& job);
  void Scatter(const Job& job);
  void SplitKeys(const Job& job, Call& call);
  void Dispatch(LaneMessage* part);

  // Replies.
  template <typename Write>
  void ReplyNow(uint32_t tag, Submitter& submitter, Write write);
  void CompletePart(LaneMessage* message);
  void WriteReplies(Submitter& submitter);
  void RunParked();
  void ReleaseGated();
  void GiveUpGated();
  [[nodiscard]] bool GatesMoved() const;

  Slice& slice_;
  Mailbox& mailbox_;
  const LaneFacts& facts_;
  const uint64_t hash_seed_;
  const uint32_t lane_;
  const uint32_t lanes_;
  const CommandIndex index_;
  CallPool pool_;
  Fifo<LaneMessage> parked_;  // waits for room in the log, in order
  Fifo<LaneMessage> gated_;   // executed, waits for the log to release its frames
  std::vector<Submitter*> gated_submitters_;
  storage::WalkCursor sweep_cursor_ = storage::kWalkStart;

  // Scratch, kept so that nothing is allocated per batch.
  std::vector<uint64_t> prefetch_;
  std::vector<LaneMessage*> lane_parts_;
};

}  // namespace corelane::shard
