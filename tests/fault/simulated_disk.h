#pragma once

// SimulatedDisk: a FileSystem in memory that knows what of it is on stable storage, and that can be
// stopped at any operation: by a power loss, which takes what was not synced (simulated_inode.h
// says how), or by the death of the process, which takes nothing. It also fails calls and runs out
// of room, by a seed.
//
//   SimulatedDisk disk;
//   disk.CrashAt(17);                      // the 17th operation and all later ones fail
//   ...                                    // run the product until it gives up
//   disk.LosePower(random);                // or KillProcess()
//   ...                                    // run it again on what is left
//
// An operation, for CrashAt(), is a step that changes a file or a directory, or makes a change
// durable: making several directories, or removing one with files in it, is several. A crash before
// the operation behind a write is a crash in the middle of the write, and so for syncs: what was
// not synced yet may be there in part.
//
// To fail one chosen call, put a FaultyFileSystem around it.
//
// Any thread, at any time. Files, mappings and locks belong to the process that opened them: after
// a restart they fail, and stores into old mappings are lost. They must not outlive the disk. Paths
// are absolute; there is no "..".

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "env/file_system.h"
#include "fault/simulated_inode.h"

namespace corelane::fault {

// Each is "one call in so many"; 0 is never.
struct FaultRates {
  uint64_t open = 0;
  uint64_t read = 0;        // EIO
  uint64_t short_read = 0;  // fewer bytes than there are
  uint64_t read_flip = 0;   // one bit of what is read is wrong, this time; once in a life
  uint64_t write = 0;       // EIO after a part was written
  uint64_t allocate = 0;    // EIO
  uint64_t sync = 0;        // EIO, of files; see SimulatedInode::FailSync
  uint64_t sync_directory = 0;
};

class SimulatedDisk final : public env::FileSystem {
 public:
  SimulatedDisk();

  // Operation number `operation` from now on, counted from 1, does not happen, nor does any later
  // one, nor does anything that is stored into a mapping after it. 0: never.
  void CrashAt(uint64_t operation);
  void CrashNow();
  // Since the last CrashAt or restart.
  [[nodiscard]] uint64_t operations() const;
  // False: whatever was stored or done before this call is on the disk if a crash comes.
  [[nodiscard]] bool crashed() const;

  // Both stop the machine or the process now, if no crash has yet, and start it again.
  void LosePower(base::Random& random);
  void KillProcess();

  // A disk in the same state, as if just started after KillProcess(). To try several ways from one
  // point.
  [[nodiscard]] std::unique_ptr<SimulatedDisk> Fork() const;

  // Until the next restart.
  void SetFaults(const FaultRates& rates, uint64_t seed);
  // Fails what would take more than that with kDiskFull. UINT64_MAX: no limit.
  void SetCapacity(uint64_t bytes);
  // Of the byte at `offset` of a file, on the medium.
  [[nodiscard]] Status FlipBit(const std::string& path, uint64_t offset, int bit);

  [[nodiscard]] Result<std::unique_ptr<env::File>> Open(const std::string& path,
                                                        env::OpenMode mode) override;
  [[nodiscard]] Result<std::vector<std::string>> List(const std::string& directory) override;
  [[nodiscard]] Result<bool> Exists(const std::string& path) override;
  // Syncs the directories that hold the new ones, as the real one does.
  [[nodiscard]] Status CreateDirectories(const std::string& path) override;
  // Within one directory.
  [[nodiscard]] Status Rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status Remove(const std::string& path) override;
  [[nodiscard]] Status RemoveRecursively(const std::string& path) override;
  [[nodiscard]] Status SyncDirectory(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<env::FileLock>> Lock(const std::string& path) override;

 private:
  class SimulatedFile;
  class SimulatedMapping;
  class SimulatedLock;

  // Where a path leads: the directory that would hold its last name, if there is one, and the inode
  // itself, if there is one. `error` is an errno when there is no such directory.
  struct Place {
    SimulatedInode::Pointer directory;
    std::string name;
    SimulatedInode::Pointer inode;
    int error = 0;
  };

  // All of these want the lock to be held.
  [[nodiscard]] Place Find(const std::string& path) const;
  // OK as long as nothing has crashed and the caller is of this life.
  [[nodiscard]] Status CheckAlive(uint64_t life, std::string_view what,
                                  const std::string& path) const;
  // As CheckAlive, and counts.
  [[nodiscard]] Status BeginOperation(uint64_t life, std::string_view what,
                                      const std::string& path);
  [[nodiscard]] bool Strikes(uint64_t one_in);
  [[nodiscard]] bool HasRoomFor(uint64_t pages) const;
  [[nodiscard]] Status MakeDirectory(const std::string& path);
  [[nodiscard]] Status RemoveTree(const Place& place, const std::string& path);
  void Stop();
  void Restart();

  mutable std::mutex mutex_;
  SimulatedInode::Pointer root_ = std::make_shared<SimulatedInode>(true);
  uint64_t life_ = 1;  // goes up with each restart
  uint64_t operations_ = 0;
  uint64_t crash_at_ = 0;
  bool crashed_ = false;
  FaultRates rates_;
  base::Random random_{0};
  uint64_t capacity_bytes_ = UINT64_MAX;
  std::vector<std::weak_ptr<SimulatedInode>> files_;  // all that were ever made
  std::set<std::string> locked_;
};

}  // namespace corelane::fault
