#pragma once

// PosixFileSystem: the FileSystem of a real machine. It keeps no state of its own, so that any
// number of threads may use one object, and its Files, Mappings and FileLocks may outlive it. It
// retries a call that a signal interrupted, and nothing else: a failed write or sync is the
// caller's to hear about.
//
// Files are made with mode 0640 and directories with 0750, both less the umask: what is in them is
// the users' data.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/file_system.h"

namespace corelane::env {

class PosixFileSystem final : public FileSystem {
 public:
  // How File::Allocate gets its disk space. kFallocate asks the file system and writes zeros where
  // that is not supported; kZeros always writes them, which is slower but leaves no unwritten
  // extents to be converted at the first store.
  enum class AllocateBy { kFallocate, kZeros };

  // A lock that is held is tried again for this long before it is refused: a process that was
  // killed a moment ago may have operations in flight that hold its descriptors open.
  static constexpr int kLockTriesMax = 100;
  static constexpr int kLockPauseMillis = 10;

  explicit PosixFileSystem(AllocateBy allocate_by = AllocateBy::kFallocate)
      : allocate_by_(allocate_by) {}

  [[nodiscard]] Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Result<std::vector<std::string>> List(const std::string& directory) override;
  [[nodiscard]] Result<bool> Exists(const std::string& path) override;
  // The names of new directories are durable on return, and that of the last one in any case.
  [[nodiscard]] Status CreateDirectories(const std::string& path) override;
  [[nodiscard]] Status Rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status Remove(const std::string& path) override;
  [[nodiscard]] Status RemoveRecursively(const std::string& path) override;
  [[nodiscard]] Status SyncDirectory(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  // May be read-only: the file, its directory, the whole file system.
  [[nodiscard]] Result<std::unique_ptr<FileLock>> LockShared(const std::string& path) override;

 private:
  [[nodiscard]] Status SyncNameOf(const std::string& path);

  const AllocateBy allocate_by_;
};

}  // namespace corelane::env
