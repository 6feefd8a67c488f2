#include "wal/dump_command.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "wal/frame_text.h"
#include "wal/opened_log.h"

namespace corelane::wal_tool {
namespace {

class DumpVisitor final : public wal::FrameVisitor {
 public:
  explicit DumpVisitor(const DumpOptions& options) : options_(options) {}

  Status OnFrame(const wal::Frame& /*frame*/) override { return OkStatus(); }

  Status OnSegment(const wal::SegmentHeader& header, uint64_t /*file_bytes*/) override {
    lane_ = header.lane;
    segment_ = header.number;
    return OkStatus();
  }

  Status OnCheckpoint(const wal::CheckpointHeader& header, uint64_t /*file_bytes*/) override {
    lane_ = header.lane;
    checkpoint_ = header.number;
    return OkStatus();
  }

  Status OnEntry(const wal::Frame& entry, uint64_t block_offset) override {
    return Print({.lane = lane_,
                  .checkpoint = checkpoint_,
                  .offset = block_offset,
                  .frame = entry,
                  .with_value = options_.values});
  }

  Status OnFrameAt(const wal::Frame& frame, uint64_t offset) override {
    return Print({.lane = lane_,
                  .segment = segment_,
                  .offset = offset,
                  .frame = frame,
                  .with_value = options_.values});
  }

  [[nodiscard]] bool full() const { return printed_ >= options_.limit; }

 private:
  Status Print(const PlacedFrame& placed) {
    // Once enough is printed there is nothing to read for.
    if (full()) return Status(StatusCode::kClosed, "--limit is reached");
    if (placed.frame.seq < options_.from_seq) return OkStatus();
    ++printed_;
    const std::string line = options_.json ? FrameJson(placed).dump() : FrameLine(placed);
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    return OkStatus();
  }

  const DumpOptions& options_;
  uint32_t lane_ = 0;
  uint64_t checkpoint_ = 0;
  uint64_t segment_ = 0;
  uint64_t printed_ = 0;
};

}  // namespace

DumpCommand::DumpCommand(CLI::App& app)
    : Command(app, "dump",
              "print every entry of the checkpoints and every frame behind them, a line each") {
  command().add_option("--lane", options_.lane, "only this lane");
  command().add_option(
      "--from-seq", options_.from_seq,
      "only from this sequence number of the lane on; entries have their checkpoint's");
  command()
      .add_option("--limit", options_.limit, "at most so many lines")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
  command().add_flag("--values", options_.values, "print the values too, not only their sizes");
  command().add_flag("--json", options_.json, "a JSON object a line");
}

Status DumpCommand::Run() {
  // On a terminal the lines themselves show how it goes on.
  const bool progress = ::isatty(STDOUT_FILENO) == 0;
  const Result<std::unique_ptr<OpenedLog>> opened =
      OpenedLog::Open(directory(), OpenedLog::Use::kRead, progress);
  if (!opened.ok()) return opened.status();
  OpenedLog& log = **opened;
  const Result<std::vector<uint32_t>> lanes = log.Lanes(options_.lane);
  if (!lanes.ok()) return lanes.status();
  DumpVisitor visitor(options_);
  Status first_wrong;
  for (const uint32_t lane : *lanes) {
    if (visitor.full()) break;
    const LaneReading reading = log.Read(lane, visitor);
    const bool cut_short = reading.status.code() == StatusCode::kClosed;
    if (!reading.status.ok() && !cut_short && first_wrong.ok()) first_wrong = reading.status;
    if (reading.recovery.torn_reason.empty()) continue;
    log.ClearProgress();
    std::fflush(stdout);
    std::fprintf(stderr, "corelane-wal: warning: lane %u ends in a torn tail: %s\n", lane,
                 reading.recovery.torn_reason.c_str());
  }
  return first_wrong;
}

}  // namespace corelane::wal_tool
