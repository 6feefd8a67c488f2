#include "wal/salvage.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/status_macros.h"
#include "wal/checkpoint_reader.h"
#include "wal/segment_reader.h"

namespace corelane::wal {
namespace {

class IgnoringVisitor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& /*frame*/) override { return OkStatus(); }
};

// The state of one run over the files of a lane. It visits for the readers, and hands on.
class LaneSalvage final : public FrameVisitor {
 public:
  LaneSalvage(env::FileSystem& files, const LaneIdentity& lane, FrameVisitor& visitor)
      : files_(files), lane_(lane), visitor_(visitor) {}

  [[nodiscard]] Result<SalvageReport> Run();

 private:
  // As far as its header says so.
  struct Damaged {
    uint64_t number = 0;
    uint64_t seq = 0;
    uint64_t first_segment = 0;
  };

  Status OnFrame(const Frame& frame) override { return visitor_.OnFrame(frame); }
  Status OnEntry(const Frame& entry, uint64_t block_offset) override;
  Status OnFrameAt(const Frame& frame, uint64_t offset) override;

  [[nodiscard]] Status ListFiles();
  [[nodiscard]] Status ChooseCheckpoint();
  [[nodiscard]] Result<bool> LoadWhole(uint64_t number);
  [[nodiscard]] Status LoadDamagedBefore(uint64_t seq);
  [[nodiscard]] Status LoadDamaged(uint64_t number);
  [[nodiscard]] Status LoadBlocks(CheckpointReader& reader, const std::string& path);
  void NoteEnd(const CheckpointReader& reader, const StoredBlock& block, uint64_t entries,
               const std::string& path);
  void ChooseSegments();
  [[nodiscard]] Status ReadSegment(uint64_t number);
  [[nodiscard]] Result<bool> OpenSegment(SegmentReader& reader, uint64_t number);
  [[nodiscard]] Status ReadFrames(SegmentReader& reader, const std::string& path);
  void NoteMissing(uint64_t first_seq, uint64_t last_seq);
  void NoteDropped(const std::string& path, uint64_t offset, uint64_t end, std::string_view why);
  void Note(const std::string& line);

  [[nodiscard]] std::string PathOf(const std::string& name) const {
    return lane_.directory + "/" + name;
  }

  env::FileSystem& files_;
  const LaneIdentity& lane_;
  FrameVisitor& visitor_;
  std::vector<uint64_t> segments_;
  std::vector<uint64_t> checkpoints_;
  std::vector<Damaged> damaged_;  // checkpoints, newest first; those that are loaded are taken out
  bool has_base_ = false;         // a whole checkpoint
  uint64_t base_seq_ = 0;
  uint64_t first_segment_ = 1;
  uint64_t next_read_seq_ = 1;   // the lowest that a frame can have that is read now
  uint64_t next_visit_seq_ = 1;  // what would come next without a gap
  uint64_t durable_seq_ = 0;     // there were frames up to here
  SalvageReport report_;
};

void LaneSalvage::Note(const std::string& line) {
  if (report_.lines.size() < SalvageReport::kLinesMax) {
    report_.lines.push_back(line);
  } else {
    ++report_.lines_left_out;
  }
}

void LaneSalvage::NoteDropped(const std::string& path, uint64_t offset, uint64_t end,
                              std::string_view why) {
  report_.dropped_bytes += end - offset;
  Note(absl::StrFormat("%s at offset %u: %s; %u bytes dropped", path, offset, base::ToAbsl(why),
                       end - offset));
}

void LaneSalvage::NoteMissing(uint64_t first_seq, uint64_t last_seq) {
  report_.missing_frames += last_seq - first_seq + 1;
  Note(first_seq == last_seq
           ? absl::StrFormat("%s: frame %u is missing", lane_.directory, first_seq)
           : absl::StrFormat("%s: frames %u to %u are missing", lane_.directory, first_seq,
                             last_seq));
}

Status LaneSalvage::OnEntry(const Frame& entry, uint64_t block_offset) {
  ++report_.entries;
  return visitor_.OnEntry(entry, block_offset);
}

Status LaneSalvage::OnFrameAt(const Frame& frame, uint64_t offset) {
  if (frame.seq > next_visit_seq_) NoteMissing(next_visit_seq_, frame.seq - 1);
  next_visit_seq_ = frame.seq + 1;
  RETURN_IF_ERROR(LoadDamagedBefore(frame.seq));
  ++report_.frames;
  return visitor_.OnFrameAt(frame, offset);
}

Status LaneSalvage::ListFiles() {
  const Result<std::vector<std::string>> names = files_.List(lane_.directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (const uint64_t number = SegmentNumberOf(name)) segments_.push_back(number);
    if (const uint64_t number = CheckpointNumberOf(name)) checkpoints_.push_back(number);
  }
  std::sort(segments_.begin(), segments_.end());
  std::sort(checkpoints_.begin(), checkpoints_.end());
  return OkStatus();
}

// The newest whole one. Those that are newer have something to say as well.
Status LaneSalvage::ChooseCheckpoint() {
  for (auto number = checkpoints_.rbegin(); number != checkpoints_.rend(); ++number) {
    const Result<bool> whole = LoadWhole(*number);
    if (!whole.ok() || *whole) return whole.status();
  }
  return OkStatus();
}

// False when it is damaged; then nothing of it was handed on.
Result<bool> LaneSalvage::LoadWhole(uint64_t number) {
  const std::string path = PathOf(CheckpointName(number));
  const Result<std::unique_ptr<env::File>> file = files_.Open(path, env::OpenMode::kRead);
  if (!file.ok()) return file.status();
  CheckpointReader check(**file, path);
  Status status = check.Open();
  const CheckpointHeader header = check.header();
  if (status.ok() && (header.number != number || header.lane != lane_.lane ||
                      header.generation != lane_.generation)) {
    NoteDropped(path, 0, check.file_bytes(), "a misplaced file");
    return false;
  }
  if (status.ok()) {
    IgnoringVisitor ignored;
    status = check.Read(ignored).status();
  }
  if (status.code() == StatusCode::kCorruption) {
    damaged_.push_back(
        {.number = number, .seq = header.seq, .first_segment = header.first_segment});
    return false;
  }
  if (!status.ok()) return status;
  CheckpointReader reader(**file, path);
  RETURN_IF_ERROR(reader.Open());
  const Result<CheckpointEnd> end = reader.Read(*this);
  if (!end.ok()) return end.status();
  has_base_ = true;
  base_seq_ = header.seq;
  first_segment_ = header.first_segment;
  durable_seq_ = end->end_seq;
  return true;
}

// Those that were begun before frame `seq`, oldest first.
Status LaneSalvage::LoadDamagedBefore(uint64_t seq) {
  while (!damaged_.empty() && damaged_.back().seq < seq) {
    const uint64_t number = damaged_.back().number;
    damaged_.pop_back();
    RETURN_IF_ERROR(LoadDamaged(number));
  }
  return OkStatus();
}

Status LaneSalvage::LoadDamaged(uint64_t number) {
  const std::string path = PathOf(CheckpointName(number));
  const Result<std::unique_ptr<env::File>> file = files_.Open(path, env::OpenMode::kRead);
  if (!file.ok()) return file.status();
  CheckpointReader reader(**file, path);
  if (const Status status = reader.Open(); !status.ok()) {
    if (status.code() != StatusCode::kCorruption) return status;
    Note(status.message() + "; its blocks are read all the same");
    const Result<bool> opened = reader.OpenAnyway();
    if (!opened.ok()) return opened.status();
    if (!*opened) return OkStatus();
  }
  return LoadBlocks(reader, path);
}

Status LaneSalvage::LoadBlocks(CheckpointReader& reader, const std::string& path) {
  const uint64_t entries_before = report_.entries;
  uint64_t offset = kCheckpointHeaderBytes;
  while (true) {
    StoredBlock block;
    Result<BlockVerdict> verdict = reader.ReadBlock(offset, block);
    if (!verdict.ok()) return verdict.status();
    if (*verdict == BlockVerdict::kGood) {
      if (block.header.type == BlockType::kEnd) {
        NoteEnd(reader, block, report_.entries - entries_before, path);
        return OkStatus();
      }
      verdict = reader.VisitEntries(block, *this);
      if (!verdict.ok()) return verdict.status();
    }
    if (*verdict == BlockVerdict::kGood) {
      offset = block.end_offset;
      continue;
    }
    const Result<uint64_t> next = reader.FindBlock(offset + 1);
    if (!next.ok()) return next.status();
    NoteDropped(path, offset, *next == 0 ? reader.file_bytes() : *next, BlockVerdictName(*verdict));
    if (*next == 0) {
      Note(path + ": the end is missing, and with it how many keys there were");
      return OkStatus();
    }
    offset = *next;
  }
}

void LaneSalvage::NoteEnd(const CheckpointReader& reader, const StoredBlock& block,
                          uint64_t entries, const std::string& path) {
  const CheckpointEnd end = DecodeCheckpointEnd(block.payload);
  durable_seq_ = std::max(durable_seq_, end.end_seq);
  if (entries < end.entries) {
    Note(absl::StrFormat("%s: %u of %u keys are missing, unless the log behind has them", path,
                         end.entries - entries, end.entries));
  }
  if (block.end_offset < reader.file_bytes()) {
    NoteDropped(path, block.end_offset, reader.file_bytes(), "bytes behind the end block");
  }
}

// Without a whole checkpoint the oldest segments that there are can help.
void LaneSalvage::ChooseSegments() {
  if (has_base_) {
    std::erase_if(segments_, [&](uint64_t number) { return number < first_segment_; });
    next_visit_seq_ = base_seq_ + 1;
  } else if (!damaged_.empty()) {
    first_segment_ = damaged_.back().first_segment;
    if (!segments_.empty() && (first_segment_ == 0 || segments_.front() < first_segment_)) {
      first_segment_ = segments_.front();
    }
    next_visit_seq_ = damaged_.back().seq + 1;
  }
  uint64_t next = first_segment_;
  for (const uint64_t number : segments_) {
    for (; next < number; ++next) Note("segment " + PathOf(SegmentName(next)) + " is missing");
    next = number + 1;
  }
}

// False when nothing in it is this lane's.
Result<bool> LaneSalvage::OpenSegment(SegmentReader& reader, uint64_t number) {
  const std::string path = PathOf(SegmentName(number));
  const Status status = reader.Open();
  if (status.ok()) {
    const SegmentHeader& header = reader.header();
    durable_seq_ = std::max(durable_seq_, header.durable_seq);
    const bool ours = header.number == number && header.lane == lane_.lane &&
                      header.generation == lane_.generation;
    if (!ours) NoteDropped(path, 0, reader.file_bytes(), "a misplaced file");
    return ours;
  }
  if (status.code() != StatusCode::kCorruption) return status;
  const Result<bool> blank = reader.IsBlank();
  if (!blank.ok()) return blank.status();
  if (*blank && number == segments_.back()) return false;  // made ahead, and never used
  Note(status.message() + "; its frames are read all the same");
  return reader.OpenAnyway();
}

Status LaneSalvage::ReadSegment(uint64_t number) {
  const std::string path = PathOf(SegmentName(number));
  const Result<std::unique_ptr<env::File>> file = files_.Open(path, env::OpenMode::kRead);
  if (!file.ok()) return file.status();
  SegmentReader reader(**file, path);
  const Result<bool> opened = OpenSegment(reader, number);
  if (!opened.ok()) return opened.status();
  return *opened ? ReadFrames(reader, path) : OkStatus();
}

Status LaneSalvage::ReadFrames(SegmentReader& reader, const std::string& path) {
  FrameRange range{.first_max = UINT64_MAX, .visit_from = base_seq_ + 1, .tolerant = true};
  while (true) {
    range.first_min = next_read_seq_;
    const Result<SegmentSummary> summary = reader.Read(range, *this);
    if (!summary.ok()) return summary.status();
    durable_seq_ = std::max(durable_seq_, summary->durable_seq);
    if (summary->frames != 0) next_read_seq_ = summary->next_seq;
    if (summary->clean) return OkStatus();
    const Result<uint64_t> next = reader.FindFrame(summary->end_offset, next_read_seq_);
    if (!next.ok()) return next.status();
    // A frame that is good and only comes after a gap is there at once.
    if (*next != summary->end_offset) {
      NoteDropped(path, summary->end_offset, *next == 0 ? reader.file_bytes() : *next,
                  summary->reason);
    }
    if (*next == 0) return OkStatus();
    range.offset = *next;
  }
}

Result<SalvageReport> LaneSalvage::Run() {
  RETURN_IF_ERROR(ListFiles());
  RETURN_IF_ERROR(ChooseCheckpoint());
  ChooseSegments();
  for (const uint64_t number : segments_) RETURN_IF_ERROR(ReadSegment(number));
  RETURN_IF_ERROR(LoadDamagedBefore(UINT64_MAX));
  if (durable_seq_ >= next_visit_seq_) NoteMissing(next_visit_seq_, durable_seq_);
  return std::move(report_);
}

}  // namespace

Result<SalvageReport> SalvageLane(env::FileSystem& files, const LaneIdentity& lane,
                                  FrameVisitor& visitor) {
  return LaneSalvage(files, lane, visitor).Run();
}

}  // namespace corelane::wal
