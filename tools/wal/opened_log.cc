#include "wal/opened_log.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "wal/checkpoint_format.h"
#include "wal/format.h"

namespace corelane::wal_tool {
namespace {

// Hands everything on, and keeps what is the same for every command.
class Watcher final : public wal::FrameVisitor {
 public:
  Watcher(wal::FrameVisitor& visitor, LaneReading& reading)
      : visitor_(visitor), reading_(reading) {}

  void ShowProgress(tools::Progress& progress, uint64_t bytes_before, uint64_t bytes_total) {
    progress_ = &progress;
    bytes_before_ = bytes_before;
    bytes_total_ = bytes_total;
  }

  Status OnFrame(const wal::Frame& frame) override { return visitor_.OnFrame(frame); }

  Status OnCheckpoint(const wal::CheckpointHeader& header, uint64_t file_bytes) override {
    reading_.checkpoint = header.number;
    BeginFile(file_bytes);
    return visitor_.OnCheckpoint(header, file_bytes);
  }

  Status OnSegment(const wal::SegmentHeader& header, uint64_t file_bytes) override {
    BeginFile(file_bytes);
    return visitor_.OnSegment(header, file_bytes);
  }

  Status OnEntry(const wal::Frame& entry, uint64_t block_offset) override {
    ++reading_.entries;
    ShowOffset(block_offset);
    return visitor_.OnEntry(entry, block_offset);
  }

  Status OnFrameAt(const wal::Frame& frame, uint64_t offset) override {
    if (reading_.frames++ == 0) reading_.first_seq = frame.seq;
    reading_.last_seq = frame.seq;
    ShowOffset(offset);
    return visitor_.OnFrameAt(frame, offset);
  }

 private:
  void BeginFile(uint64_t file_bytes) {
    bytes_before_ += file_bytes_;
    file_bytes_ = file_bytes;
  }
  void ShowOffset(uint64_t offset) {
    if (progress_ != nullptr) {
      progress_->Update("reading, bytes", bytes_before_ + offset, bytes_total_);
    }
  }

  wal::FrameVisitor& visitor_;
  LaneReading& reading_;
  tools::Progress* progress_ = nullptr;
  uint64_t bytes_before_ = 0;  // the file that is read
  uint64_t file_bytes_ = 0;
  uint64_t bytes_total_ = 0;
};

}  // namespace

Result<std::unique_ptr<OpenedLog>> OpenedLog::Open(const std::string& path, Use use,
                                                   bool progress) {
  auto log = std::make_unique<OpenedLog>();
  Result<std::unique_ptr<wal::DataDirectory>> directory =
      wal::DataDirectory::OpenExisting(log->files_, path, use);
  if (!directory.ok()) return directory.status();
  log->directory_ = std::move(*directory);
  if (progress) {
    RETURN_IF_ERROR(log->CountBytes());
    log->progress_.emplace(log->clock_);
  }
  return log;
}

Status OpenedLog::CountBytes() {
  for (uint32_t lane = 0; lane < manifest().lanes; ++lane) {
    const Result<LaneFiles> files = Files(lane);
    if (!files.ok()) return files.status();
    bytes_ += files->bytes;
  }
  return OkStatus();
}

Result<std::vector<uint32_t>> OpenedLog::Lanes(std::optional<uint32_t> asked) const {
  if (asked && *asked >= manifest().lanes) {
    return Status(StatusCode::kBadArgument, absl::StrFormat("--lane=%u: the directory has %u lanes",
                                                            *asked, manifest().lanes));
  }
  if (asked) return std::vector<uint32_t>{*asked};
  std::vector<uint32_t> lanes;
  for (uint32_t lane = 0; lane < manifest().lanes; ++lane) lanes.push_back(lane);
  return lanes;
}

Result<LaneFiles> OpenedLog::Files(uint32_t lane) {
  const std::string directory = Lane(lane).directory;
  Result<std::vector<std::string>> names = files_.List(directory);
  if (!names.ok()) return names.status();
  LaneFiles found;
  // Names are sorted, and all numbers have the same width.
  for (const std::string& name : *names) {
    const uint64_t number = wal::SegmentNumberOf(name);
    if (number == 0 && wal::CheckpointNumberOf(name) == 0) continue;
    Result<std::unique_ptr<env::File>> file =
        files_.Open(directory + "/" + name, env::OpenMode::kRead);
    if (!file.ok()) return file.status();
    const Result<uint64_t> bytes = (*file)->Size();
    if (!bytes.ok()) return bytes.status();
    if (number != 0) found.segments.push_back({.number = number, .bytes = *bytes});
    found.bytes += *bytes;
  }
  return found;
}

LaneReading OpenedLog::Read(uint32_t lane, wal::FrameVisitor& visitor) {
  LaneReading reading;
  reading.lane = lane;
  Result<LaneFiles> files = Files(lane);
  reading.status = files.status();
  if (!files.ok()) return reading;
  reading.files = std::move(files->segments);
  Watcher watcher(visitor, reading);
  if (progress_) watcher.ShowProgress(*progress_, bytes_read_, bytes_);
  Result<wal::LaneRecovery> recovery = wal::RecoverLane(files_, Lane(lane), watcher);
  reading.status = recovery.status();
  if (recovery.ok()) reading.recovery = std::move(*recovery);
  bytes_read_ += files->bytes;
  return reading;
}

void OpenedLog::ClearProgress() {
  if (progress_) progress_->Clear();
}

}  // namespace corelane::wal_tool
