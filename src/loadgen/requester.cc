#include "loadgen/requester.h"

#include <array>
#include <cstddef>
#include <optional>

#include "loadgen/seeds.h"

namespace corelane::loadgen {

WorkloadOptions ShareOfWorkload(const LoadOptions& options, uint32_t index) {
  WorkloadOptions share = options.workload;
  share.thread = index;
  if (options.verify) {
    share.threads = options.connections;
    share.own_keys_only = true;
    return share;
  }
  share.threads = options.threads;
  // All threads together go through the keys once a round.
  share.chooser.begin = index;
  share.chooser.step = options.threads;
  return share;
}

PayloadOptions PayloadOf(const LoadOptions& options) {
  return {.bytes_max = options.workload.value_sizes.bytes_max(),
          .seed = StreamSeed(options.workload.seed, kPayloadStream)};
}

Requester::Requester(const LoadOptions& options, uint32_t index, Payload& payload,
                     VerifyFigures& figures)
    : replay_(options.replay),
      replay_step_(options.threads),
      replay_next_(replay_ == nullptr ? 0 : index % replay_->size()),
      workload_(ShareOfWorkload(options, index)),
      load_(ShareOfWorkload(options, index)),
      key_text_(options.key_text),
      payload_(payload) {
  if (options.verify) {
    const KeyShare share = ShareOfWorkload(options, index).share();
    verifier_ = std::make_unique<Verifier>(options, share, figures);
  }
  key_.resize(key_text_.bytes());
}

bool Requester::WriteLoad(Connection& connection, int64_t now_ns) {
  Operation operation;
  if (!load_.Next(operation)) return false;
  Write(operation, connection, now_ns, now_ns);
  return true;
}

bool Requester::WriteSweep(Connection& connection, int64_t now_ns) {
  const std::optional<uint64_t> key = verifier_->NextToSweep();
  if (!key) return false;
  const std::array<uint64_t, 1> keys = {*key};
  Write({.kind = OpKind::kRead, .keys = keys}, connection, now_ns, now_ns);
  return true;
}

void Requester::WriteNext(Connection& connection, int64_t intended_ns, int64_t now_ns) {
  if (replay_ != nullptr) return WriteRecorded(connection, intended_ns, now_ns);
  Operation operation;
  workload_.Next(operation);
  Write(operation, connection, intended_ns, now_ns);
}

void Requester::WriteRecorded(Connection& connection, int64_t intended_ns, int64_t now_ns) {
  connection.wire().Raw(replay_->Encoded(replay_next_), connection.out());
  replay_next_ = (replay_next_ + replay_step_) % replay_->size();
  connection.Wrote({.intended_ns = intended_ns, .sent_ns = now_ns, .kind = OpKind::kReplay});
}

void Requester::Write(const Operation& operation, Connection& connection, int64_t intended_ns,
                      int64_t now_ns) {
  const uint64_t sequence =
      verifier_ == nullptr ? 0 : verifier_->Send(operation.kind, operation.keys[0]);
  WriteRequest(operation, sequence, connection);
  connection.Wrote({.intended_ns = intended_ns,
                    .sent_ns = now_ns,
                    .key = operation.keys[0],
                    .sequence = sequence,
                    .value_bytes = operation.value_bytes,
                    .kind = operation.kind});
}

void Requester::WriteSecond(const Pending& first, Connection& connection) {
  Pending second = first;
  second.second = true;
  if (verifier_ != nullptr) second.sequence = verifier_->SendSecond(first.key);
  key_text_.Write(first.key, key_.data());
  connection.wire().Write(key_, Value(first.key, second.sequence, first.value_bytes), 0,
                          connection.out());
  connection.Wrote(second);
}

std::string_view Requester::Value(uint64_t key, uint64_t sequence, uint32_t bytes) {
  if (verifier_ == nullptr) return payload_.Next(bytes);
  value_.clear();
  payload_.AppendSealed(key, verifier_->InValue(sequence), bytes, value_);
  return value_;
}

void Requester::WriteRequest(const Operation& operation, uint64_t sequence,
                             Connection& connection) {
  Wire& wire = connection.wire();
  base::Buffer& out = connection.out();
  const uint64_t key = operation.keys[0];
  key_text_.Write(key, key_.data());
  switch (operation.kind) {
    case OpKind::kRead:
    case OpKind::kReadModifyWrite:
      return wire.Read(key_, out);
    case OpKind::kUpdate:
    case OpKind::kInsert:
      return wire.Write(key_, Value(key, sequence, operation.value_bytes), operation.ttl_ms, out);
    case OpKind::kDelete:
      return wire.Delete(key_, out);
    case OpKind::kExpire:
      return wire.Expire(key_, operation.ttl_ms, out);
    case OpKind::kReplay:
      return;  // in no mix: WriteRecorded()
    case OpKind::kReadMulti:
      WriteKeys(operation);
      return wire.ReadMany(key_views_, out);
    case OpKind::kWriteMulti:
      WriteKeys(operation);
      pairs_.clear();
      for (const std::string_view text : key_views_) {
        pairs_.emplace_back(text, payload_.Next(operation.value_bytes));
      }
      return wire.WriteMany(pairs_, out);
  }
}

// The texts of all keys of the operation, in key_views_.
void Requester::WriteKeys(const Operation& operation) {
  const size_t bytes = key_text_.bytes();
  keys_.resize(bytes * operation.keys.size());
  key_views_.clear();
  for (size_t i = 0; i < operation.keys.size(); ++i) {
    key_text_.Write(operation.keys[i], keys_.data() + i * bytes);
    key_views_.emplace_back(keys_.data() + i * bytes, bytes);
  }
}

}  // namespace corelane::loadgen
