#pragma once

// FileSystemWrapper and FileWrapper hand every call on to another object, unchanged. What wants to
// interfere with a few calls (a fault injector, a counter) derives from them and overrides only
// those.
//
// A FileSystemWrapper does not own its target, which must outlive it; a FileWrapper owns its own.
// Threads: as the target.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/file_system.h"

namespace corelane::env {

class FileWrapper : public File {
 public:
  explicit FileWrapper(std::unique_ptr<File> target) : target_(std::move(target)) {}

  [[nodiscard]] Result<uint64_t> Size() override { return target_->Size(); }
  [[nodiscard]] Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    return target_->ReadAt(offset, out);
  }
  [[nodiscard]] Status WriteAt(uint64_t offset, std::string_view bytes) override {
    return target_->WriteAt(offset, bytes);
  }
  [[nodiscard]] Status Allocate(uint64_t offset, uint64_t size) override {
    return target_->Allocate(offset, size);
  }
  [[nodiscard]] Status Truncate(uint64_t size) override { return target_->Truncate(size); }
  [[nodiscard]] Status Sync() override { return target_->Sync(); }
  [[nodiscard]] Status SyncMapped(Mapping& mapping, uint64_t offset, uint64_t size) override {
    return target_->SyncMapped(mapping, offset, size);
  }
  [[nodiscard]] Result<std::unique_ptr<Mapping>> Map(uint64_t size) override {
    return target_->Map(size);
  }

 private:
  const std::unique_ptr<File> target_;
};

class FileSystemWrapper : public FileSystem {
 public:
  explicit FileSystemWrapper(FileSystem& target) : target_(target) {}

  [[nodiscard]] Result<std::unique_ptr<File>> Open(const std::string& path,
                                                   OpenMode mode) override {
    return target_.Open(path, mode);
  }
  [[nodiscard]] Result<std::vector<std::string>> List(const std::string& directory) override {
    return target_.List(directory);
  }
  [[nodiscard]] Result<bool> Exists(const std::string& path) override {
    return target_.Exists(path);
  }
  [[nodiscard]] Status CreateDirectories(const std::string& path) override {
    return target_.CreateDirectories(path);
  }
  [[nodiscard]] Status Rename(const std::string& from, const std::string& to) override {
    return target_.Rename(from, to);
  }
  [[nodiscard]] Status Remove(const std::string& path) override { return target_.Remove(path); }
  [[nodiscard]] Status RemoveRecursively(const std::string& path) override {
    return target_.RemoveRecursively(path);
  }
  [[nodiscard]] Status SyncDirectory(const std::string& path) override {
    return target_.SyncDirectory(path);
  }
  [[nodiscard]] Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return target_.Lock(path);
  }
  [[nodiscard]] Result<std::unique_ptr<FileLock>> LockShared(const std::string& path) override {
    return target_.LockShared(path);
  }

 private:
  FileSystem& target_;
};

}  // namespace corelane::env
