#include "shard/checkpointer.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace corelane::shard {
namespace {

// After a failure: the time until the policy may ask again, doubled each time.
constexpr int64_t kRetryMillisMin = 5'000;
constexpr int64_t kRetryMillisMax = 320'000;

constexpr int64_t kNanosPerMilli = 1'000'000;

// Of large entries, in one turn: about as much as a stripe of small ones.
constexpr size_t kLargeBytesTogether = size_t{32} << 10;

// A time at which nothing has expired.
constexpr int64_t kBeforeAllExpiry = std::numeric_limits<int64_t>::min();

}  // namespace

Checkpointer::Checkpointer(storage::Engine& engine, wal::LaneLog& log,
                           std::unique_ptr<wal::CheckpointSink> sink, const env::Clock& clock,
                           const Start& start)
    : engine_(engine),
      log_(log),
      clock_(clock),
      policy_(start.policy),
      sink_(std::move(sink)),
      last_ns_(clock.MonotonicNanos()),
      last_seq_at_begin_(log.last_seq()),
      log_bytes_before_(start.log_bytes) {}

uint64_t Checkpointer::Request() {
  if (phase_ != Phase::kWalking) requested_ = begun_ + 1;
  return std::max(requested_, begun_);
}

bool Checkpointer::RunTurn() {
  switch (phase_) {
    case Phase::kIdle:
      if (requested_ > begun_) Begin();
      return phase_ != Phase::kIdle;
    case Phase::kWalking:
      Walk();
      return phase_ == Phase::kWalking && sink_->HasRoom();
    case Phase::kSyncing:
      if (LogFailed()) {
        sink_->Abandon();
        last_status_ = log_.health();
        phase_ = Phase::kFailing;
      } else if (log_.durable_seq() >= end_seq_) {
        sink_->Finish(end_seq_);
        phase_ = Phase::kWriting;
      }
      return false;
    case Phase::kFailing:
      if (FailureIsOver()) End(last_status_);
      return requested_ > begun_;
    case Phase::kWriting:
      if (sink_->state() == wal::CheckpointState::kFailed) {
        End(sink_->failure());
      } else if (sink_->state() == wal::CheckpointState::kDone) {
        End(OkStatus());
      }
      return requested_ > begun_;
  }
  return false;
}

bool Checkpointer::HasWork() {
  switch (phase_) {
    case Phase::kIdle:
      return requested_ > begun_;
    case Phase::kWalking:
      return sink_->state() == wal::CheckpointState::kFailed || sink_->HasRoom();
    case Phase::kSyncing:
      return log_.durable_seq() >= end_seq_ || LogFailed();
    case Phase::kFailing:
      return FailureIsOver();
    case Phase::kWriting:
      return sink_->state() != wal::CheckpointState::kWriting;
  }
  return false;
}

bool Checkpointer::LogFailed() const { return log_.health().code() == StatusCode::kWalWriteFailed; }

// The sink must be done with what it was given, and whoever waits for the attempt may also wait for
// the log behind it.
bool Checkpointer::FailureIsOver() {
  return sink_->state() != wal::CheckpointState::kWriting &&
         (log_.durable_seq() >= end_seq_ || LogFailed());
}

// ---- One attempt ----

void Checkpointer::Begin() {
  ++begun_;
  const wal::LogStats log = log_.Stats();
  if (LogFailed()) return End(log_.health());
  // The log from here on is what a damaged store could be made good with.
  if (!engine_.health().ok()) return End(engine_.health());
  stats_.running = true;
  stats_.began_ms = clock_.WallMillis();
  appended_at_begun_ = log.appended_bytes;
  began_seq_ = log_.last_seq();
  began_ns_ = clock_.MonotonicNanos();
  sink_->Begin(began_seq_, log_.segment());
  phase_ = Phase::kWalking;
  cursor_ = storage::kWalkStart;
  walked_ = false;
  // Nothing of it goes through the sink.
  if (engine_.KeepsItself()) EndWalk();
}

void Checkpointer::Walk() {
  if (sink_->state() == wal::CheckpointState::kFailed) return Fail(sink_->failure());
  if (!sink_->HasRoom()) return;
  if (!large_entries_.empty()) {
    CopyLargeEntries();
  } else if (!walked_) {
    CopyStripe();
  }
  if (walked_ && large_entries_.empty()) EndWalk();
}

// Entries whose time has passed come as well: a start drops what has expired by then, after the
// last frame of the log (LogReplay), and only that has the last word.
void Checkpointer::CopyStripe() {
  cursor_ = engine_.VisitStripe(cursor_, [&](const storage::EntryView& entry) {
    if (entry.key.size() + entry.value.bytes.size() > kLargeEntryBytes) {
      large_entries_.push_back({std::string(entry.key), entry.hash});
    } else {
      sink_->Add(entry.key, entry.value);
    }
  });
  walked_ = cursor_ == storage::kWalkStart;
}

// What a key has now is as good as what it had when its stripe was visited; and if it is gone, the
// log has that.
void Checkpointer::CopyLargeEntries() {
  size_t bytes = 0;
  do {
    const LargeEntry& large = large_entries_.back();
    kv::ValueView value;
    if (engine_.Get({large.key, large.hash}, kBeforeAllExpiry, &value)) {
      sink_->Add(large.key, value);
      bytes += large.key.size() + value.bytes.size();
    }
    large_entries_.pop_back();
  } while (bytes < kLargeBytesTogether && !large_entries_.empty() && sink_->HasRoom());
}

// The entries show changes up to here. Were the machine to lose one of these frames, the checkpoint
// would have a part of a state that never was.
void Checkpointer::EndWalk() {
  end_seq_ = log_.last_seq();
  log_.RequestSync();
  phase_ = Phase::kSyncing;
}

// Whoever waits for the attempt may also wait for the log behind it, so the end comes after a sync.
void Checkpointer::Fail(const Status& status) {
  last_status_ = status;
  end_seq_ = log_.last_seq();
  log_.RequestSync();
  phase_ = Phase::kFailing;
}

void Checkpointer::End(const Status& status) {
  const int64_t now_ns = clock_.MonotonicNanos();
  phase_ = Phase::kIdle;
  last_status_ = status;
  ended_ = begun_;
  large_entries_.clear();
  stats_.running = false;
  stats_.last_failed = !status.ok();
  if (status.ok()) {
    ++stats_.taken;
    stats_.entries = sink_->report().entries;
    stats_.bytes = sink_->report().bytes;
    stats_.last_ms = clock_.WallMillis();
    stats_.took_ms = (now_ns - began_ns_) / kNanosPerMilli;
    log_bytes_before_ = 0;
    appended_at_begin_ = appended_at_begun_;
    last_seq_at_begin_ = began_seq_;
    last_ns_ = now_ns;
    retry_ms_ = 0;
  } else {
    ++stats_.failed;
    retry_ms_ = std::clamp(2 * retry_ms_, kRetryMillisMin, kRetryMillisMax);
    retry_at_ns_ = now_ns + retry_ms_ * kNanosPerMilli;
  }
  if (sink_->state() != wal::CheckpointState::kIdle) sink_->Acknowledge();
}

// ---- When ----

void Checkpointer::Consider() {
  if (phase_ == Phase::kIdle && requested_ <= begun_ && PolicyAsks()) requested_ = begun_ + 1;
}

bool Checkpointer::PolicyAsks() const {
  const int64_t now_ns = clock_.MonotonicNanos();
  if (retry_ms_ != 0 && now_ns < retry_at_ns_) return false;
  if (policy_.interval_ms != 0 && now_ns - last_ns_ >= policy_.interval_ms * kNanosPerMilli &&
      (log_bytes_before_ != 0 || log_.last_seq() != last_seq_at_begin_)) {
    return true;
  }
  const uint64_t log_bytes = LogBytes();
  if (policy_.log_bytes == 0 || log_bytes < policy_.log_bytes) return false;
  // One that keeps itself does not write all of that.
  if (engine_.KeepsItself()) return true;
  const auto data_bytes = static_cast<double>(engine_.Stats().data_bytes);
  return static_cast<double>(log_bytes) >= policy_.log_share * data_bytes;
}

uint64_t Checkpointer::LogBytes() const {
  return log_bytes_before_ + log_.Stats().appended_bytes - appended_at_begin_;
}

CheckpointStats Checkpointer::Stats() const {
  CheckpointStats stats = stats_;
  stats.log_bytes = LogBytes();
  stats.changes = log_.last_seq() - last_seq_at_begin_;
  return stats;
}

}  // namespace corelane::shard
