// The part of Shard that drives the transactions of its own connections; transaction.h tells their
// phases.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "shard/gather.h"
#include "shard/merge.h"
#include "shard/shard.h"
#include "storage/placement.h"

namespace corelane::shard {
namespace {

// The step that ends the watches; it answers none of the requests.
constexpr uint32_t kWatchStep = UINT32_MAX;

}  // namespace

// ---- Beginning ----

// A single command on keys of several lanes.
void Shard::BeginTransaction(const Job& job) {
  auto transaction = std::make_unique<Transaction>();
  transaction->requests.push_back(
      std::make_unique<StoredRequest>(job.request, job.plan, job.hashes));
  // Its parts give the keys back as they are executed, if there is only one round of them.
  transaction->releases_early = job.plan.command->compute == nullptr;
  BeginTransaction(std::move(transaction), job.submitter, job.request.tag);
}

void Shard::BeginTransaction(std::unique_ptr<Transaction> transaction, Submitter& submitter,
                             uint32_t tag) {
  Call* const call = pool_.Take();
  call->submitter = &submitter;
  call->tag = tag;
  call->parts_outstanding = 1;
  call->AddPart().target = lane_;
  for (const auto& request : transaction->requests) call->request_bytes += request->bytes();
  submitter.shard_state.request_bytes += call->request_bytes;
  submitter.shard_state.calls.Push(call);
  DetourOf(submitter).barrier = call;
  transaction->call = call;
  TakeKeys(std::move(transaction));
}

// A read over several lanes that a transaction may have come between: once more, with its keys
// held.
void Shard::ReadAgain(Call* call) {
  ++facts_.counters->reads_overtaken;
  const auto step = static_cast<size_t>(call->command->routing.keys.step);
  size_t keys = 0;
  for (const LaneMessage* part : call->parts) keys += part->key_hashes.size();
  std::vector<std::string_view> args(keys * step);
  std::vector<uint64_t> hashes(keys);
  for (const LaneMessage* part : call->parts) {
    for (size_t i = 0; i < part->key_positions.size(); ++i) {
      const size_t position = part->key_positions[i];
      hashes[position] = part->key_hashes[i];
      std::copy_n(part->args.begin() + static_cast<ptrdiff_t>(i * step), step,
                  args.begin() + static_cast<ptrdiff_t>(position * step));
    }
  }
  RequestPlan plan;
  plan.kind = RequestPlan::Kind::kSplitKeys;
  plan.command = call->command;
  auto transaction = std::make_unique<Transaction>();
  transaction->requests.push_back(std::make_unique<StoredRequest>(
      kv::Request{.command = call->command->name, .args = args}, plan, hashes));
  transaction->releases_early = true;
  transaction->call = call;
  call->checks_stamps = false;
  call->split = false;
  for (LaneMessage* part : call->parts) part->Clear();
  call->parts.clear();
  call->parts_outstanding = 1;
  call->AddPart().target = lane_;
  TakeKeys(std::move(transaction));
}

// ---- Taking and giving back the keys ----

void Shard::TakeKeys(std::unique_ptr<Transaction> owned) {
  ++facts_.counters->transactions;
  Transaction& transaction = *owned;
  Call* const locks = pool_.Take();
  locks->role = CallRole::kLocks;
  locks->owned = std::move(owned);
  transaction.locks = locks;
  transaction.replies.resize(transaction.requests.size());

  bool whole_lanes = false;
  std::vector<std::vector<uint64_t>> hashes(lanes_);
  const auto add = [&](uint64_t hash) { hashes[storage::LaneOf(hash, lanes_)].push_back(hash); };
  for (const auto& request : transaction.requests) {
    const Command& command = *request->plan().command;
    if (!command.TouchesData()) continue;
    transaction.writes = transaction.writes || command.Is(kWrites);
    whole_lanes = whole_lanes || command.routing.route != Route::kKeys;
    for (const uint64_t hash : request->hashes()) add(hash);
  }
  for (const WatchedKey& key : transaction.watched) add(key.hash);

  for (uint32_t lane = 0; lane < lanes_; ++lane) {
    if (!whole_lanes && hashes[lane].empty()) continue;
    LaneMessage& lock = locks->AddPart();
    lock.kind = MessageKind::kLock;
    lock.target = lane;
    lock.whole_lane = whole_lanes;
    if (whole_lanes) continue;
    std::sort(hashes[lane].begin(), hashes[lane].end());
    const auto end = std::unique(hashes[lane].begin(), hashes[lane].end());
    lock.key_hashes.assign(hashes[lane].begin(), end);
  }
  TakeNextLane(transaction);
}

void Shard::TakeNextLane(Transaction& transaction) {
  const std::vector<LaneMessage*>& locks = transaction.locks->parts;
  if (transaction.lanes_held < locks.size()) return Dispatch(locks[transaction.lanes_held]);
  if (transaction.writes) transaction.stamp = mailbox_.transaction_clock().Draw();
  Advance(transaction);
}

void Shard::CompleteLock(LaneMessage* message) {
  Call* const locks = message->call;
  if (message->kind == MessageKind::kLock) {
    ++locks->owned->lanes_held;
    TakeNextLane(*locks->owned);
  } else if (--locks->parts_outstanding == 0) {
    pool_.Give(locks);
  }
}

void Shard::GiveKeysBack(Transaction& transaction) {
  Call* const locks = transaction.locks;
  if (transaction.releases_early || locks->parts.empty()) return pool_.Give(locks);
  locks->parts_outstanding = static_cast<uint32_t>(locks->parts.size());
  const uint64_t stamp = transaction.stamp;
  const std::vector<LaneMessage*>& parts = locks->parts;
  for (size_t i = 0, count = parts.size(); i < count; ++i) {
    // The last one ends the transaction.
    LaneMessage* const message = parts[i];
    message->kind = MessageKind::kRelease;
    message->stamp = stamp;
    Dispatch(message);
  }
}

// ---- Running the commands ----

bool Shard::MayStartNext(const Transaction& transaction) {
  if (transaction.alone || transaction.next_request == transaction.requests.size()) return false;
  const StoredRequest& next = *transaction.requests[transaction.next_request];
  return transaction.steps_outstanding == 0 || next.plan().command->compute == nullptr;
}

// Starts what can be started; ends the transaction when all is done. Steps that this lane executes
// at once come back here from within, and change nothing then.
void Shard::Advance(Transaction& transaction) {
  if (transaction.advancing) return;
  transaction.advancing = true;
  if (!transaction.watched.empty() && !transaction.watches_checked) StartWatchCheck(transaction);
  while (MayStartNext(transaction)) {
    StartStep(transaction, static_cast<uint32_t>(transaction.next_request++));
  }
  transaction.advancing = false;
  if (transaction.steps_outstanding == 0) FinishTransaction(transaction);
}

void Shard::StartStep(Transaction& transaction, uint32_t step) {
  const StoredRequest& stored = *transaction.requests[step];
  const Command& command = *stored.plan().command;
  const kv::Request request = stored.request();
  if (stored.plan().kind == RequestPlan::Kind::kHere) return RunHere(transaction, step);
  if (command.compute != nullptr && stored.plan().kind == RequestPlan::Kind::kSplitKeys) {
    return StartGather(transaction, step);
  }
  Call* const call = NewStep(transaction, step, &command);
  switch (stored.plan().kind) {
    case RequestPlan::Kind::kOneLane: {
      LaneMessage& part = call->AddPart();
      part.target = stored.plan().lane;
      part.args.assign(request.args.begin(), request.args.end());
      part.key_hashes.assign(stored.hashes().begin(), stored.hashes().end());
      break;
    }
    case RequestPlan::Kind::kSplitKeys:
      call->split = true;
      AddPartsForKeys(request, stored.hashes(), *call);
      break;
    default:
      call->split = true;
      AddPartsForAllLanes(request, *call);
      break;
  }
  if (transaction.releases_early) LendLocks(transaction, *call);
  SendStep(transaction, call);
}

// About the connection, not about data. A connection that is gone needs no answer.
void Shard::RunHere(Transaction& transaction, uint32_t step) {
  kv::ReplyTape& reply = transaction.replies[step];
  Submitter* const submitter = transaction.call->submitter;
  if (submitter == nullptr) return reply.Nil();
  const StoredRequest& stored = *transaction.requests[step];
  const kv::Request request = stored.request();
  CommandContext context{
      slice_, reply, request.args, {}, &submitter->session, facts_, submitter->session.id};
  if (stored.plan().command->run == nullptr) {
    // UNWATCH: the watches have ended with EXEC.
    reply.Ok();
  } else {
    stored.plan().command->run(context);
  }
}

Call* Shard::NewStep(Transaction& transaction, uint32_t step, const Command* command) {
  Call* const call = pool_.Take();
  call->role = CallRole::kStep;
  call->command = command;
  call->transaction = &transaction;
  call->step = step;
  return call;
}

// The parts go to the same lanes as the locks, and give each its keys back.
void Shard::LendLocks(Transaction& transaction, Call& call) {
  for (LaneMessage* const part : call.parts) {
    for (LaneMessage* const lock : transaction.locks->parts) {
      if (lock->target == part->target) part->lock = lock;
    }
    part->stamp = transaction.stamp;
  }
}

void Shard::SendStep(Transaction& transaction, Call* call) {
  ++transaction.steps_outstanding;
  for (LaneMessage* const part : call->parts) part->kind = MessageKind::kHeld;
  DispatchAll(*call);
}

void Shard::StartGather(Transaction& transaction, uint32_t step) {
  transaction.alone = true;
  const StoredRequest& stored = *transaction.requests[step];
  const kv::Request request = stored.request();
  std::vector<std::string_view> keys;
  for (size_t i = 0; i < stored.hashes().size(); ++i) {
    keys.push_back(request.args[stored.plan().command->KeyArg(i)]);
  }
  Call* const call = NewStep(transaction, step, gather_);
  call->split = true;
  AddPartsForKeys({.command = gather_->name, .args = keys}, stored.hashes(), *call);
  SendStep(transaction, call);
}

// The values are there: computes the reply, and sends the writes to their lanes.
void Shard::Compute(Transaction& transaction, const Call& gathered) {
  const StoredRequest& stored = *transaction.requests[gathered.step];
  const kv::Request request = stored.request();
  kv::ReplyTape merged;
  WriteMergedReply(gathered, facts_, merged);
  if (kv::ReplyTape::Reader failed(merged); failed.AtError()) {
    transaction.alone = false;
    return failed.PlayElement(transaction.replies[gathered.step]);
  }
  const std::vector<std::optional<kv::ValueView>> values = ReadGathered(merged);
  std::vector<KeyWrite> writes;
  std::string scratch;
  GatherContext context{request.args,   values,  transaction.replies[gathered.step],
                        writes,         scratch, slice_.limits(),
                        slice_.now_ms()};
  stored.plan().command->compute(context);
  if (writes.empty()) {
    transaction.alone = false;
    return;
  }
  std::vector<std::string_view> keys;
  for (size_t i = 0; i < stored.hashes().size(); ++i) {
    keys.push_back(request.args[stored.plan().command->KeyArg(i)]);
  }
  std::vector<uint64_t> hashes;
  hashes.reserve(writes.size());
  for (const KeyWrite& write : writes) hashes.push_back(stored.hashes()[write.key]);
  const ApplyArgs apply(writes, keys);
  Call* const call = NewStep(transaction, gathered.step, apply_);
  call->split = true;
  AddPartsForKeys({.command = apply_->name, .args = apply.args()}, hashes, *call);
  SendStep(transaction, call);
}

void Shard::StartWatchCheck(Transaction& transaction) {
  transaction.watches_checked = true;
  transaction.alone = true;
  Call* const call = NewStep(transaction, kWatchStep, unwatch_);
  AddUnwatchParts(transaction.watched, *call);
  SendStep(transaction, call);
}

void Shard::CompleteStep(Call* call) {
  Transaction& transaction = *call->transaction;
  --transaction.steps_outstanding;
  // The next round may be over before this one is: the last to leave goes on.
  const bool advancing = std::exchange(transaction.advancing, true);
  for (const LaneMessage* part : call->parts) {
    // Other lanes have held their parts back until they were released.
    if (part->target == lane_) {
      transaction.gate_seq = std::max(transaction.gate_seq, part->gate_seq);
    }
  }
  if (call->command == gather_) {
    Compute(transaction, *call);
  } else {
    TakeStepReply(transaction, *call);
  }
  pool_.Give(call);
  transaction.advancing = advancing;
  Advance(transaction);
}

void Shard::TakeStepReply(Transaction& transaction, const Call& call) {
  if (call.step == kWatchStep) {
    transaction.alone = false;
    kv::ReplyTape changed;
    WriteMergedReply(call, facts_, changed);
    int64_t count = 0;
    CHECK(kv::ReplyTape::Reader(changed).TakeInteger(count));
    transaction.overtaken = count > 0;
    if (transaction.overtaken) transaction.next_request = transaction.requests.size();
    return;
  }
  kv::ReplyTape& reply = transaction.replies[call.step];
  if (call.command != apply_) return WriteMergedReply(call, facts_, reply);
  transaction.alone = false;
  // The reply was written with the writes; they can only fail.
  kv::ReplyTape applied;
  WriteMergedReply(call, facts_, applied);
  kv::ReplyTape::Reader reader(applied);
  if (!reader.AtError()) return;
  reply.Clear();
  reader.PlayElement(reply);
}

// ---- The end ----

void Shard::FinishTransaction(Transaction& transaction) {
  LaneMessage& part = *transaction.call->parts[0];
  part.gate_seq = transaction.gate_seq;
  if (transaction.overtaken) {
    part.reply.NilArray();
  } else {
    if (transaction.is_exec) part.reply.Array(transaction.replies.size());
    for (const kv::ReplyTape& reply : transaction.replies) {
      kv::ReplyTape::Reader(reply).PlayElement(part.reply);
    }
  }
  // First the keys, so that they are on their way back before anything else of this connection.
  GiveKeysBack(transaction);
  CompletePart(&part);
}

}  // namespace corelane::shard
