#include "wal/truncate_command.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "wal/format.h"

namespace corelane::wal_tool {
namespace {

class QuietVisitor final : public wal::FrameVisitor {
 public:
  Status OnFrame(const wal::Frame& /*frame*/) override { return OkStatus(); }
};

// What CutLaneTail() will do, a line each.
std::string Plan(const LaneReading& reading, const std::string& directory) {
  const wal::LaneRecovery& recovery = reading.recovery;
  std::string text =
      absl::StrFormat("lane %u: torn tail: %s\n", reading.lane, recovery.torn_reason);
  for (const SegmentFile& file : reading.files) {
    const std::string path = directory + "/" + wal::SegmentName(file.number);
    const auto& unused = recovery.unused_segments;
    if (std::find(unused.begin(), unused.end(), file.number) != unused.end()) {
      absl::StrAppendFormat(&text, "lane %u: removing %s, %u bytes\n", reading.lane, path,
                            file.bytes);
    } else if (file.number == recovery.last_segment && recovery.last_segment_bytes != 0 &&
               file.bytes != recovery.last_segment_bytes) {
      absl::StrAppendFormat(&text, "lane %u: cutting %s from %u to %u bytes\n", reading.lane, path,
                            file.bytes, recovery.last_segment_bytes);
    }
  }
  for (const std::string& name : recovery.superseded_files) {
    absl::StrAppendFormat(&text, "lane %u: removing %s/%s, which does not count\n", reading.lane,
                          directory, name);
  }
  if (recovery.lost_frames != 0) {
    absl::StrAppendFormat(&text,
                          "lane %u: %u whole frames behind the tear go with it; no sync had "
                          "covered them\n",
                          reading.lane, recovery.lost_frames);
  }
  return text;
}

}  // namespace

TruncateCommand::TruncateCommand(CLI::App& app)
    : Command(app, "truncate-torn", "cut torn tails off, as a start of the server would") {
  command().add_option("--lane", lane_, "only of this lane");
}

Status TruncateCommand::Cut(OpenedLog& log, const LaneReading& reading) {
  if (reading.recovery.torn_reason.empty()) {
    std::printf("lane %u: nothing to cut\n", reading.lane);
    return OkStatus();
  }
  const wal::LaneIdentity lane = log.Lane(reading.lane);
  std::fputs(Plan(reading, lane.directory).c_str(), stdout);
  // Said before it is done.
  std::fflush(stdout);
  RETURN_IF_ERROR(wal::CutLaneTail(log.files(), lane, reading.recovery));
  std::printf("lane %u: cut and synced; ends after sequence number %llu\n", reading.lane,
              static_cast<unsigned long long>(reading.recovery.last_seq));
  return OkStatus();
}

Status TruncateCommand::Run() {
  const Result<std::unique_ptr<OpenedLog>> opened =
      OpenedLog::Open(directory(), OpenedLog::Use::kChange, true);
  if (!opened.ok()) return opened.status();
  OpenedLog& log = **opened;
  const Result<std::vector<uint32_t>> lanes = log.Lanes(lane_);
  if (!lanes.ok()) return lanes.status();
  std::vector<LaneReading> readings;
  for (uint32_t lane = 0; lane < log.manifest().lanes; ++lane) {
    QuietVisitor visitor;
    LaneReading reading = log.Read(lane, visitor);
    if (!reading.status.ok()) {
      return Status(reading.status.code(), reading.status.message() + "; nothing was changed");
    }
    readings.push_back(std::move(reading));
  }
  log.ClearProgress();
  for (const uint32_t lane : *lanes) RETURN_IF_ERROR(Cut(log, readings[lane]));
  return OkStatus();
}

}  // namespace corelane::wal_tool
