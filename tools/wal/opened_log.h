#pragma once

// OpenedLog: the data directory that a command works on, under its lock, and the way in which all
// commands read it: by recovery, as a server does at its start, so that all of them judge torn
// tails and damage alike.
//
// Owned by one command, on one thread. Reading changes nothing on the disk, and makes no file.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/progress.h"
#include "env/clock.h"
#include "env/posix_file_system.h"
#include "wal/data_directory.h"
#include "wal/recovery.h"

namespace corelane::wal_tool {

struct SegmentFile {
  uint64_t number = 0;
  uint64_t bytes = 0;
};

// The files of a lane that recovery may read.
struct LaneFiles {
  std::vector<SegmentFile> segments;  // by number, whether they count or not
  uint64_t bytes = 0;                 // with those of the checkpoints
};

// What there is of a lane, and what recovery makes of it.
struct LaneReading {
  uint32_t lane = 0;
  Status status;                   // why the lane cannot be recovered
  wal::LaneRecovery recovery;      // when it can
  std::vector<SegmentFile> files;  // by number, whether they count or not
  uint64_t checkpoint = 0;         // its number; 0: there is none
  uint64_t entries = 0;            // of it, before whatever is wrong
  uint64_t frames = 0;             // that count, behind the checkpoint, before whatever is wrong
  uint64_t first_seq = 0;          // of these frames; 0: there is none
  uint64_t last_seq = 0;
};

class OpenedLog {
 public:
  using Use = wal::DataDirectory::Use;

  // The progress of long readings is shown on standard error if that is a terminal, and if
  // `progress` says so. Fails as DataDirectory::OpenExisting.
  [[nodiscard]] static Result<std::unique_ptr<OpenedLog>> Open(const std::string& path, Use use,
                                                               bool progress);

  OpenedLog() = default;  // use Open
  OpenedLog(const OpenedLog&) = delete;
  OpenedLog& operator=(const OpenedLog&) = delete;

  [[nodiscard]] const wal::Manifest& manifest() const { return directory_->manifest(); }
  [[nodiscard]] wal::LaneIdentity Lane(uint32_t lane) const { return directory_->Lane(lane); }
  [[nodiscard]] env::FileSystem& files() { return files_; }
  [[nodiscard]] const env::Clock& clock() const { return clock_; }

  // Generations that a crash has left and the next start removes; read by nobody.
  [[nodiscard]] Result<std::vector<std::string>> Leftovers() const {
    return directory_->Leftovers();
  }

  // All lanes, or the one that was asked for; kBadArgument when it is not there.
  [[nodiscard]] Result<std::vector<uint32_t>> Lanes(std::optional<uint32_t> asked) const;

  // Reads all of the lane. `visitor` is told of places and marks too, and may end the reading.
  [[nodiscard]] LaneReading Read(uint32_t lane, wal::FrameVisitor& visitor);

  // Before something else is printed.
  void ClearProgress();

 private:
  [[nodiscard]] Result<LaneFiles> Files(uint32_t lane);
  [[nodiscard]] Status CountBytes();

  env::PosixFileSystem files_;
  env::SystemClock clock_;
  std::unique_ptr<wal::DataDirectory> directory_;
  std::optional<tools::Progress> progress_;
  uint64_t bytes_ = 0;       // of all files
  uint64_t bytes_read_ = 0;  // in the lanes that are done
};

}  // namespace corelane::wal_tool
