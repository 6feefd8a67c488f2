#pragma once

// DataDirectory: the place where a server keeps its logs.
//
//   LOCK                                      held by the process that uses the directory
//   MANIFEST                                  format, hash seed, number of lanes, generation
//   gen-000001/lane-0000/000000000001.wal     segments, by generation and lane
//
// Only the generation that the manifest names counts. A new one (for another number of lanes) is
// written completely beside it, then the manifest is switched in one step; what a crash leaves
// behind is removed at the next start.
//
// Owned by the server assembly; used by one thread, before the lanes start and after they stop.
// While it lives, no other process can open the directory; but readers can be many at once.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/clock.h"
#include "env/file_system.h"
#include "wal/manifest.h"
#include "wal/recovery.h"

namespace corelane::wal {

// What a directory that is empty so far is made with.
struct NewDirectory {
  uint32_t lanes = 1;
  uint64_t hash_seed = 0;
};

class DataDirectory {
 public:
  // Takes the lock; reads the manifest, or makes one from `fresh` when the directory is new.
  // kLocked, kIncompatible, kCorruption or kIoError, each with a message of one line that says what
  // is wrong with which path.
  [[nodiscard]] static Result<std::unique_ptr<DataDirectory>> Open(env::FileSystem& files,
                                                                   const env::Clock& clock,
                                                                   const std::string& path,
                                                                   const NewDirectory& fresh);

  // What OpenExisting is for.
  enum class Use {
    kRead,  // changes nothing, not even the lock file; beside other readers
    kChange,
  };

  // As Open, but never makes a directory: for tools. kBadArgument when there is none of corelane.
  // Without a lock file, a reader goes on without a lock: no server has used such a directory, it
  // is a copy.
  [[nodiscard]] static Result<std::unique_ptr<DataDirectory>> OpenExisting(env::FileSystem& files,
                                                                           const std::string& path,
                                                                           Use use);

  // Use Open or OpenExisting.
  DataDirectory(env::FileSystem& files, std::string path, std::unique_ptr<env::FileLock> lock)
      : files_(files), path_(std::move(path)), lock_(std::move(lock)) {}
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  // True when Open() made it.
  [[nodiscard]] bool is_new() const { return is_new_; }

  // A lane of the generation that counts.
  [[nodiscard]] LaneIdentity Lane(uint32_t lane) const;

  // Names of generations that do not count, but for those that were damaged and are kept.
  [[nodiscard]] Result<std::vector<std::string>> Leftovers() const;
  // Removes them. After a successful recovery, so that a start that fails
  // changes nothing.
  [[nodiscard]] Status RemoveLeftovers();

  // The way to another number of lanes: PrepareGeneration makes empty lane directories; write and
  // close their logs (NextLane says where); CommitGeneration switches and removes the old
  // generation. Without it nothing has happened.
  [[nodiscard]] Status PrepareGeneration(uint32_t lanes);
  [[nodiscard]] LaneIdentity NextLane(uint32_t lane) const;
  [[nodiscard]] Status CommitGeneration();
  // As CommitGeneration, for a generation that is damaged: it is not removed, and never will be by
  // us, but gets another name, which is returned.
  [[nodiscard]] Result<std::string> CommitGenerationKeepingTheOld();

 private:
  [[nodiscard]] Status Create(const env::Clock& clock, const NewDirectory& fresh);
  [[nodiscard]] Status ReadManifest(Use use);
  [[nodiscard]] Status UndoKeeping();
  [[nodiscard]] Status KeepManifest();
  [[nodiscard]] Status CheckLanes() const;
  [[nodiscard]] Status MakeGeneration(uint64_t generation, uint32_t lanes);
  [[nodiscard]] Status WriteManifest(const Manifest& manifest);
  [[nodiscard]] std::string GenerationPath(uint64_t generation) const;
  [[nodiscard]] LaneIdentity LaneOf(uint64_t generation, uint32_t lane) const;

  env::FileSystem& files_;
  const std::string path_;
  const std::unique_ptr<env::FileLock> lock_;  // null for a reader where there is no lock file
  Manifest manifest_;
  bool is_new_ = false;
  uint32_t next_lanes_ = 0;  // of the prepared generation; 0 when there is none
};

}  // namespace corelane::wal
