#pragma once

// SliceOpener: from a data directory to the engines and logs of N lanes, which make their slices.
// It takes the directory's lock, rewrites the logs for another number of lanes if need be, and
// recovers each lane's slice from its log.
//
// Recovering has two steps, so that a start that fails has changed nothing: first all lanes read
// and judge their logs (Recover), then, when all are sound, each cuts its torn tail and opens its
// log for writing (OpenParts). Recovering does change a lane's database; so with databases Open()
// judges all logs before one is opened.
//
// Open() and Finish() belong to the control thread; Recover() and OpenParts() may be called on the
// lanes' threads, each lane on its own. Outlives the slices it made.

#include <corelane/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/clock.h"
#include "env/file_system.h"
#include "storage/engine.h"
#include "storage/stripe_lock.h"
#include "wal/checkpoint_sink.h"
#include "wal/data_directory.h"
#include "wal/lane_log.h"
#include "wal/lane_log_options.h"
#include "wal/lane_log_writer.h"
#include "wal/recovery.h"

namespace corelane::shard {

// Opens a lane's database at a path, which is made when it is not there, for an engine that keeps
// itself. Handed in, so that a program with an embedded store needs no such library.
using OpenDatabase = std::function<Result<std::unique_ptr<storage::Engine>>(const std::string& path,
                                                                            uint64_t hash_seed)>;

struct SliceOpenerOptions {
  env::FileSystem* files = nullptr;
  const env::Clock* clock = nullptr;
  std::string directory;
  uint32_t lanes = 1;
  std::optional<wal::FsyncMode> fsync;  // none: no directory, no log
  uint64_t segment_bytes = wal::kSegmentBytesDefault;
  storage::Sharing sharing = storage::Sharing::kExclusive;
  bool salvage = false;        // what is damaged does not refuse the start; see Open()
  bool announce = true;        // say in the log what was read; warnings are always said
  uint64_t new_hash_seed = 0;  // for a directory that is new
  OpenDatabase open_database;  // none: the entries are in memory
};

// What a slice is made of; `log` is null without a data directory. Without `open_database` the
// engine is a StripedEngine.
struct SliceParts {
  std::unique_ptr<storage::Engine> engine;
  std::unique_ptr<wal::LaneLog> log;
  std::unique_ptr<wal::CheckpointSink> checkpoints;
  uint64_t log_bytes = 0;  // of the log that was read, behind the last checkpoint
};

class SliceOpener {
 public:
  // kLocked, kIncompatible, kCorruption, kDiskFull or kIoError with a message for the user. With
  // `salvage`, logs and checkpoints that are damaged are read as far as they are sound, what is not
  // is said in the log, and the result is written as for another number of lanes; the damaged files
  // are kept aside; but not where a lane that is damaged has a database, which is refused.
  [[nodiscard]] static Result<std::unique_ptr<SliceOpener>> Open(const SliceOpenerOptions& options);

  // Use Open.
  explicit SliceOpener(const SliceOpenerOptions& options);
  SliceOpener(const SliceOpener&) = delete;
  SliceOpener& operator=(const SliceOpener&) = delete;

  [[nodiscard]] uint64_t hash_seed() const { return hash_seed_; }
  // The data came from a directory with another number of lanes.
  [[nodiscard]] uint32_t lanes_before() const { return lanes_before_; }

  // Reads the lane's log into a new engine, or over the lane's database. Changes no file of the
  // log.
  [[nodiscard]] Status Recover(uint32_t lane);
  // After all lanes recovered. `listener` (may be null) is told on the log's helper thread when the
  // log has made progress; it must outlive the log.
  [[nodiscard]] Result<SliceParts> OpenParts(uint32_t lane, wal::DurabilityListener* listener);
  // After all slices are open: removes what earlier crashes left in the directory.
  [[nodiscard]] Status Finish();

 private:
  struct Recovered {
    std::unique_ptr<storage::Engine> engine;
    wal::LaneRecovery log;
  };

  [[nodiscard]] Status OpenDirectory();
  [[nodiscard]] Status CheckEngine() const;
  [[nodiscard]] Status CheckDatabase(const wal::LaneIdentity& lane, bool in_database,
                                     const Status& log) const;
  [[nodiscard]] Status Reshape();
  [[nodiscard]] std::unique_ptr<storage::Engine> NewTable() const;
  [[nodiscard]] Result<std::unique_ptr<storage::Engine>> NewEngine(
      const wal::LaneIdentity& lane) const;
  [[nodiscard]] Status FindDamage();
  [[nodiscard]] bool IsDamaged(uint32_t lane) const { return !damaged_.empty() && damaged_[lane]; }
  [[nodiscard]] Result<wal::LaneRecovery> ReadLog(const wal::LaneIdentity& lane,
                                                  storage::Engine& engine) const;
  [[nodiscard]] Result<std::vector<std::unique_ptr<wal::LaneLogWriter>>> OpenNextLogs();
  [[nodiscard]] Status ReadOldLane(uint32_t lane, storage::Engine& engine);
  [[nodiscard]] Status Commit();
  [[nodiscard]] wal::LaneLogOptions LogOptions(const wal::LaneIdentity& lane) const;
  [[nodiscard]] std::unique_ptr<wal::CheckpointSink> MakeCheckpointWriter(
      uint32_t lane, storage::Engine& engine, wal::DurabilityListener* listener) const;

  const SliceOpenerOptions options_;
  std::unique_ptr<wal::DataDirectory> directory_;
  uint64_t hash_seed_ = 0;
  uint32_t lanes_before_ = 0;
  std::vector<bool> damaged_;  // by lane before; empty when none is, or nobody has looked
  std::vector<Recovered> recovered_;
};

}  // namespace corelane::shard
