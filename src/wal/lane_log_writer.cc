#include "wal/lane_log_writer.h"

#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace corelane::wal {
namespace {

// Every Admit() may bring one durable mark with it.
constexpr uint64_t kMarkBytes = kFrameHeaderBytes + kFrameNumberBytes;

// After so many bytes the helper is rung to look after room and pages: often enough to stay ahead
// of the lane.
constexpr uint64_t kRingEveryBytes = LogHelper::kPrefaultAheadBytes / 8;

}  // namespace

LaneLogWriter::LaneLogWriter(const LaneLogOptions& options, std::unique_ptr<LogHelper> helper,
                             LogSegment* first)
    : options_(options),
      helper_(std::move(helper)),
      last_seq_(options.next_seq - 1),
      published_seq_(last_seq_),
      marked_seq_(last_seq_) {
  Use(first);
}

LaneLogWriter::~LaneLogWriter() {
  if (closed_) return;
  if (const Status status = Close(); !status.ok()) {
    base::Log(base::Severity::kError, "lane %u: closing the log failed: %s", options_.lane.lane,
              status.ToString());
  }
}

void LaneLogWriter::Use(LogSegment* segment) {
  segment_ = segment;
  bytes_ = segment->bytes;
  salt_ = segment->header.salt;
  position_ = kSegmentHeaderBytes;
  ready_end_ = segment->ready_end.load(std::memory_order_acquire);
  ring_position_ = position_ + kRingEveryBytes;
}

Admission LaneLogWriter::Admit(size_t frames, size_t bytes) {
  if (helper_->state() == LogState::kFailed) return Admission::kFailed;
  const uint64_t need = bytes + frames * kFrameOverheadBytesMax + kMarkBytes;
  if (position_ + need > ready_end_) {
    if (const Admission slow = AdmitSlowly(need); slow != Admission::kOk) return slow;
  }
  // A mark is written only in front of a change: by itself it would be something new to sync, for
  // ever.
  mark_due_ = mark_due_ || helper_->durable_seq() > marked_seq_;
  return Admission::kOk;
}

Admission LaneLogWriter::AdmitSlowly(uint64_t bytes) {
  ready_end_ = segment_->ready_end.load(std::memory_order_acquire);
  LogSegment* next = nullptr;
  const bool fits = position_ + bytes <= ready_end_;
  if (!fits && position_ + bytes > segment_->size) next = helper_->TakeNext(bytes);
  if (!fits && next == nullptr) {
    waited_ = true;
    ++stats_.waits;
    // The helper judges by what it has been shown.
    segment_->written_end.store(position_, std::memory_order_release);
    helper_->AskForRoom(bytes);
    return helper_->state() == LogState::kDiskFull ? Admission::kDiskFull : Admission::kWait;
  }
  if (next != nullptr) ChangeSegment(next);
  if (waited_) helper_->RoomWasFound();
  waited_ = false;
  return Admission::kOk;
}

void LaneLogWriter::ChangeSegment(LogSegment* next) {
  segment_->sealed_seq = last_seq_;
  // release: the frames and sealed_seq come before. From here on the old segment is the helper's.
  segment_->sealed_end.store(position_, std::memory_order_release);
  Use(next);
  // Each segment starts with what is known to be durable.
  mark_due_ = true;
  helper_->Ring();
}

inline void LaneLogWriter::Store(Frame& frame) {
  frame.seq = ++last_seq_;
  const size_t size = EncodedFrameBytes(frame);
  CHECK(size <= ready_end_ - position_);
  EncodeFrame(frame, FrameChecksumSeed(salt_, position_), bytes_ + position_);
  position_ += size;
  ++stats_.appended_frames;
  stats_.appended_bytes += size;
}

void LaneLogWriter::StoreMark() {
  mark_due_ = false;
  marked_seq_ = helper_->durable_seq();
  Frame mark{.type = FrameType::kDurableMark, .durable_seq = marked_seq_};
  Store(mark);
}

inline uint64_t LaneLogWriter::Append(Frame& frame) {
  if (mark_due_) StoreMark();
  Store(frame);
  return last_seq_;
}

uint64_t LaneLogWriter::AppendPut(std::string_view key, const kv::ValueView& value) {
  Frame frame{.type = PutTypeOf(value), .key = key, .value = value};
  return Append(frame);
}

uint64_t LaneLogWriter::AppendErase(std::string_view key) {
  Frame frame{.type = FrameType::kErase, .key = key};
  return Append(frame);
}

uint64_t LaneLogWriter::AppendExpiry(std::string_view key, kv::ExpiryMillis expires_at) {
  Frame frame{.type = FrameType::kExpiry, .key = key};
  frame.value.expires_at = expires_at;
  return Append(frame);
}

uint64_t LaneLogWriter::AppendMarks(std::string_view key, kv::Marks marks) {
  Frame frame{.type = FrameType::kMarks, .key = key};
  frame.value.marks = marks;
  return Append(frame);
}

uint64_t LaneLogWriter::AppendClear() {
  Frame frame{.type = FrameType::kClear};
  return Append(frame);
}

void LaneLogWriter::EndTurn() {
  if (published_seq_ == last_seq_) return;
  // release: the frames come before; and before Publish(), so that who sees the number sees the
  // position.
  segment_->written_end.store(position_, std::memory_order_release);
  helper_->Publish(last_seq_);
  published_seq_ = last_seq_;
  if (options_.mode == FsyncMode::kAlways || position_ >= ring_position_) {
    ring_position_ = position_ + kRingEveryBytes;
    helper_->Ring();
  }
}

void LaneLogWriter::RequestSync() {
  EndTurn();
  helper_->AskForSync(last_seq_);
}

Status LaneLogWriter::Close() {
  if (closed_) return close_status_;
  EndTurn();
  helper_->Stop();
  closed_ = true;
  close_status_ = DoClose();
  return close_status_;
}

Status LaneLogWriter::DoClose() {
  // A full disk is no failure of what was accepted: that had its room.
  if (helper_->state() == LogState::kFailed) return health();
  // With everything on stable storage, say so: damage to these frames will not pass for a torn
  // tail.
  ready_end_ = segment_->ready_end.load(std::memory_order_acquire);
  if (last_seq_ > marked_seq_ && kMarkBytes <= ready_end_ - position_) StoreMark();
  return helper_->Finish(position_);
}

LogStats LaneLogWriter::Stats() const {
  const HelperCounters helper = helper_->counters();
  LogStats stats = stats_;
  stats.last_seq = last_seq_;
  stats.durable_seq = helper_->durable_seq();
  stats.syncs = helper.syncs;
  stats.sync_nanos_max = helper.sync_nanos_max;
  stats.last_sync_wall_ms = helper.last_sync_wall_ms;
  stats.segments = helper.segments;
  stats.failure = health().message();
  return stats;
}

Result<std::unique_ptr<LaneLogWriter>> OpenLaneLog(const LaneLogOptions& options) {
  if (options.segment_bytes < kSegmentBytesMin) {
    return Status(StatusCode::kBadArgument, "the segment size must be at least " +
                                                std::to_string(kSegmentBytesMin) + " bytes");
  }
  auto helper = std::make_unique<LogHelper>(options);
  Result<LogSegment*> first = helper->Start();
  if (!first.ok()) return first.status();
  return std::make_unique<LaneLogWriter>(options, std::move(helper), *first);
}

}  // namespace corelane::wal
