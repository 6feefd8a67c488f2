#pragma once

// FaultyFileSystem: a disk that fails on command. It wraps any FileSystem, counts every call, and
// lets a test say which call fails with what: the third Allocate, every Sync of one lane's files,
// all writes that need room. It can also hold syncs back, to show what waits for the disk and what
// does not.
//
//   FaultyFileSystem disk(posix);
//   disk.Fail({.operation = Operation::kSync, .nth = 2, .status = Status(StatusCode::kIoError,
//   "sync: EIO")});
//
// The target must outlive it; Files opened through it may be used as long as it lives. Any thread,
// at any time. Stores into a Mapping are not seen here, as they are not seen by a real disk until
// the Sync.

#include <corelane/status.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "env/file_system.h"
#include "env/file_system_wrapper.h"

namespace corelane::fault {

enum class Operation : uint8_t {
  kOpen,
  kRead,
  kWrite,
  kAllocate,
  kTruncate,
  kSync,  // Sync and SyncMapped
  kMap,
  kList,
  kCreateDirectories,
  kRename,
  kRemove,  // Remove and RemoveRecursively
  kSyncDirectory,
  kLock,
};
inline constexpr size_t kOperations = 13;

struct Fault {
  Operation operation = Operation::kSync;
  uint64_t nth = 1;           // the nth matching call from now on
  Status status;              // what that call returns instead of doing its work
  bool every_later = false;   // so do all matching calls behind it, until ClearFaults()
  bool torn = false;          // a write: half of the bytes are written before it fails
  std::string path_contains;  // matches only files and directories whose path contains this
};

class FaultyFileSystem final : public env::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(env::FileSystem& target) : FileSystemWrapper(target) {}

  void Fail(Fault fault);
  void ClearFaults();

  // While set, Allocate and writes behind the end of a file fail with kDiskFull, as on a disk
  // without room. What has its room already can still be overwritten and synced.
  void SetNoSpace(bool no_space);

  // While set, every File::Sync and SyncMapped waits. WaitForHeldSyncs returns when at least
  // `count` of them do.
  void HoldSyncs(bool hold);
  void WaitForHeldSyncs(size_t count);

  // How many calls there were, failed ones included.
  [[nodiscard]] uint64_t calls(Operation operation) const;

  [[nodiscard]] Result<std::unique_ptr<env::File>> Open(const std::string& path,
                                                        env::OpenMode mode) override;
  [[nodiscard]] Result<std::vector<std::string>> List(const std::string& directory) override;
  [[nodiscard]] Status CreateDirectories(const std::string& path) override;
  [[nodiscard]] Status Rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status Remove(const std::string& path) override;
  [[nodiscard]] Status RemoveRecursively(const std::string& path) override;
  [[nodiscard]] Status SyncDirectory(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<env::FileLock>> Lock(const std::string& path) override;

 private:
  class FaultyFile;

  struct Verdict {
    Status status;
    bool torn = false;
  };

  // Counts the call and says whether it may go on.
  [[nodiscard]] Verdict Judge(Operation operation, std::string_view path);
  [[nodiscard]] bool no_space() const;
  void WaitWhileSyncsAreHeld();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::array<uint64_t, kOperations> calls_{};
  std::vector<Fault> faults_;
  bool no_space_ = false;
  bool syncs_held_ = false;
  size_t syncs_waiting_ = 0;
};

}  // namespace corelane::fault
