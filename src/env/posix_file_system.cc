#include "env/posix_file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "env/posix_file.h"

namespace corelane::env {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

int OpenFlags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

FileDescriptor OpenDescriptor(const std::string& path, int flags) {
  return FileDescriptor(
      RetryInterrupted([&] { return open(path.c_str(), flags | O_CLOEXEC, kFileMode); }));
}

// The directory that holds `path`: "." for a bare name, the path itself for "/".
std::string ParentOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

// Owns the open file description that flock() has locked; closing it gives the lock up.
class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  const FileDescriptor descriptor_;
};

// `kind` is LOCK_EX or LOCK_SH. Right after the call that opened it: errno says why it is not open.
Result<std::unique_ptr<FileLock>> LockDescriptor(FileDescriptor descriptor, int kind,
                                                 const std::string& path) {
  if (!descriptor.open()) return SystemError(errno, "open", path);
  for (int tries = 1;; ++tries) {
    if (RetryInterrupted([&] { return flock(descriptor.number(), kind | LOCK_NB); }) == 0) {
      return std::unique_ptr<FileLock>(std::make_unique<PosixFileLock>(std::move(descriptor)));
    }
    if (errno != EWOULDBLOCK) return SystemError(errno, "lock", path);
    if (tries == PosixFileSystem::kLockTriesMax) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(PosixFileSystem::kLockPauseMillis));
  }
  return Status(StatusCode::kLocked, "lock " + path + ": another process holds it");
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::Open(const std::string& path, OpenMode mode) {
  FileDescriptor descriptor = OpenDescriptor(path, OpenFlags(mode));
  if (!descriptor.open()) return SystemError(errno, "open", path);
  return std::unique_ptr<File>(
      std::make_unique<PosixFile>(std::move(descriptor), path, allocate_by_));
}

Result<std::vector<std::string>> PosixFileSystem::List(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator at(directory, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  if (error) return SystemError(error.value(), "list", directory);
  std::sort(names.begin(), names.end());
  return names;
}

Result<bool> PosixFileSystem::Exists(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) == 0) return true;
  // ENOTDIR: something on the way is a file, so that nothing can be below it.
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return SystemError(errno, "stat", path);
}

// A process that was killed may have made the directory and not synced its name any more. Where the
// parent may not be read somebody else has made it.
Status PosixFileSystem::SyncNameOf(const std::string& path) {
  const std::string parent = ParentOf(path);
  const FileDescriptor descriptor = OpenDescriptor(parent, O_RDONLY | O_DIRECTORY);
  if (!descriptor.open() && errno == EACCES) return OkStatus();
  return SyncDirectory(parent);
}

Status PosixFileSystem::CreateDirectories(const std::string& path) {
  // "a/b/" and "a/b" are one directory, but the parent of the first is "a/b".
  if (path.size() > 1 && path.back() == '/') {
    return CreateDirectories(path.substr(0, path.size() - 1));
  }
  if (mkdir(path.c_str(), kDirectoryMode) == 0) return SyncDirectory(ParentOf(path));
  int error = errno;
  if (error == ENOENT && !path.empty() && ParentOf(path) != path) {
    RETURN_IF_ERROR(CreateDirectories(ParentOf(path)));
    if (mkdir(path.c_str(), kDirectoryMode) == 0) return SyncDirectory(ParentOf(path));
    error = errno;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return SyncNameOf(path);
  return SystemError(error, "create directory", path);
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) == 0) return OkStatus();
  return SystemError(errno, "rename", from + " to " + to);
}

Status PosixFileSystem::Remove(const std::string& path) {
  return unlink(path.c_str()) == 0 ? OkStatus() : SystemError(errno, "remove", path);
}

Status PosixFileSystem::RemoveRecursively(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return error ? SystemError(error.value(), "remove", path) : OkStatus();
}

Status PosixFileSystem::SyncDirectory(const std::string& path) {
  const FileDescriptor descriptor = OpenDescriptor(path, O_RDONLY | O_DIRECTORY);
  if (!descriptor.open()) return SystemError(errno, "open", path);
  if (RetryInterrupted([&] { return fsync(descriptor.number()); }) == 0) return OkStatus();
  // Some file systems have no sync of a directory and say so this way: there is nothing to wait
  // for.
  if (errno == EINVAL || errno == EBADF) return OkStatus();
  return SystemError(errno, "sync", path);
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::Lock(const std::string& path) {
  return LockDescriptor(OpenDescriptor(path, O_RDWR | O_CREAT), LOCK_EX, path);
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::LockShared(const std::string& path) {
  return LockDescriptor(OpenDescriptor(path, O_RDONLY), LOCK_SH, path);
}

}  // namespace corelane::env
