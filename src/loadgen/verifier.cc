#include "loadgen/verifier.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "base/status_macros.h"
#include "loadgen/payload.h"
#include "loadgen/seeds.h"

namespace corelane::loadgen {
namespace {

Status Wrong(std::string_view what) {
  return Status(StatusCode::kBadArgument, "--verify: " + std::string(what));
}

Status CheckMix(const WorkloadOptions& workload) {
  for (const OpKind kind : {OpKind::kReadMulti, OpKind::kWriteMulti, OpKind::kExpire}) {
    if (workload.weight(kind) == 0) continue;
    return Wrong(
        absl::StrCat("an operation of the mix cannot be checked: ", base::ToAbsl(OpName(kind))));
  }
  if (workload.weight(OpKind::kRead) + workload.weight(OpKind::kReadModifyWrite) == 0) {
    return Wrong("the mix reads nothing, so there would be nothing to check");
  }
  return OkStatus();
}

// How many keys the book of one connection has rows for.
size_t KeysTracked(const LoadOptions& options, const KeyShare& share) {
  const bool inserts = options.workload.weight(OpKind::kInsert) > 0;
  return share.loaded() + (inserts ? Verifier::kInsertsTrackedMax / share.threads : 0);
}

}  // namespace

Status CheckVerified(const LoadOptions& options) {
  const WorkloadOptions& workload = options.workload;
  RETURN_IF_ERROR(CheckMix(workload));
  if (workload.write_ttl.max_ms != 0) {
    return Wrong("keys with a --ttl vanish by themselves, as lost ones do");
  }
  if (workload.hit_rate < 1) return Wrong("with a --hit-rate below 1 reads miss on purpose");
  if (workload.value_sizes.bytes_min() < kSealedBytesMin) {
    return Wrong("--value-bytes: values that can be checked have at least " +
                 std::to_string(kSealedBytesMin) + " bytes");
  }
  if (workload.keys < options.connections) {
    return Wrong(
        "--keys: each connection takes keys of its own, and there are fewer keys than "
        "--connections");
  }
  if (workload.keys > kVerifiedKeysMax) {
    return Wrong("--keys: a verified run remembers each, " + std::to_string(kVerifiedKeysMax) +
                 " at most");
  }
  // As the connection with the last share has them.
  WorkloadOptions last = workload;
  last.threads = options.connections;
  last.thread = options.connections - 1;
  return CheckWorkload(last);
}

Verifier::Verifier(const LoadOptions& options, const KeyShare& share, VerifyFigures& figures)
    : first_(StreamSeed(options.workload.seed, kSequenceStream)),
      book_(share, KeysTracked(options, share), false),
      key_text_(options.key_text),
      figures_(figures) {}

bool Verifier::IsRead(const Pending& pending) {
  return pending.kind == OpKind::kRead ||
         (pending.kind == OpKind::kReadModifyWrite && !pending.second);
}

uint64_t Verifier::Send(OpKind kind, uint64_t key) {
  if (kind == OpKind::kRead || kind == OpKind::kReadModifyWrite) return book_.Floor(key);
  return book_.Send(key, kind == OpKind::kDelete ? WriteKind::kDelete : WriteKind::kValue);
}

void Verifier::OnReply(const Pending& pending, const WireReply& reply) {
  // An error says nothing about the key, and a write that was refused is never acknowledged.
  if (reply.outcome == Outcome::kError) return;
  if (IsRead(pending)) return JudgeRead(pending, reply);
  book_.Acknowledge(pending.key, pending.sequence);
}

void Verifier::OnLost(const Pending& pending) {
  if (IsRead(pending)) return;
  book_.Abandon(pending.key, pending.sequence,
                pending.kind == OpKind::kDelete ? WriteKind::kDelete : WriteKind::kValue);
}

std::optional<uint64_t> Verifier::NextToSweep() {
  if (!again_.empty()) {
    const uint64_t key = again_.back();
    again_.pop_back();
    return key;
  }
  const std::optional<uint64_t> key = book_.NextWritten(sweep_index_);
  sweep_at_end_ = !key;
  return key;
}

void Verifier::OnSwept(const WireReply& reply) {
  ++(reply.outcome == Outcome::kError ? figures_.unswept : figures_.swept);
}

void Verifier::EndSweep() {
  while (NextToSweep()) ++figures_.unswept;
}

void Verifier::JudgeRead(const Pending& pending, const WireReply& reply) {
  ++figures_.verified;
  if (reply.outcome == Outcome::kHit) return JudgeValue(pending, reply.value);
  const ReadState state = book_.Judge(pending.key, pending.sequence, std::nullopt);
  if (state == ReadState::kUntracked) ++figures_.untracked;
  if (state != ReadState::kLost) return;
  Find(figures_.vanished, pending.key,
       absl::StrCat("is lost: its write ", pending.sequence,
                    " was done before the read was sent, and no delete since, but there is no "
                    "value"));
}

void Verifier::JudgeValue(const Pending& pending, std::string_view value) {
  const SealCheck check = CheckSealed(value, pending.key);
  if (check.state == SealState::kOtherKey) {
    return Find(figures_.corrupt, pending.key, "has the value of another key");
  }
  if (check.state == SealState::kCorrupt) {
    return Find(figures_.corrupt, pending.key,
                absl::StrCat("is corrupt: its ", value.size(),
                             " bytes are not as any write of it "
                             "sent them"));
  }
  // Of a value from before the run: a number that is far beyond all of them.
  const uint64_t sequence = check.sequence - first_;
  switch (book_.Judge(pending.key, pending.sequence, sequence)) {
    case ReadState::kStale:
      return Find(figures_.stale, pending.key,
                  absl::StrCat("is stale: its write ", pending.sequence,
                               " was done before the read was sent, but the value is that of its "
                               "write ",
                               sequence));
    case ReadState::kNeverSent:
      return Find(figures_.never_sent, pending.key,
                  absl::StrCat("has a value that this run never sent: its last one known is ",
                               pending.sequence));
    case ReadState::kUntracked:
      ++figures_.untracked;
      return;
    case ReadState::kSound:
    case ReadState::kLost:
      return;
  }
}

void Verifier::Find(uint64_t& count, uint64_t key, std::string_view what) {
  ++count;
  if (!figures_.first_finding.empty()) return;
  std::string text;
  figures_.first_finding =
      absl::StrCat("key ", base::ToAbsl(key_text_.Write(key, text)), " ", base::ToAbsl(what));
}

}  // namespace corelane::loadgen
