// The part of Shard for requests that cannot run where they stand: behind a transaction of their
// own connection, behind replies that they would change the looks of, or between MULTI and EXEC.

#include <corelane/status.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "shard/merge.h"
#include "shard/settings.h"
#include "shard/shard.h"

namespace corelane::shard {
namespace {

void ReplyInMulti(kv::ReplyWriter& reply, StatusCode code, std::string_view message) {
  if (code == StatusCode::kOk) {
    reply.Ok();
  } else {
    reply.Error(code, message);
  }
}

}  // namespace

void Detour::LeaveMulti(kv::Session& session) {
  session.queued_commands = -1;
  in_multi = false;
  queue_failed = false;
  queue.clear();
  queued_bytes = 0;
}

Detour& Shard::DetourOf(Submitter& submitter) {
  std::unique_ptr<Detour>& detour = submitter.shard_state.detour;
  if (detour == nullptr) detour = std::make_unique<Detour>();
  return *detour;
}

bool Shard::MustWait(const Submitter& submitter, const RequestPlan& plan) const {
  const Submitter::ShardState& state = submitter.shard_state;
  if (state.detour != nullptr && state.detour->barrier != nullptr) return true;
  if (facts_.settings->paused_until_ms != 0 && HeldByPause(plan)) return true;
  return plan.command != nullptr && plan.command->Is(kInTurn) && !state.calls.empty();
}

// CLIENT itself goes on, so that there is a way to end the pause.
bool Shard::HeldByPause(const RequestPlan& plan) const {
  if (plan.command == nullptr) return !facts_.settings->pause_is_for_writes;
  if (plan.command->name.starts_with("client|")) return false;
  return !facts_.settings->pause_is_for_writes || plan.command->Is(kWrites) ||
         plan.command->word == TransactionWord::kExec;
}

void Shard::PutAside(const Job& job) {
  DetourOf(job.submitter)
      .deferred.push_back(std::make_unique<StoredRequest>(job.request, job.plan, job.hashes));
  if (facts_.settings->paused_until_ms != 0) WaitForPause(job.submitter);
}

void Shard::WaitForPause(Submitter& submitter) {
  Detour& detour = *submitter.shard_state.detour;
  if (!std::exchange(detour.waits_for_pause, true)) paused_submitters_.push_back(&submitter);
}

// Once a turn; the lane's tick sees to it that there is one soon after the end of a pause.
void Shard::ResumePaused() {
  LaneSettings& settings = *facts_.settings;
  if (settings.paused_until_ms > facts_.clock->MonotonicNanos() / 1'000'000) return;
  settings.paused_until_ms = 0;
  // What is executed may pause again, or close connections that wait here.
  for (size_t left = paused_submitters_.size(); left > 0 && !paused_submitters_.empty(); --left) {
    Submitter& submitter = *paused_submitters_.front();
    paused_submitters_.erase(paused_submitters_.begin());
    submitter.shard_state.detour->waits_for_pause = false;
    RunDeferred(submitter);
  }
}

// True: the request has been put aside, or queued; it is done with for now.
bool Shard::TakeDetour(const Job& job) {
  Detour& detour = DetourOf(job.submitter);
  const bool behind_others = !detour.deferred.empty() && !detour.draining;
  if (behind_others || MustWait(job.submitter, job.plan)) {
    PutAside(job);
    return true;
  }
  if (!detour.in_multi) return false;
  if (job.plan.kind == RequestPlan::Kind::kRefused) {
    const Command* const command = FindCommand(job.request);
    if (command != nullptr && command->word == TransactionWord::kExec) {
      AbandonMulti(job.submitter);  // an EXEC with arguments ends it, too
    } else {
      detour.queue_failed = true;
    }
    return false;
  }
  if (job.plan.command->Is(kNotQueued)) return false;
  Queue(job);
  return true;
}

// Puts a request between MULTI and EXEC into the queue.
void Shard::Queue(const Job& job) {
  Detour& detour = *job.submitter.shard_state.detour;
  std::string_view refusal;
  if (job.plan.command->Is(kNoMulti)) {
    refusal = "Command not allowed inside a transaction";
  } else if (detour.queue.size() >= kQueuedRequestsMax || detour.queued_bytes >= kQueuedBytesMax) {
    refusal = "transaction is too large";
  }
  if (!refusal.empty()) {
    detour.queue_failed = true;
  } else if (!detour.queue_failed) {
    // A transaction that has failed already needs no more of its requests.
    detour.queue.push_back(std::make_unique<StoredRequest>(job.request, job.plan, job.hashes));
    detour.queued_bytes += detour.queue.back()->bytes();
    job.submitter.session.queued_commands = static_cast<int64_t>(detour.queue.size());
  }
  ReplyNow(job.request.tag, job.submitter, [&](kv::ReplyWriter& reply) {
    if (refusal.empty()) return reply.Simple("QUEUED");
    reply.Error(StatusCode::kBadArgument, refusal);
  });
}

// Executes what was put aside, in order, as far as nothing is in its way any more.
void Shard::RunDeferred(Submitter& submitter) {
  Detour& detour = *submitter.shard_state.detour;
  if (detour.draining) return;
  detour.draining = true;
  while (!detour.deferred.empty() && !MustWait(submitter, detour.deferred.front()->plan())) {
    const std::unique_ptr<StoredRequest> stored = std::move(detour.deferred.front());
    detour.deferred.pop_front();
    if (submitter.session.close_after_reply) continue;  // behind QUIT
    if (const std::optional<Status>& error = stored->error()) {
      ReplyNow(stored->request().tag, submitter,
               [&](kv::ReplyWriter& reply) { reply.Error(error->code(), error->message()); });
      continue;
    }
    const kv::Request request = stored->request();
    ExecuteOne({request, stored->plan(), stored->hashes(), submitter});
  }
  detour.draining = false;
  if (!detour.deferred.empty() && facts_.settings->paused_until_ms != 0) WaitForPause(submitter);
  submitter.OnProgress();
}

// ---- MULTI and its family ----

void Shard::RunTransactionWord(const Job& job) {
  Detour& detour = DetourOf(job.submitter);
  StatusCode code = StatusCode::kOk;
  std::string_view message;
  switch (job.plan.command->word) {
    case TransactionWord::kExec:
      return RunExec(job);
    case TransactionWord::kWatch:
      if (!detour.in_multi) return RunWatch(job);
      code = StatusCode::kBadArgument;
      message = "WATCH inside MULTI is not allowed";
      break;
    case TransactionWord::kMulti:
      if (detour.in_multi) {
        code = StatusCode::kBadArgument;
        message = "MULTI calls can not be nested";
      }
      detour.in_multi = true;
      job.submitter.session.queued_commands = static_cast<int64_t>(detour.queue.size());
      break;
    case TransactionWord::kDiscard:
      if (!detour.in_multi) {
        code = StatusCode::kBadArgument;
        message = "DISCARD without MULTI";
        break;
      }
      [[fallthrough]];
    case TransactionWord::kReset:
    case TransactionWord::kUnwatch:
      // UNWATCH inside MULTI is queued, hence never comes here before EXEC has ended it.
      AbandonMulti(job.submitter);
      break;
    case TransactionWord::kNone:
      CHECK(false);
  }
  if (job.plan.command->run != nullptr) return;  // RESET has more to do, and says OK itself
  ReplyNow(job.request.tag, job.submitter,
           [&](kv::ReplyWriter& reply) { ReplyInMulti(reply, code, message); });
}

// Forgets what is queued and watched.
void Shard::AbandonMulti(Submitter& submitter) {
  Detour& detour = *submitter.shard_state.detour;
  UnwatchDetached(detour.watched);
  detour.watched.clear();
  detour.LeaveMulti(submitter.session);
}

void Shard::RunExec(const Job& job) {
  Detour& detour = *job.submitter.shard_state.detour;
  if (!detour.in_multi || detour.queue_failed) {
    const bool failed = detour.in_multi;
    if (failed) AbandonMulti(job.submitter);
    return ReplyNow(job.request.tag, job.submitter, [&](kv::ReplyWriter& reply) {
      if (!failed) return reply.Error(StatusCode::kBadArgument, "EXEC without MULTI");
      reply.Error(StatusCode::kTransactionAborted,
                  "Transaction discarded because of previous errors.");
    });
  }
  auto transaction = std::make_unique<Transaction>();
  transaction->is_exec = true;
  transaction->requests = std::move(detour.queue);
  transaction->watched = std::move(detour.watched);
  detour.watched.clear();
  detour.LeaveMulti(job.submitter.session);
  BeginTransaction(std::move(transaction), job.submitter, job.request.tag);
}

// Asks the keys' lanes how the keys stand. Until they have answered nothing else of the connection
// runs.
void Shard::RunWatch(const Job& job) {
  Detour& detour = DetourOf(job.submitter);
  std::vector<std::string_view> keys;
  std::vector<uint64_t> hashes;
  for (const std::string_view key : job.request.args) {
    const auto is_key = [&](const WatchedKey& watched) { return watched.key == key; };
    if (std::any_of(detour.watched.begin(), detour.watched.end(), is_key)) continue;
    hashes.push_back(base::KeyHash(key, hash_seed_));
    keys.push_back(key);
    detour.watched.push_back({std::string(key), hashes.back(), 0});
  }
  if (keys.empty()) {
    return ReplyNow(job.request.tag, job.submitter, [](kv::ReplyWriter& reply) { reply.Ok(); });
  }
  Call* const call = StartCall(job);
  call->role = CallRole::kWatch;
  call->command = watch_;
  call->split = true;
  detour.barrier = call;
  detour.watches_pending = keys.size();
  AddPartsForKeys({.command = watch_->name, .args = keys}, hashes, *call);
  DispatchAll(*call);
}

// The tokens belong to the keys that were added last.
void Shard::FinishWatch(const Call& call, Submitter& submitter) {
  Detour& detour = *submitter.shard_state.detour;
  size_t at = detour.watched.size() - detour.watches_pending;
  for (const WatchedKey& key : WatchedBy(call)) detour.watched[at++] = key;
  detour.watches_pending = 0;
  submitter.BeginReply(call.tag).Ok();
  submitter.EndReply();
}

// The keys of a WATCH whose parts have all been answered.
std::vector<WatchedKey> Shard::WatchedBy(const Call& call) {
  std::vector<WatchedKey> watched;
  for (const LaneMessage* part : call.parts) {
    kv::ReplyTape::Reader reader(part->reply);
    CHECK(reader.EnterArray() == static_cast<int64_t>(part->args.size()));
    for (size_t i = 0; i < part->args.size(); ++i) {
      watched.push_back({std::string(part->args[i]), part->key_hashes[i], 0});
      CHECK(reader.TakeInteger(watched.back().token));
    }
  }
  return watched;
}

// Adds parts to the call that end the watches and tell how many of the keys have changed.
void Shard::AddUnwatchParts(std::span<const WatchedKey> watched, Call& call) {
  std::vector<std::array<char, sizeof(int64_t)>> tokens(watched.size());
  std::vector<std::string_view> args;
  std::vector<uint64_t> hashes;
  for (size_t i = 0; i < watched.size(); ++i) {
    base::StoreLittle(tokens[i].data(), watched[i].token);
    args.push_back(watched[i].key);
    args.emplace_back(tokens[i].data(), tokens[i].size());
    hashes.push_back(watched[i].hash);
  }
  call.split = true;
  AddPartsForKeys({.command = unwatch_->name, .args = args}, hashes, call);
  // The tokens end here, so the words are copied now.
  for (LaneMessage* part : call.parts) part->OwnArgs();
}

void Shard::UnwatchDetached(std::span<const WatchedKey> watched) {
  if (watched.empty()) return;
  Call* const call = pool_.Take();
  call->role = CallRole::kDetached;
  call->command = unwatch_;
  AddUnwatchParts(watched, *call);
  // It waits for no keys, and takes none.
  for (LaneMessage* part : call->parts) part->kind = MessageKind::kHeld;
  DispatchAll(*call);
}

// The connection is going away.
void Shard::ForgetDetour(Submitter& submitter) {
  const std::unique_ptr<Detour> detour = std::move(submitter.shard_state.detour);
  if (detour == nullptr) return;
  if (detour->waits_for_pause) std::erase(paused_submitters_, &submitter);
  // A WATCH that is under way ends its own watches when it comes back.
  detour->watched.resize(detour->watched.size() - detour->watches_pending);
  UnwatchDetached(detour->watched);
}

}  // namespace corelane::shard
