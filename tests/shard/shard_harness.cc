#include "shard/shard_harness.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "storage/placement.h"
#include "storage/striped_engine.h"

namespace corelane::shard {

uint64_t ScriptedLog::AppendPut(std::string_view key, const kv::ValueView& value) {
  std::array<char, kv::kScalarTextBytesMax> scratch;
  frames.push_back("put " + std::string(key) + "=" + std::string(kv::TextOf(value, scratch)));
  return frames.size();
}

uint64_t ScriptedLog::AppendErase(std::string_view key) {
  frames.push_back("erase " + std::string(key));
  return frames.size();
}

uint64_t ScriptedLog::AppendExpiry(std::string_view key, kv::ExpiryMillis expires_at) {
  frames.push_back("expiry " + std::string(key) + " " +
                   (expires_at == kv::kNoExpiry ? "none" : std::to_string(expires_at)));
  return frames.size();
}

uint64_t ScriptedLog::AppendMarks(std::string_view key, kv::Marks marks) {
  frames.push_back("marks " + std::string(key) + " " + std::to_string(marks));
  return frames.size();
}

uint64_t ScriptedLog::AppendClear() {
  frames.emplace_back("clear");
  return frames.size();
}

Status ScriptedLog::health() const {
  switch (admission) {
    case wal::Admission::kDiskFull:
      return {StatusCode::kDiskFull, "no space"};
    case wal::Admission::kFailed:
      return {StatusCode::kWalWriteFailed, "sync failed"};
    default:
      return OkStatus();
  }
}

wal::LogStats ScriptedLog::Stats() const {
  wal::LogStats stats;
  stats.appended_bytes = appended_bytes;
  stats.failure = health().message();
  return stats;
}

void ScriptedSink::Begin(uint64_t seq, uint64_t) {
  CHECK(state_ == wal::CheckpointState::kIdle);
  state_ = wal::CheckpointState::kWriting;
  ++begun;
  begun_seq = seq;
  entries.clear();
}

void ScriptedSink::Add(std::string_view key, const kv::ValueView& value) {
  CHECK(has_room && state_ == wal::CheckpointState::kWriting);
  ++entries_added;
  entries[std::string(key)] = std::string(value.bytes);
}

void ScriptedSink::Finish(uint64_t seq) {
  end_seq = seq;
  if (!outcome.ok()) return Fail(outcome);
  report_ = {.number = report_.number + 1, .entries = entries.size(), .bytes = 100};
  state_ = wal::CheckpointState::kDone;
}

void ScriptedSink::Abandon() { ++abandoned; }

void ScriptedSink::Acknowledge() {
  CHECK(state_ == wal::CheckpointState::kDone || state_ == wal::CheckpointState::kFailed);
  state_ = wal::CheckpointState::kIdle;
}

void ScriptedSink::Fail(Status status) {
  failure_ = std::move(status);
  state_ = wal::CheckpointState::kFailed;
}

TestClient::TestClient(proto::Protocol protocol) : codec_(proto::MakeCodec(protocol, {})) {}

void TestClient::Send(Shard& shard, std::string_view lines) {
  std::string bytes(lines);
  bytes += "\r\n";
  PlannedBatch batch;
  const proto::DecodeResult result = codec_->Decode(bytes, SIZE_MAX, batch.requests);
  CHECK(result.state == proto::DecodeState::kDone);
  shard.Plan(batch);
  shard.Prefetch({&batch, 1});
  shard.Execute(batch, *this);
}

std::string TestClient::Take() {
  std::string text(out_.view());
  out_.Clear();
  for (size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos; ++at) {
    text.replace(at, 2, " ");
  }
  return text;
}

kv::ReplyWriter& TestClient::BeginReply(uint32_t tag) {
  return codec_->BeginReply(tag, session, out_);
}

Lanes::Lanes(uint32_t count, bool with_log) : exchange_(count) {
  for (uint32_t index = 0; index < count; ++index) {
    auto lane = std::make_unique<OneLane>();
    std::unique_ptr<ScriptedLog> log;
    if (with_log) log = std::make_unique<ScriptedLog>();
    lane->log = log.get();
    lane->facts.server = &server_facts_;
    lane->facts.counters = &lane->counters;
    lane->facts.settings = &lane->settings;
    lane->facts.stats = &lane->stats;
    lane->facts.slow_log = &lane->slow_log;
    lane->facts.mailbox = &exchange_.mailbox(index).counters();
    lane->facts.clock = &clock_;
    lane->slice = std::make_unique<Slice>(storage::MakeStripedEngine(kSeed), std::move(log),
                                          SliceLimits{}, index, count);
    if (with_log) {
      auto sink = std::make_unique<ScriptedSink>();
      lane->sink = sink.get();
      lane->slice->EnableCheckpoints(std::move(sink), clock_, {});
    }
    lane->shard =
        std::make_unique<Shard>(*lane->slice, exchange_.mailbox(index), lane->facts, kSeed);
    lanes_.push_back(std::move(lane));
  }
}

Lanes::~Lanes() = default;

void Lanes::Turn(uint32_t lane) {
  lanes_[lane]->shard->RunTurn();
  lanes_[lane]->shard->RunCheckpoint(true);
  lanes_[lane]->shard->EndTurn();
}

void Lanes::Settle() {
  bool moving = true;
  while (moving) {
    for (uint32_t lane = 0; lane < lanes_.size(); ++lane) Turn(lane);
    moving = false;
    for (const auto& lane : lanes_) moving |= lane->shard->HasWork();
  }
}

std::string Lanes::KeyOn(uint32_t lane, std::string_view prefix) const {
  const auto count = static_cast<uint32_t>(lanes_.size());
  for (int number = 0;; ++number) {
    std::string key = std::string(prefix) + std::to_string(number);
    if (storage::LaneOf(base::KeyHash(key, kSeed), count) == lane) return key;
  }
}

}  // namespace corelane::shard
