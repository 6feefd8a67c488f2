#include "wal/recovery.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "wal/file_window.h"
#include "wal/format.h"

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
  };

  [[nodiscard]] Status ListSegments();
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
  std::vector<Segment> kept_;
  LaneRecovery recovery_;
  uint64_t durable_seq_ = 0;
  // Once a bad frame was met nothing more is visited; what follows is only looked through for
  // marks.
  bool broken_ = false;
};

Status LaneReplay::ListSegments() {
  Result<std::vector<std::string>> names = files_.List(lane_.directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const uint64_t number = SegmentNumberOf(name);
    if (number != 0) numbers_.push_back(number);
  }
  std::sort(numbers_.begin(), numbers_.end());
  for (size_t i = 0; i < numbers_.size(); ++i) {
    if (numbers_[i] != i + 1) return Corrupt("segment " + PathOf(i + 1) + " is missing");
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
  Result<SegmentSummary> summary = reader.Read(recovery_.last_seq + 1, visitor_);
  if (!summary.ok()) return summary.status();
  CountFrames(number, *summary, reader.file_bytes());
  if (summary->clean) return OkStatus();
  BreakAt(number, *summary);
  return LookBehindBreak(reader, summary->end_offset);
}

void LaneReplay::CountFrames(uint64_t number, const SegmentSummary& summary, uint64_t file_bytes) {
  durable_seq_ = std::max(durable_seq_, summary.durable_seq);
  recovery_.frames += summary.frames;
  recovery_.bytes += summary.end_offset - kSegmentHeaderBytes;
  recovery_.last_seq = summary.next_seq - 1;
  kept_.push_back(
      {.number = number, .last_seq = recovery_.last_seq, .end_offset = summary.end_offset});
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
  while (!kept_.empty()) {
    const uint64_t seq_before = kept_.size() > 1 ? kept_[kept_.size() - 2].last_seq : 0;
    if (kept_.back().last_seq != seq_before) break;
    recovery_.unused_segments.push_back(kept_.back().number);
    kept_.pop_back();
  }
  std::sort(recovery_.unused_segments.begin(), recovery_.unused_segments.end());
  for (const Segment& segment : kept_) {
    if (segment.last_seq > durable_seq_) recovery_.unsynced_segments.push_back(segment.number);
  }
  recovery_.durable_seq = durable_seq_;
  if (kept_.empty()) return;
  recovery_.last_segment = kept_.back().number;
  recovery_.last_segment_bytes = kept_.back().end_offset;
}

Result<LaneRecovery> LaneReplay::Run() {
  RETURN_IF_ERROR(ListSegments());
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

// Writes the frames of one segment that no mark calls durable once more, in pieces, and syncs.
class SegmentRewriter {
 public:
  SegmentRewriter(env::File& file, std::string name)
      : file_(file), window_(file), name_(std::move(name)) {}

  [[nodiscard]] Status Run(uint64_t durable_seq);

 private:
  [[nodiscard]] Result<const char*> At(uint64_t offset, size_t count);
  [[nodiscard]] Status WritePending();
  // What was good when it was read must not be written back as anything else.
  [[nodiscard]] Status Changed(uint64_t offset) const {
    return Status(StatusCode::kIoError, absl::StrFormat("%s at offset %u was read twice, with "
                                                        "different results",
                                                        name_, offset));
  }

  env::File& file_;
  FileWindow window_;
  const std::string name_;
  uint64_t pending_begin_ = kSegmentHeaderBytes;
  uint64_t pending_end_ = kSegmentHeaderBytes;  // checked up to here, and in the window
};

Status SegmentRewriter::WritePending() {
  const auto count = static_cast<size_t>(pending_end_ - pending_begin_);
  if (count != 0) {
    RETURN_IF_ERROR(file_.WriteAt(pending_begin_, {window_.Peek(pending_begin_, count), count}));
  }
  pending_begin_ = pending_end_;
  return OkStatus();
}

Result<const char*> SegmentRewriter::At(uint64_t offset, size_t count) {
  if (count > window_.file_bytes() - offset) return Changed(offset);
  if (const char* const bytes = window_.Peek(offset, count)) return bytes;
  RETURN_IF_ERROR(WritePending());
  RETURN_IF_ERROR(window_.Load(offset, count));
  return window_.Peek(offset, count);
}

Status SegmentRewriter::Run(uint64_t durable_seq) {
  RETURN_IF_ERROR(window_.Open());
  Result<const char*> bytes = At(0, std::min<uint64_t>(window_.file_bytes(), kSegmentHeaderBytes));
  if (!bytes.ok()) return bytes.status();
  const Result<SegmentHeader> header = DecodeSegmentHeader({*bytes, kSegmentHeaderBytes});
  if (!header.ok()) return Changed(0);
  uint64_t offset = kSegmentHeaderBytes;
  // Behind the last frame of a segment that was full there can be zeros.
  while (window_.file_bytes() - offset >= kFrameHeaderBytes) {
    bytes = At(offset, kFrameHeaderBytes);
    if (!bytes.ok()) return bytes.status();
    const size_t padded = PaddedFrameBytes(AnnouncedFrameLength(*bytes));
    if (padded == 0) break;
    bytes = At(offset, padded);
    if (!bytes.ok()) return bytes.status();
    Frame frame;
    const uint64_t seed = FrameChecksumSeed(header->salt, offset);
    if (DecodeFrame({*bytes, padded}, seed, frame) != FrameVerdict::kGood) return Changed(offset);
    if (frame.seq <= durable_seq) pending_begin_ = offset + padded;
    offset += padded;
    pending_end_ = offset;
  }
  RETURN_IF_ERROR(WritePending());
  return file_.Sync();
}

}  // namespace

Result<LaneRecovery> RecoverLane(env::FileSystem& files, const LaneIdentity& lane,
                                 FrameVisitor& visitor) {
  return LaneReplay(files, lane, visitor).Run();
}

Status CutLaneTail(env::FileSystem& files, const LaneIdentity& lane, const LaneRecovery& recovery) {
  const auto path_of = [&](uint64_t number) { return lane.directory + "/" + SegmentName(number); };
  // From the highest down: a crash in the middle leaves a log that reads the same. One by one, as a
  // power loss may take removals back in any order, and a gap in the numbers is damage.
  for (auto number = recovery.unused_segments.rbegin(); number != recovery.unused_segments.rend();
       ++number) {
    RETURN_IF_ERROR(files.Remove(path_of(*number)));
    RETURN_IF_ERROR(files.SyncDirectory(lane.directory));
  }
  if (recovery.last_segment != 0) {
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
  return OkStatus();
}

}  // namespace corelane::wal
