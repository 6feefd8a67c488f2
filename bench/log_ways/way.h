#pragma once

// Way: one of the ways in which a lane's frames could reach the disk, behind one interface, so that
// log-ways-bench can put the same load on each. The product has one of them, `mapping`; the others
// are kept here, and nowhere else, to show what they would cost.
//
// Owned by the program; all functions belong to the one thread that plays the lane. A way may have
// a helper thread of its own. Whatever fails after a way was made ends the program with the reason:
// a benchmark has nothing to go on with.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "env/clock.h"
#include "env/file_system.h"
#include "kv/value.h"
#include "wal/lane_log.h"

namespace corelane::bench {

struct WayOptions {
  env::FileSystem* files = nullptr;  // not owned, as the clock
  const env::Clock* clock = nullptr;
  std::string directory;  // the way's own; exists
  wal::FsyncMode mode = wal::FsyncMode::kAlways;
  // What the run will append at the most. The ways other than the product's have their segments
  // made before the run, so that they are measured at their best.
  uint64_t bytes_max = 0;
};

class Way {
 public:
  virtual ~Way() = default;

  // The sequence number of the new frame; 0: there is no room now, try again after EndTurn() and
  // Poll().
  [[nodiscard]] virtual uint64_t Append(std::string_view key, const kv::ValueView& value) = 0;
  // The lane has done all that had come.
  virtual void EndTurn() = 0;

  // What a lane does when its loop brings completions: nothing, where the lane has none.
  [[nodiscard]] virtual bool PollDue(int64_t /*now_ns*/) { return false; }
  virtual void Poll(int64_t /*now_ns*/) {}

  // Frames up to here survive kill -9, and the death of the machine. Neither goes back.
  [[nodiscard]] virtual uint64_t survived_seq() const = 0;
  [[nodiscard]] virtual uint64_t durable_seq() const = 0;
  // How often the disk was asked to make something durable.
  [[nodiscard]] virtual uint64_t syncs() const = 0;

  // Makes everything durable, in every mode, and ends the helper. The last call.
  virtual void Close() = 0;
};

[[nodiscard]] Result<std::unique_ptr<Way>> MakeMappingWay(const WayOptions& options);
[[nodiscard]] Result<std::unique_ptr<Way>> MakeWriteWay(const WayOptions& options);
[[nodiscard]] Result<std::unique_ptr<Way>> MakeHelperWay(const WayOptions& options);
// Uses the segments again that are in its directory already.
[[nodiscard]] Result<std::unique_ptr<Way>> MakeDirectWay(const WayOptions& options);

// Says why on standard error and ends with exit code 1. Any thread.
[[noreturn]] void EndProgram(const Status& status);
inline void EndProgramUnlessOk(const Status& status) {
  if (!status.ok()) EndProgram(status);
}

}  // namespace corelane::bench
