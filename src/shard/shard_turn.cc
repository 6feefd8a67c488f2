// The part of Shard that the lane's loop calls once a turn: what other lanes and the log have
// brought, and work in the background.

#include <corelane/status.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "shard/settings.h"
#include "shard/shard.h"

namespace corelane::shard {
namespace {

// Messages taken from other lanes per turn, in helpings of kTaken.
constexpr size_t kTaken = 32;
constexpr size_t kHelpingsPerTurn = 16;

constexpr int64_t kBackgroundSliceNanos = 200'000;
// Between two helpings of a checkpoint while the lane is busy. A helping takes some 20 us, so this
// is a tenth of the lane.
constexpr int64_t kCheckpointPauseNanos = 200'000;
constexpr size_t kReclaimedTogether = 64;
constexpr uint64_t kSweptIsMuch = 256;

}  // namespace

bool Shard::MayLeave(Submitter& submitter) {
  if (slice_.Released(submitter.shard_state.gate_seq)) return true;
  if (!submitter.shard_state.waits_for_gate) {
    submitter.shard_state.waits_for_gate = true;
    gated_submitters_.push_back(&submitter);
  }
  return false;
}

void Shard::SetTime() {
  slice_.set_now_ms(facts_.clock->WallMillis());
  // A transaction that has read keys and not yet changed them must find them as they were.
  if (slice_.ClearDue() && locks_.Quiet()) [[unlikely]]
    slice_.ClearLate();
}

bool Shard::RunTurn() {
  ++facts_.counters->turns;
  SetTime();
  ResumeReady();
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
    others_wait_ = helping == 0 ? answers + requests != 0 : others_wait_;
    more = answers == taken.size() || requests == taken.size();
    if (!more) break;
  }
  if (!paused_submitters_.empty() || facts_.settings->paused_until_ms != 0) ResumePaused();
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
  if (Checkpointer* const checkpointer = slice_.checkpointer();
      checkpointer != nullptr && checkpointer->HasWork()) {
    return true;
  }
  // Left over only for want of room in the log.
  if (!locks_.ready().empty() &&
      AdmitToLog(OperationOf(*locks_.ready().front())) != wal::Admission::kWait) {
    return true;
  }
  if (parked_.empty()) return false;
  const LaneMessage& parked = *parked_.front();
  return parked.command == nullptr || AdmitToLog(OperationOf(parked)) != wal::Admission::kWait;
}

bool Shard::RunCheckpoint(bool quiet) {
  Checkpointer* const checkpointer = slice_.checkpointer();
  if (checkpointer == nullptr || !checkpointer->Active()) return false;
  if ((!quiet || others_wait_) && facts_.clock->MonotonicNanos() < checkpoint_due_ns_) return true;
  const bool more = checkpointer->RunTurn();
  checkpoint_due_ns_ = facts_.clock->MonotonicNanos() + kCheckpointPauseNanos;
  // An answer leaves with the next turn.
  return AnswerSaved() || more;
}

bool Shard::AnswerSaved() {
  const Checkpointer& checkpointer = *slice_.checkpointer();
  bool answered = false;
  while (!saving_.empty() && saving_.front()->checkpoint <= checkpointer.ended()) {
    answered = true;
    LaneMessage* const message = saving_.Pop();
    message->checkpoint = 0;
    if (const Status& status = checkpointer.last_status(); !status.ok()) {
      message->reply.Clear();
      message->reply.Error(StatusCode::kError, "the checkpoint failed: " + status.message());
    }
    AnswerMessage(message);
  }
  return answered;
}

bool Shard::RunBackground() {
  const int64_t end_ns = facts_.clock->MonotonicNanos() + kBackgroundSliceNanos;
  SetTime();
  if (slice_.checkpointer() != nullptr) slice_.checkpointer()->Consider();
  storage::Engine& engine = slice_.engine();
  while (engine.Reclaim(kReclaimedTogether)) {
    if (facts_.clock->MonotonicNanos() >= end_ns) return true;
  }
  const storage::EngineStats before = engine.Stats();
  if (before.entries_with_expiry == 0 || !facts_.settings->active_expiry) return false;
  do {
    sweep_cursor_ = engine.SweepStripe(sweep_cursor_, slice_.now_ms());
  } while (sweep_cursor_ != storage::kWalkStart && facts_.clock->MonotonicNanos() < end_ns);
  // Where much has expired, more is likely to have.
  return engine.Stats().expired_by_sweep - before.expired_by_sweep >= kSweptIsMuch;
}

}  // namespace corelane::shard
