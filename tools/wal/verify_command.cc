#include "wal/verify_command.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "wal/opened_log.h"

namespace corelane::wal_tool {
namespace {

class QuietVisitor final : public wal::FrameVisitor {
 public:
  Status OnFrame(const wal::Frame& /*frame*/) override { return OkStatus(); }
};

std::string LaneLine(const LaneReading& reading) {
  std::string line = absl::StrFormat("lane=%u", reading.lane);
  if (reading.checkpoint != 0) {
    absl::StrAppendFormat(&line, " checkpoint=%u entries=%u", reading.checkpoint, reading.entries);
  }
  absl::StrAppendFormat(&line, " segments=%u frames=%u", reading.files.size(), reading.frames);
  if (reading.frames != 0) {
    absl::StrAppendFormat(&line, " first_seq=%u last_seq=%u", reading.first_seq, reading.last_seq);
  }
  if (!reading.status.ok()) return absl::StrCat(line, " end=bad: ", reading.status.ToString());
  const wal::LaneRecovery& recovery = reading.recovery;
  if (recovery.torn_reason.empty()) return line + " end=clean";
  return absl::StrFormat("%s torn_bytes=%u lost_frames=%u end=torn: %s", line, recovery.torn_bytes,
                         recovery.lost_frames, recovery.torn_reason);
}

}  // namespace

VerifyCommand::VerifyCommand(CLI::App& app)
    : Command(app, "verify", "read everything as a start of the server would, and judge it") {}

Status VerifyCommand::Run() {
  const Result<std::unique_ptr<OpenedLog>> opened =
      OpenedLog::Open(directory(), OpenedLog::Use::kRead, true);
  if (!opened.ok()) return opened.status();
  OpenedLog& log = **opened;
  std::printf("generation=%llu lanes=%u\n",
              static_cast<unsigned long long>(log.manifest().generation), log.manifest().lanes);
  const Result<std::vector<std::string>> leftovers = log.Leftovers();
  if (!leftovers.ok()) return leftovers.status();
  for (const std::string& name : *leftovers) {
    std::printf("leftover=%s: does not count, and goes at the next start\n", name.c_str());
  }
  uint32_t torn = 0;
  Status first_wrong;
  for (uint32_t lane = 0; lane < log.manifest().lanes; ++lane) {
    QuietVisitor visitor;
    const LaneReading reading = log.Read(lane, visitor);
    log.ClearProgress();
    std::printf("%s\n", LaneLine(reading).c_str());
    for (const std::string& name : reading.recovery.superseded_files) {
      std::printf("lane=%u superseded=%s: does not count, and goes at the next start\n", lane,
                  name.c_str());
    }
    if (first_wrong.ok()) first_wrong = reading.status;
    if (!reading.recovery.torn_reason.empty()) ++torn;
  }
  if (!first_wrong.ok()) return first_wrong;
  std::puts(torn == 0 ? "OK"
                      : "OK; a start of the server cuts the torn tails, as truncate-torn does");
  return OkStatus();
}

}  // namespace corelane::wal_tool
