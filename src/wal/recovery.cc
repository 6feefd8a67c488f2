#include "wal/recovery.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "wal/checkpoint_reader.h"
#include "wal/format.h"
#include "wal/segment_rewriter.h"

namespace corelane::wal {
namespace {

Status Corrupt(const std::string& what) { return Status(StatusCode::kCorruption, what); }

// The state of one run over a lane's segments.
class LaneReplay {
 public:
  LaneReplay(env::FileSystem& files, const LaneIdentity& lane, FrameVisitor& visitor)
      : files_(files), lane_(lane), visitor_(visitor) {}

  [[nodiscard]] Result<LaneRecovery> Run();

 private:
  struct Segment {
    uint64_t number = 0;
    uint64_t last_seq = 0;
    uint64_t end_offset = 0;
    uint64_t frames = 0;
  };

  [[nodiscard]] Status ListFiles();
  [[nodiscard]] Status LoadCheckpoint(uint64_t number);
  void LeaveOutSuperseded();
  [[nodiscard]] Status CheckNumbers() const;
  [[nodiscard]] FrameRange NextRange() const;
  [[nodiscard]] Status ReadSegment(uint64_t number);
  [[nodiscard]] Status CheckHeader(const SegmentHeader& header, uint64_t number) const;
  void CountFrames(uint64_t number, const SegmentSummary& summary, uint64_t file_bytes);
  [[nodiscard]] Status LookBehindBreak(SegmentReader& reader, uint64_t offset);
  void BreakAt(uint64_t number, const SegmentSummary& summary);
  void Finish();

  [[nodiscard]] std::string PathOf(uint64_t number) const {
    return lane_.directory + "/" + SegmentName(number);
  }

  env::FileSystem& files_;
  const LaneIdentity& lane_;
  FrameVisitor& visitor_;
  std::vector<uint64_t> numbers_;
  std::vector<uint64_t> checkpoints_;
  std::vector<Segment> kept_;
  LaneRecovery recovery_;
  uint64_t durable_seq_ = 0;
  // Once a bad frame was met nothing more is visited; what follows is only looked through for
  // marks.
  bool broken_ = false;
};

Status LaneReplay::ListFiles() {
  Result<std::vector<std::string>> names = files_.List(lane_.directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (const uint64_t number = SegmentNumberOf(name)) numbers_.push_back(number);
    if (const uint64_t number = CheckpointNumberOf(name)) checkpoints_.push_back(number);
    if (IsUnfinishedCheckpoint(name)) recovery_.superseded_files.push_back(name);
  }
  std::sort(numbers_.begin(), numbers_.end());
  std::sort(checkpoints_.begin(), checkpoints_.end());
  return OkStatus();
}

Status LaneReplay::LoadCheckpoint(uint64_t number) {
  const std::string path = lane_.directory + "/" + CheckpointName(number);
  Result<std::unique_ptr<env::File>> file = files_.Open(path, env::OpenMode::kRead);
  if (!file.ok()) return file.status();
  CheckpointReader reader(**file, path);
  RETURN_IF_ERROR(reader.Open());
  const CheckpointHeader& header = reader.header();
  if (header.number != number || header.lane != lane_.lane ||
      header.generation != lane_.generation) {
    return Corrupt(absl::StrFormat(
        "%s says that it is checkpoint %u of lane %u in generation %u: a misplaced file", path,
        header.number, header.lane, header.generation));
  }
  RETURN_IF_ERROR(visitor_.OnCheckpoint(header, reader.file_bytes()));
  const Result<CheckpointEnd> end = reader.Read(visitor_);
  if (!end.ok()) return end.status();
  recovery_.checkpoint = {.number = number,
                          .seq = header.seq,
                          .end_seq = end->end_seq,
                          .first_segment = header.first_segment,
                          .entries = end->entries,
                          .bytes = reader.file_bytes(),
                          .in_database = header.in_database};
  recovery_.last_seq = header.seq;
  // The log was synced up to there before the checkpoint got its name, and without these frames the
  // entries are no state that there ever was.
  durable_seq_ = end->end_seq;
  return OkStatus();
}

void LaneReplay::LeaveOutSuperseded() {
  for (const uint64_t number : checkpoints_) {
    if (number == recovery_.checkpoint.number) continue;
    recovery_.superseded_files.push_back(CheckpointName(number));
  }
  std::erase_if(numbers_, [&](uint64_t number) {
    if (number >= recovery_.checkpoint.first_segment) return false;
    recovery_.superseded_files.push_back(SegmentName(number));
    return true;
  });
}

Status LaneReplay::CheckNumbers() const {
  uint64_t next = std::max<uint64_t>(recovery_.checkpoint.first_segment, 1);
  for (const uint64_t number : numbers_) {
    if (number != next) return Corrupt("segment " + PathOf(next) + " is missing");
    ++next;
  }
  return OkStatus();
}

Status LaneReplay::CheckHeader(const SegmentHeader& header, uint64_t number) const {
  if (header.number == number && header.lane == lane_.lane &&
      header.generation == lane_.generation) {
    return OkStatus();
  }
  return Corrupt(
      absl::StrFormat("%s says that it is segment %u of lane %u in generation %u: a misplaced file",
                      PathOf(number), header.number, header.lane, header.generation));
}

Status LaneReplay::ReadSegment(uint64_t number) {
  const std::string path = PathOf(number);
  Result<std::unique_ptr<env::File>> file = files_.Open(path, env::OpenMode::kRead);
  if (!file.ok()) return file.status();
  SegmentReader reader(**file, path);
  if (Status status = reader.Open(); !status.ok()) {
    if (status.code() != StatusCode::kCorruption) return status;
    // The last segment may have been made just before the end, with nothing in it yet. The writer
    // uses a segment only when its header is on stable storage, so in any other case a bad header
    // is damage.
    Result<bool> blank = reader.IsBlank();
    if (!blank.ok()) return blank.status();
    if (!*blank || number != numbers_.back()) return status;
    recovery_.unused_segments.push_back(number);
    return OkStatus();
  }
  RETURN_IF_ERROR(CheckHeader(reader.header(), number));
  durable_seq_ = std::max(durable_seq_, reader.header().durable_seq);
  if (broken_) {
    recovery_.unused_segments.push_back(number);
    recovery_.torn_bytes += reader.file_bytes();
    return LookBehindBreak(reader, kSegmentHeaderBytes);
  }
  RETURN_IF_ERROR(visitor_.OnSegment(reader.header(), reader.file_bytes()));
  Result<SegmentSummary> summary = reader.Read(NextRange(), visitor_);
  if (!summary.ok()) return summary.status();
  CountFrames(number, *summary, reader.file_bytes());
  if (summary->clean) return OkStatus();
  BreakAt(number, *summary);
  return LookBehindBreak(reader, summary->end_offset);
}

// Behind a checkpoint, the first frame that there is may be any up to the first that is wanted.
FrameRange LaneReplay::NextRange() const {
  const uint64_t next_seq = recovery_.last_seq + 1;
  const bool any = recovery_.checkpoint.number != 0 && recovery_.frames == 0;
  return {.first_min = any ? 1 : next_seq,
          .first_max = next_seq,
          .visit_from = recovery_.checkpoint.seq + 1};
}

void LaneReplay::CountFrames(uint64_t number, const SegmentSummary& summary, uint64_t file_bytes) {
  durable_seq_ = std::max(durable_seq_, summary.durable_seq);
  recovery_.frames += summary.frames;
  recovery_.bytes += summary.end_offset - kSegmentHeaderBytes;
  recovery_.last_seq = summary.next_seq - 1;
  kept_.push_back({.number = number,
                   .last_seq = recovery_.last_seq,
                   .end_offset = summary.end_offset,
                   .frames = summary.frames});
  if (!summary.clean) recovery_.torn_bytes += file_bytes - summary.end_offset;
}

void LaneReplay::BreakAt(uint64_t number, const SegmentSummary& summary) {
  broken_ = true;
  recovery_.torn_reason =
      absl::StrFormat("%s at offset %u: %s", PathOf(number), summary.end_offset, summary.reason);
}

Status LaneReplay::LookBehindBreak(SegmentReader& reader, uint64_t offset) {
  Result<LaterFrames> later = reader.ScanFrom(offset, recovery_.last_seq + 1);
  if (!later.ok()) return later.status();
  recovery_.lost_frames += later->frames;
  durable_seq_ = std::max(durable_seq_, later->durable_seq);
  return OkStatus();
}

// Segments at the end that hold no frame are as good as not there.
void LaneReplay::Finish() {
  while (!kept_.empty() && kept_.back().frames == 0) {
    recovery_.unused_segments.push_back(kept_.back().number);
    kept_.pop_back();
  }
  std::sort(recovery_.unused_segments.begin(), recovery_.unused_segments.end());
  for (const Segment& segment : kept_) {
    if (segment.last_seq > durable_seq_) recovery_.unsynced_segments.push_back(segment.number);
  }
  recovery_.durable_seq = durable_seq_;
  if (kept_.empty()) {
    const uint64_t first = recovery_.checkpoint.first_segment;
    recovery_.last_segment = first == 0 ? 0 : first - 1;
    return;
  }
  recovery_.last_segment = kept_.back().number;
  recovery_.last_segment_bytes = kept_.back().end_offset;
}

Result<LaneRecovery> LaneReplay::Run() {
  RETURN_IF_ERROR(ListFiles());
  if (!checkpoints_.empty()) {
    RETURN_IF_ERROR(LoadCheckpoint(checkpoints_.back()));
    LeaveOutSuperseded();
  }
  RETURN_IF_ERROR(CheckNumbers());
  for (const uint64_t number : numbers_) RETURN_IF_ERROR(ReadSegment(number));
  if (broken_ && durable_seq_ > recovery_.last_seq) {
    return Corrupt("corrupt frame in " + recovery_.torn_reason);
  }
  if (durable_seq_ > recovery_.last_seq) {
    return Corrupt(
        absl::StrFormat("the log in %s ends after frame %u, but frame %u was on stable storage",
                        lane_.directory, recovery_.last_seq, durable_seq_));
  }
  Finish();
  return std::move(recovery_);
}

}  // namespace

Result<LaneRecovery> RecoverLane(env::FileSystem& files, const LaneIdentity& lane,
                                 FrameVisitor& visitor) {
  return LaneReplay(files, lane, visitor).Run();
}

namespace {

Status RemoveSuperseded(env::FileSystem& files, const LaneIdentity& lane,
                        const LaneRecovery& recovery) {
  if (recovery.superseded_files.empty()) return OkStatus();
  // A process that was killed may have renamed the checkpoint and not synced the directory any
  // more. What it stands for goes only when its name is there for good.
  if (recovery.checkpoint.number != 0) RETURN_IF_ERROR(files.SyncDirectory(lane.directory));
  for (const std::string& name : recovery.superseded_files) {
    RETURN_IF_ERROR(files.Remove(lane.directory + "/" + name));
  }
  return OkStatus();
}

}  // namespace

Status CutLaneTail(env::FileSystem& files, const LaneIdentity& lane, const LaneRecovery& recovery) {
  const auto path_of = [&](uint64_t number) { return lane.directory + "/" + SegmentName(number); };
  // From the highest down: a crash in the middle leaves a log that reads the same. One by one, as a
  // power loss may take removals back in any order, and a gap in the numbers is damage.
  for (auto number = recovery.unused_segments.rbegin(); number != recovery.unused_segments.rend();
       ++number) {
    RETURN_IF_ERROR(files.Remove(path_of(*number)));
    RETURN_IF_ERROR(files.SyncDirectory(lane.directory));
  }
  if (recovery.last_segment_bytes != 0) {
    Result<std::unique_ptr<env::File>> last =
        files.Open(path_of(recovery.last_segment), env::OpenMode::kReadWrite);
    if (!last.ok()) return last.status();
    Result<uint64_t> size = (*last)->Size();
    if (!size.ok()) return size.status();
    if (*size != recovery.last_segment_bytes) {
      RETURN_IF_ERROR((*last)->Truncate(recovery.last_segment_bytes));
      RETURN_IF_ERROR((*last)->Sync());
    }
  }
  for (const uint64_t number : recovery.unsynced_segments) {
    Result<std::unique_ptr<env::File>> file =
        files.Open(path_of(number), env::OpenMode::kReadWrite);
    if (!file.ok()) return file.status();
    RETURN_IF_ERROR(SegmentRewriter(**file, path_of(number)).Run(recovery.durable_seq));
  }
  return RemoveSuperseded(files, lane, recovery);
}

}  // namespace corelane::wal
