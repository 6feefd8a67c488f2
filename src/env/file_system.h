#pragma once

// FileSystem: the seam to the disk. Nothing else in corelane opens a file. The real one is
// PosixFileSystem; tests put a faulty disk behind the same interface.
//
// Paths are plain strings. Every failure is a Status: kNotFound (no such file), kDiskFull (ENOSPC,
// EDQUOT), kLocked, or kIoError with the path, the operation and the system's own words. A
// FileSystem is usable from many threads at once; a File from one at a time, except Sync(), which
// may run beside WriteAt() and beside stores into a Mapping. No call here belongs on a lane thread.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corelane::env {

// A shared, writable mapping of a part of a file. A store into bytes() is in the page cache at
// once: it survives the death of the process, and the death of the machine after the next
// File::Sync(). Unmapped when destroyed; the File may go first.
class Mapping {
 public:
  virtual ~Mapping() = default;
  [[nodiscard]] virtual std::span<char> bytes() = 0;
  // Makes the pages of [offset, offset + size) present and writable, so that a later store does not
  // fault. Called by a helper thread while the owner stores elsewhere in the mapping. A hint:
  // failure costs time only.
  virtual void Prefault(uint64_t offset, uint64_t size) = 0;
};

class File {
 public:
  virtual ~File() = default;
  [[nodiscard]] virtual Result<uint64_t> Size() = 0;
  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file. Returns how many.
  [[nodiscard]] virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> out) = 0;
  // Writes all of `bytes` at `offset`.
  [[nodiscard]] virtual Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // Makes [offset, offset + size) part of the file with disk space behind it, reading as zeros
  // where nothing was written; kDiskFull when there is not enough room.
  [[nodiscard]] virtual Status Allocate(uint64_t offset, uint64_t size) = 0;
  [[nodiscard]] virtual Status Truncate(uint64_t size) = 0;
  // On return everything written or stored before the call is on stable storage (fdatasync).
  [[nodiscard]] virtual Status Sync() = 0;
  // As Sync(), for what was stored in [offset, offset + size) of a mapping of this file; the rest
  // may stay where it is. This spares the pages that were only prefaulted from being written, and
  // from faulting again.
  [[nodiscard]] virtual Status SyncMapped(Mapping& mapping, uint64_t offset, uint64_t size) {
    static_cast<void>(mapping), static_cast<void>(offset), static_cast<void>(size);
    return Sync();
  }
  // Maps [0, size). The range need not be allocated yet, but only allocated bytes may be touched.
  [[nodiscard]] virtual Result<std::unique_ptr<Mapping>> Map(uint64_t size) = 0;
};

// An exclusive lock on a file, held until destroyed and given up by the system when the process
// dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  kRead,       // Must exist.
  kReadWrite,  // Must exist.
  kCreateNew,  // Must not exist; read and write.
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> Open(const std::string& path,
                                                           OpenMode mode) = 0;
  // Names (not paths) in the directory, sorted, without "." and "..".
  [[nodiscard]] virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;
  [[nodiscard]] virtual Result<bool> Exists(const std::string& path) = 0;
  // OK when the directory exists already. Parents are made as well. Its name is durable on return.
  [[nodiscard]] virtual Status CreateDirectories(const std::string& path) = 0;
  [[nodiscard]] virtual Status Rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Status Remove(const std::string& path) = 0;
  // A directory and all in it. OK when it does not exist.
  [[nodiscard]] virtual Status RemoveRecursively(const std::string& path) = 0;
  // New, renamed and removed names in the directory are durable on return.
  [[nodiscard]] virtual Status SyncDirectory(const std::string& path) = 0;
  // Takes the lock, or fails with kLocked after a second at most. Creates the file if need be.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
  // For readers: as Lock(), but others may hold the lock as well if they took it by this, and
  // nothing is written: kNotFound when there is no such file. A file system without such locks has
  // exclusive ones instead.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> LockShared(const std::string& path);
};

// Writes `bytes` to `path` so that after a crash either the old file or the whole new one is there:
// temporary file, sync, rename, sync of the directory.
[[nodiscard]] Status WriteFileAtomically(FileSystem& files, const std::string& path,
                                         std::string_view bytes);

// The whole file, refused with kIoError when larger than `bytes_max`.
[[nodiscard]] Result<std::string> ReadFile(FileSystem& files, const std::string& path,
                                           uint64_t bytes_max);

}  // namespace corelane::env
