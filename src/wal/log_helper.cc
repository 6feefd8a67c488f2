#include "wal/log_helper.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace corelane::wal {
namespace {

constexpr uint64_t RoundUpToPage(uint64_t bytes) {
  return (bytes + LogSegment::kPageBytes - 1) / LogSegment::kPageBytes * LogSegment::kPageBytes;
}

// How often the helper looks around when nobody rings.
constexpr int64_t kIdleNanos = 1'000'000'000;

uint64_t MakeSalt(const LaneLogOptions& options, uint64_t number) {
  const std::string text = options.lane.directory + SegmentName(number) +
                           std::to_string(options.clock->WallMillis()) + "/" +
                           std::to_string(options.clock->MonotonicNanos());
  return base::KeyHash(text, options.salt_seed);
}

}  // namespace

LogHelper::LogHelper(const LaneLogOptions& options)
    : options_(options),
      next_number_(options.next_segment),
      last_sync_nanos_(options.clock->MonotonicNanos()),
      appended_seq_(options.next_seq - 1),
      durable_seq_(options.next_seq - 1) {}

LogHelper::~LogHelper() { Stop(); }

Result<LogSegment*> LogHelper::Start() {
  Result<LogSegment*> first = AddSegment(0);
  if (!first.ok()) return first.status();
  Prefault(**first);
  thread_ = std::thread([this] { Run(); });
  return first;
}

void LogHelper::Stop() {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_release);
  Ring();
  thread_.join();
}

Status LogHelper::Finish(uint64_t end) {
  CHECK(!thread_.joinable());
  CHECK(state() != LogState::kFailed);
  LogSegment& current = Current();
  RETURN_IF_ERROR(TimedSync(current, end));
  RETURN_IF_ERROR(current.file->Truncate(end));
  if (LogSegment* unused = next_.exchange(nullptr, std::memory_order_acquire)) {
    RETURN_IF_ERROR(options_.files->Remove(unused->path));
    RETURN_IF_ERROR(options_.files->SyncDirectory(options_.lane.directory));
  }
  segments_.clear();
  return OkStatus();
}

LogSegment* LogHelper::TakeNext(uint64_t bytes) {
  // acquire: the segment is whole. The exchange settles who has it when the helper wants it back to
  // make it bigger.
  LogSegment* const next = next_.exchange(nullptr, std::memory_order_acq_rel);
  if (next == nullptr) return nullptr;
  if (next->ready_end.load(std::memory_order_acquire) >= kSegmentHeaderBytes + bytes) return next;
  next_.store(next, std::memory_order_release);
  return nullptr;
}

void LogHelper::AskForSync(uint64_t seq) {
  // relaxed: what is to be synced was published before, and the ring makes the helper look.
  sync_asked_seq_.store(seq, std::memory_order_relaxed);
  Ring();
}

void LogHelper::AskForRoom(uint64_t bytes) {
  wanted_bytes_.store(bytes, std::memory_order_relaxed);
  waiting_.store(true, std::memory_order_release);
  // With a full disk the helper tries again by the clock, however many changes are refused
  // meanwhile.
  if (state() == LogState::kHealthy) Ring();
}

Status LogHelper::health() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

HelperCounters LogHelper::counters() const {
  return {.syncs = syncs_.load(std::memory_order_relaxed),
          .sync_nanos_max = sync_nanos_max_.load(std::memory_order_relaxed),
          .last_sync_wall_ms = last_sync_wall_ms_.load(std::memory_order_relaxed),
          .segments = segments_made_.load(std::memory_order_relaxed)};
}

void LogHelper::Run() {
  while (!stop_.load(std::memory_order_acquire)) {
    WorkRound();
    if (options_.mode == FsyncMode::kAlways && state() != LogState::kFailed &&
        appended_seq_.load(std::memory_order_relaxed) > durable_seq()) {
      continue;  // More came in while the last sync ran.
    }
    doorbell_.Wait(WaitNanos(options_.clock->MonotonicNanos()));
  }
  if (state() != LogState::kFailed) {
    Judge(SyncRound(options_.clock->MonotonicNanos(), true));
  }
  Tell();
}

void LogHelper::WorkRound() {
  const int64_t now = options_.clock->MonotonicNanos();
  // Room comes first: the lane may be waiting for it, and a sync takes long.
  if (state() != LogState::kFailed) Judge(KeepRoom(now));
  TellWaiter();
  if (state() != LogState::kFailed) Judge(SyncRound(now, false));
  TellAsker();
}

int64_t LogHelper::WaitNanos(int64_t now) const {
  if (state() == LogState::kDiskFull) return kDiskFullRetryNanos;
  const bool dirty = appended_seq_.load(std::memory_order_relaxed) > durable_seq();
  if (options_.mode != FsyncMode::kEverySecond || !dirty) return kIdleNanos;
  const int64_t left = last_sync_nanos_ + kSyncPeriodNanos - now;
  return std::clamp<int64_t>(left, 1'000'000, kIdleNanos);
}

Result<LogSegment*> LogHelper::AddSegment(uint64_t room) {
  const SegmentHeader header{.lane = options_.lane.lane,
                             .generation = options_.lane.generation,
                             .number = next_number_,
                             .salt = MakeSalt(options_, next_number_),
                             .durable_seq = durable_seq()};
  const uint64_t bytes = RoundUpToPage(kSegmentHeaderBytes + room);
  const uint64_t size = std::max(RoundUpToPage(options_.segment_bytes), bytes);
  Result<std::unique_ptr<LogSegment>> made =
      CreateLogSegment(*options_.files, options_.lane.directory, header, size,
                       std::min(size, std::max(bytes, kRoomAheadBytes)));
  if (!made.ok()) return made.status();
  ++next_number_;
  segments_made_.fetch_add(1, std::memory_order_relaxed);
  segments_.push_back(std::move(made).value());
  return segments_.back().get();
}

void LogHelper::Prefault(LogSegment& segment) const {
  const uint64_t written = segment.written_end.load(std::memory_order_relaxed);
  const uint64_t begin =
      std::max(segment.prefaulted_end, written / LogSegment::kPageBytes * LogSegment::kPageBytes);
  const uint64_t end =
      std::min(segment.allocated_end, RoundUpToPage(written + kPrefaultAheadBytes));
  // Piece by piece, not page by page.
  if (begin >= end || segment.prefaulted_end > written + kPrefaultAheadBytes / 2) return;
  segment.mapping->Prefault(begin, end - begin);
  segment.prefaulted_end = end;
}

LogSegment& LogHelper::Current() {
  for (const auto& segment : segments_) {
    if (segment->sealed_end.load(std::memory_order_acquire) == 0) return *segment;
  }
  // The lane seals one segment only when it has the next.
  CHECK(false);
  return *segments_.back();
}

// True as well when the lane has just taken it and not yet sealed the one before.
bool LogHelper::HasNext() { return segments_.back().get() != &Current(); }

Status LogHelper::KeepRoom(int64_t now) {
  if (state() == LogState::kDiskFull && now - last_try_nanos_ < kDiskFullRetryNanos) {
    return OkStatus();
  }
  last_try_nanos_ = now;
  LogSegment& current = Current();
  const uint64_t written = current.written_end.load(std::memory_order_acquire);
  const uint64_t wanted = wanted_bytes_.load(std::memory_order_relaxed);
  const bool fits = written + wanted <= current.size;
  const uint64_t ahead = std::max(kRoomAheadBytes / 2, fits ? wanted : 0);
  if (current.allocated_end < std::min(current.size, written + ahead)) {
    const uint64_t end = written + std::max({kRoomAheadBytes, written, ahead});
    RETURN_IF_ERROR(ExtendLogSegment(current, std::min(current.size, RoundUpToPage(end))));
  }
  Prefault(current);
  if (!HasNext() && (!fits || written > current.size / 2)) RETURN_IF_ERROR(MakeNext());
  if (!fits) RETURN_IF_ERROR(EnlargeNext(wanted));
  if (state() == LogState::kDiskFull) Enter(LogState::kHealthy, OkStatus());
  return OkStatus();
}

Status LogHelper::MakeNext() {
  // The lane is busy enough to fill segments: half of the next one will do while the helper syncs
  // the end of this one.
  const uint64_t wanted = wanted_bytes_.load(std::memory_order_relaxed);
  Result<LogSegment*> next = AddSegment(std::max(wanted, options_.segment_bytes / 2));
  if (!next.ok()) return next.status();
  Prefault(**next);
  next_.store(*next, std::memory_order_release);
  return OkStatus();
}

Status LogHelper::EnlargeNext(uint64_t wanted) {
  const uint64_t end = RoundUpToPage(kSegmentHeaderBytes + wanted);
  LogSegment* const next = next_.exchange(nullptr, std::memory_order_acq_rel);
  if (next == nullptr) return OkStatus();
  Status status;
  if (next->size < end) status = ResizeLogSegment(*next, end);
  if (status.ok()) status = ExtendLogSegment(*next, end);
  next_.store(next, std::memory_order_release);
  return status;
}

// Full segments are synced to their end at once, in every mode: nothing will be added, and their
// memory can go.
Status LogHelper::RetireSealed() {
  while (true) {
    LogSegment& oldest = *segments_.front();
    const uint64_t end = oldest.sealed_end.load(std::memory_order_acquire);
    if (end == 0) return OkStatus();
    RETURN_IF_ERROR(TimedSync(oldest, end));
    SetDurable(oldest.sealed_seq);
    oldest.mapping.reset();
    // Room that was not used goes back. The zeros would do no harm if this did not reach the disk.
    RETURN_IF_ERROR(oldest.file->Truncate(end));
    segments_.pop_front();
    CHECK(!segments_.empty());
  }
}

Status LogHelper::SyncRound(int64_t now, bool force) {
  // acquire, and before any look at the segments: every frame up to `target` then shows in their
  // written_end or sealed_end.
  const uint64_t target = appended_seq_.load(std::memory_order_acquire);
  RETURN_IF_ERROR(RetireSealed());
  if (target <= durable_seq()) return OkStatus();
  const bool due =
      force || options_.mode == FsyncMode::kAlways ||
      sync_asked_seq_.load(std::memory_order_relaxed) > durable_seq() ||
      (options_.mode == FsyncMode::kEverySecond && now - last_sync_nanos_ >= kSyncPeriodNanos);
  if (!due) return OkStatus();
  last_sync_nanos_ = now;
  LogSegment& current = Current();
  const uint64_t end = current.written_end.load(std::memory_order_acquire);
  RETURN_IF_ERROR(TimedSync(current, end));
  SetDurable(target);
  // The sync has write-protected the pages; the lane is to find the next ones writable again.
  const uint64_t page = end / LogSegment::kPageBytes * LogSegment::kPageBytes;
  const uint64_t refault_end = std::min(current.allocated_end, page + kRefaultBytes);
  if (refault_end > page) current.mapping->Prefault(page, refault_end - page);
  return OkStatus();
}

Status LogHelper::TimedSync(LogSegment& segment, uint64_t end) {
  const int64_t begin = options_.clock->MonotonicNanos();
  const int64_t begin_wall_ms = options_.clock->WallMillis();
  RETURN_IF_ERROR(SyncLogSegment(segment, end));
  const auto nanos = static_cast<uint64_t>(options_.clock->MonotonicNanos() - begin);
  syncs_.fetch_add(1, std::memory_order_relaxed);
  last_sync_wall_ms_.store(begin_wall_ms, std::memory_order_relaxed);
  if (nanos > sync_nanos_max_.load(std::memory_order_relaxed)) {
    sync_nanos_max_.store(nanos, std::memory_order_relaxed);
  }
  return OkStatus();
}

void LogHelper::SetDurable(uint64_t seq) {
  if (seq <= durable_seq()) return;
  durable_seq_.store(seq, std::memory_order_release);
  if (options_.mode == FsyncMode::kAlways) Tell();
}

// The lane may have asked for what became durable meanwhile, and have looked just before. So it is
// told for each time that it asks, not for each time that durable_seq goes up: its ring brings a
// round that sees what it asked for.
void LogHelper::TellAsker() {
  const uint64_t asked = sync_asked_seq_.load(std::memory_order_relaxed);
  if (asked <= told_seq_ || asked > durable_seq()) return;
  told_seq_ = asked;
  Tell();
}

void LogHelper::TellWaiter() {
  if (!waiting_.load(std::memory_order_acquire)) return;
  const uint64_t wanted = wanted_bytes_.load(std::memory_order_relaxed);
  LogSegment& current = Current();
  const uint64_t written = current.written_end.load(std::memory_order_relaxed);
  const bool found =
      current.allocated_end >= written + wanted || next_.load(std::memory_order_relaxed) != nullptr;
  if (!found && state() == LogState::kHealthy) return;
  waiting_.store(false, std::memory_order_relaxed);
  Tell();
}

void LogHelper::Judge(const Status& status) {
  if (status.ok()) return;
  Enter(status.code() == StatusCode::kDiskFull ? LogState::kDiskFull : LogState::kFailed, status);
}

void LogHelper::Enter(LogState state, const Status& status) {
  const LogState before = state_.load(std::memory_order_relaxed);
  if (before == state || before == LogState::kFailed) return;
  const unsigned lane = options_.lane.lane;
  {
    const std::lock_guard lock(failure_mutex_);
    if (state == LogState::kHealthy) {
      failure_ = OkStatus();
      base::Log(base::Severity::kInfo, "lane %u: the log has room again; taking writes", lane);
    } else if (state == LogState::kDiskFull) {
      failure_ = Status(StatusCode::kDiskFull, status.message());
      base::Log(base::Severity::kWarning,
                "lane %u: no disk space for the log (%s); refusing writes once the room left is "
                "used up, trying again",
                lane, status.message());
    } else {
      failure_ = Status(StatusCode::kWalWriteFailed, status.message());
      base::Log(base::Severity::kError,
                "lane %u: the log failed (%s); refusing writes until a restart", lane,
                status.message());
    }
    // release: whoever sees the state finds the reason. Under the lock: whoever sees the reason in
    // health() sees the state as well.
    state_.store(state, std::memory_order_release);
  }
  Tell();
}

}  // namespace corelane::wal
