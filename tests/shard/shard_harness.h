#pragma once

// Shards without threads and sockets: some lanes in one thread, turned by hand, with a log that
// does what the test says. Requests and replies are RESP, because that reads well.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "env/clock.h"
#include "proto/codec.h"
#include "shard/mailbox.h"
#include "shard/settings.h"
#include "shard/shard.h"
#include "shard/slice.h"
#include "shard/slow_log.h"
#include "wal/checkpoint_sink.h"
#include "wal/lane_log.h"

namespace corelane::shard {

// A log that remembers what was appended and admits and releases what the test says.
class ScriptedLog final : public wal::LaneLog {
 public:
  wal::Admission admission = wal::Admission::kOk;
  uint64_t released = UINT64_MAX;
  uint64_t durable = 0;
  int syncs_asked = 0;
  uint64_t appended_bytes = 0;
  std::vector<std::string> frames;

  wal::Admission Admit(size_t, size_t) override { return admission; }
  uint64_t AppendPut(std::string_view key, const kv::ValueView& value) override;
  uint64_t AppendErase(std::string_view key) override;
  uint64_t AppendMarks(std::string_view key, kv::Marks marks) override;
  uint64_t AppendExpiry(std::string_view key, kv::ExpiryMillis expires_at) override;
  uint64_t AppendClear() override;
  uint64_t last_seq() const override { return frames.size(); }
  uint64_t segment() const override { return 1; }
  uint64_t released_seq() const override { return released; }
  void EndTurn() override {}
  void RequestSync() override { ++syncs_asked; }
  uint64_t durable_seq() const override { return durable; }
  Status Close() override { return OkStatus(); }
  Status health() const override;
  wal::LogStats Stats() const override;
};

// Checkpoints that are kept in memory. Complete as soon as they are finished, unless the test says
// otherwise.
class ScriptedSink final : public wal::CheckpointSink {
 public:
  bool has_room = true;
  Status outcome;  // of Finish()
  std::map<std::string, std::string> entries;
  size_t entries_added = 0;
  uint64_t begun_seq = 0;
  uint64_t end_seq = 0;
  int begun = 0;
  int abandoned = 0;

  void Begin(uint64_t seq, uint64_t first_segment) override;
  bool HasRoom() override { return has_room; }
  void Add(std::string_view key, const kv::ValueView& value) override;
  void Finish(uint64_t seq) override;
  void Abandon() override;
  wal::CheckpointState state() override { return state_; }
  const wal::CheckpointReport& report() const override { return report_; }
  const Status& failure() const override { return failure_; }
  void Acknowledge() override;
  // What Abandon() asked for happens when the writer's thread comes to it.
  void ObeyAbandon() { Fail(Status(StatusCode::kShuttingDown, "abandoned")); }
  // The disk fails while entries are written.
  void Fail(Status status);

 private:
  wal::CheckpointState state_ = wal::CheckpointState::kIdle;
  wal::CheckpointReport report_;
  Status failure_;
};

// A connection: sends RESP commands, collects the replies' bytes.
class TestClient final : public Submitter {
 public:
  explicit TestClient(proto::Protocol protocol = proto::Protocol::kResp);
  // Each line is an inline command of RESP, or a line of another text protocol.
  void Send(Shard& shard, std::string_view lines);
  // All replies since the last call, with \r\n as one blank: "+OK $1 x :3 ".
  [[nodiscard]] std::string Take();
  [[nodiscard]] int progress() const { return progress_; }
  [[nodiscard]] bool log_lost() const { return log_lost_; }

  kv::ReplyWriter& BeginReply(uint32_t tag) override;
  void EndReply() override { codec_->EndReply(); }
  void OnProgress() override { ++progress_; }
  void OnLogLost() override { log_lost_ = true; }

 private:
  std::unique_ptr<proto::Codec> codec_;
  base::Buffer out_;
  int progress_ = 0;
  bool log_lost_ = false;
};

class Lanes {
 public:
  static constexpr uint64_t kSeed = 42;

  explicit Lanes(uint32_t count, bool with_log = false);
  ~Lanes();

  [[nodiscard]] uint32_t count() const { return static_cast<uint32_t>(lanes_.size()); }
  [[nodiscard]] Shard& operator[](uint32_t lane) { return *lanes_[lane]->shard; }
  [[nodiscard]] ScriptedLog& log(uint32_t lane) { return *lanes_[lane]->log; }
  [[nodiscard]] ScriptedSink& sink(uint32_t lane) { return *lanes_[lane]->sink; }
  [[nodiscard]] Mailbox& mailbox(uint32_t lane) { return exchange_.mailbox(lane); }
  [[nodiscard]] LaneCounters& counters(uint32_t lane) { return lanes_[lane]->counters; }
  [[nodiscard]] CommandStats& stats(uint32_t lane) { return lanes_[lane]->stats; }
  [[nodiscard]] LaneSettings& settings(uint32_t lane) { return lanes_[lane]->settings; }
  [[nodiscard]] ServerFacts& server_facts() { return server_facts_; }
  [[nodiscard]] LaneFacts& facts(uint32_t lane) { return lanes_[lane]->facts; }
  [[nodiscard]] env::ManualClock& clock() { return clock_; }
  void Turn(uint32_t lane);
  // Turns all lanes until nothing moves.
  void Settle();
  // A key "PREFIXn" that lives on the lane.
  [[nodiscard]] std::string KeyOn(uint32_t lane, std::string_view prefix = "k") const;

 private:
  struct OneLane {
    LaneCounters counters;
    LaneSettings settings;
    CommandStats stats;
    SlowLog slow_log;
    LaneFacts facts;
    ScriptedLog* log = nullptr;
    ScriptedSink* sink = nullptr;
    std::unique_ptr<Slice> slice;
    std::unique_ptr<Shard> shard;
  };

  env::ManualClock clock_;
  ServerFacts server_facts_;
  Exchange exchange_;
  std::vector<std::unique_ptr<OneLane>> lanes_;
};

}  // namespace corelane::shard
