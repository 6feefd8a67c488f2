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

  // Executes or sends on every request of the batch. Replies that are ready at once are written
  // before this returns.
  void Submit(const kv::RequestBatch& batch, Submitter& submitter);
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
  // What planning found out about a request.
  struct Plan {
    enum class Kind : uint8_t { kHere, kOneLane, kSplitKeys, kAllLanes, kRefused };
    Kind kind = Kind::kRefused;
    const Command* command = nullptr;
    uint32_t lane = 0;
    uint32_t first_hash = 0;  // its hashes are hashes_[first_hash, first_hash + hash_count)
    uint32_t hash_count = 0;
  };

  // Planning (shard_plan.cc): looks the command up, checks arity and sizes, hashes the keys, finds
  // the lanes.
  void PlanBatch(const kv::RequestBatch& batch, size_t begin, size_t end);
  [[nodiscard]] Plan MakePlan(const kv::Request& request);
  bool HashKeys(const kv::Request& request, const Command& command, Plan& plan);
  void WriteRefusal(const kv::Request& request, kv::ReplyWriter& reply) const;

  // Executing on this lane.
  void Execute(const kv::Request& request, const Plan& plan, Submitter& submitter);
  void ExecuteOwn(const kv::Request& request, const Plan& plan, Submitter& submitter);
  [[nodiscard]] wal::Admission Admit(const Command& command,
                                     std::span<const std::string_view> args);
  [[nodiscard]] wal::Admission AdmitToLog(const Command& command,
                                          std::span<const std::string_view> args);
  void ReplyRefused(wal::Admission admission, kv::ReplyWriter& reply);
  void RunCommand(const Command& command, CommandContext& context);
  void Park(LaneMessage* message);
  void ExecuteMessage(LaneMessage* message);
  void FinishMessage(LaneMessage* message, wal::Admission admission);

  // Sending on.
  Call* StartCall(const kv::Request& request, const Plan& plan, Submitter& submitter);
  void SendToOne(const kv::Request& request, const Plan& plan, Submitter& submitter);
  void Scatter(const kv::Request& request, const Plan& plan, Submitter& submitter);
  void SplitKeys(const kv::Request& request, const Plan& plan, Call& call);
  void Dispatch(LaneMessage* part);

  // Replies.
  template <typename Write>
  void ReplyNow(uint32_t tag, Submitter& submitter, Write write);
  void CompletePart(LaneMessage* message);
  void WriteReplies(Submitter& submitter);
  void RunParked();
  void ReleaseGated();
  [[nodiscard]] bool GatesMoved() const;

  [[nodiscard]] std::span<const uint64_t> HashesOf(const Plan& plan) const {
    return std::span(hashes_).subspan(plan.first_hash, plan.hash_count);
  }

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
  std::vector<Plan> plans_;
  std::vector<uint64_t> hashes_;
  std::vector<uint64_t> prefetch_;
  std::vector<LaneMessage*> lane_parts_;
};

}  // namespace corelane::shard
