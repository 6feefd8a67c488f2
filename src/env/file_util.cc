#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/status_macros.h"
#include "env/file_system.h"

namespace corelane::env {
namespace {

Status WriteNewFile(FileSystem& files, const std::string& path, std::string_view bytes) {
  Result<std::unique_ptr<File>> file = files.Open(path, OpenMode::kCreateNew);
  if (!file.ok()) return file.status();
  RETURN_IF_ERROR((*file)->WriteAt(0, bytes));
  return (*file)->Sync();
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<FileLock>> FileSystem::LockShared(const std::string& path) {
  Result<bool> exists = Exists(path);
  if (!exists.ok()) return exists.status();
  if (!*exists) return Status(StatusCode::kNotFound, "lock " + path + ": no such file");
  return Lock(path);
}

Status WriteFileAtomically(FileSystem& files, const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  // One may be left from a crash.
  if (const Status removed = files.Remove(temporary);
      !removed.ok() && removed.code() != StatusCode::kNotFound) {
    return removed;
  }
  Status status = WriteNewFile(files, temporary, bytes);
  if (status.ok()) status = files.Rename(temporary, path);
  if (!status.ok()) {
    // Best effort: the next attempt removes it as well.
    [[maybe_unused]] const Status ignored = files.Remove(temporary);
    return status;
  }
  return files.SyncDirectory(DirectoryOf(path));
}

Result<std::string> ReadFile(FileSystem& files, const std::string& path, uint64_t bytes_max) {
  Result<std::unique_ptr<File>> file = files.Open(path, OpenMode::kRead);
  if (!file.ok()) return file.status();
  const Result<uint64_t> size = (*file)->Size();
  if (!size.ok()) return size.status();
  if (*size > bytes_max) {
    return Status(StatusCode::kIoError, "read " + path + ": " + std::to_string(*size) +
                                            " bytes, more than the " + std::to_string(bytes_max) +
                                            " allowed");
  }
  std::string bytes(*size, '\0');
  const Result<size_t> count = (*file)->ReadAt(0, std::span(bytes));
  if (!count.ok()) return count.status();
  bytes.resize(*count);
  return bytes;
}

}  // namespace corelane::env
