#include "fault/faulty_file_system.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/status_macros.h"

namespace corelane::fault {

class FaultyFileSystem::FaultyFile final : public env::FileWrapper {
 public:
  FaultyFile(std::unique_ptr<env::File> target, std::string path, FaultyFileSystem& disk)
      : FileWrapper(std::move(target)), path_(std::move(path)), disk_(disk) {}

  [[nodiscard]] Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    RETURN_IF_ERROR(disk_.Judge(Operation::kRead, path_).status);
    return FileWrapper::ReadAt(offset, out);
  }

  [[nodiscard]] Status WriteAt(uint64_t offset, std::string_view bytes) override {
    const Verdict verdict = disk_.Judge(Operation::kWrite, path_);
    if (!verdict.status.ok()) {
      if (verdict.torn)
        RETURN_IF_ERROR(FileWrapper::WriteAt(offset, bytes.substr(0, bytes.size() / 2)));
      return verdict.status;
    }
    RETURN_IF_ERROR(CheckSpace(offset + bytes.size(), "write"));
    return FileWrapper::WriteAt(offset, bytes);
  }

  [[nodiscard]] Status Allocate(uint64_t offset, uint64_t size) override {
    RETURN_IF_ERROR(disk_.Judge(Operation::kAllocate, path_).status);
    RETURN_IF_ERROR(CheckSpace(UINT64_MAX, "allocate"));
    return FileWrapper::Allocate(offset, size);
  }

  [[nodiscard]] Status Truncate(uint64_t size) override {
    RETURN_IF_ERROR(disk_.Judge(Operation::kTruncate, path_).status);
    return FileWrapper::Truncate(size);
  }

  [[nodiscard]] Status Sync() override {
    disk_.WaitWhileSyncsAreHeld();
    RETURN_IF_ERROR(disk_.Judge(Operation::kSync, path_).status);
    return FileWrapper::Sync();
  }

  [[nodiscard]] Status SyncMapped(env::Mapping& mapping, uint64_t offset, uint64_t size) override {
    disk_.WaitWhileSyncsAreHeld();
    RETURN_IF_ERROR(disk_.Judge(Operation::kSync, path_).status);
    return FileWrapper::SyncMapped(mapping, offset, size);
  }

  [[nodiscard]] Result<std::unique_ptr<env::Mapping>> Map(uint64_t size) override {
    RETURN_IF_ERROR(disk_.Judge(Operation::kMap, path_).status);
    return FileWrapper::Map(size);
  }

 private:
  Status CheckSpace(uint64_t end, std::string_view operation) {
    if (!disk_.no_space()) return OkStatus();
    const Result<uint64_t> size = Size();
    if (!size.ok()) return size.status();
    if (end <= *size) return OkStatus();
    return Status(StatusCode::kDiskFull,
                  std::string(operation) + " " + path_ + ": No space left on device");
  }

  const std::string path_;
  FaultyFileSystem& disk_;
};

void FaultyFileSystem::Fail(Fault fault) {
  CHECK(fault.nth > 0 && !fault.status.ok());
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FaultyFileSystem::ClearFaults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

void FaultyFileSystem::SetNoSpace(bool no_space) {
  const std::lock_guard lock(mutex_);
  no_space_ = no_space;
}

bool FaultyFileSystem::no_space() const {
  const std::lock_guard lock(mutex_);
  return no_space_;
}

void FaultyFileSystem::HoldSyncs(bool hold) {
  const std::lock_guard lock(mutex_);
  syncs_held_ = hold;
  changed_.notify_all();
}

void FaultyFileSystem::WaitForHeldSyncs(size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return syncs_waiting_ >= count; });
}

void FaultyFileSystem::WaitWhileSyncsAreHeld() {
  std::unique_lock lock(mutex_);
  ++syncs_waiting_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !syncs_held_; });
  --syncs_waiting_;
}

uint64_t FaultyFileSystem::calls(Operation operation) const {
  const std::lock_guard lock(mutex_);
  return calls_[static_cast<size_t>(operation)];
}

FaultyFileSystem::Verdict FaultyFileSystem::Judge(Operation operation, std::string_view path) {
  const std::lock_guard lock(mutex_);
  ++calls_[static_cast<size_t>(operation)];
  Verdict verdict;
  for (Fault& fault : faults_) {
    if (fault.operation != operation || path.find(fault.path_contains) == std::string::npos)
      continue;
    // 0 is behind the nth call: the fault is spent, or strikes for ever.
    const bool strikes = fault.nth == 0 ? fault.every_later : --fault.nth == 0;
    if (strikes && verdict.status.ok()) verdict = {fault.status, fault.torn};
  }
  return verdict;
}

Result<std::unique_ptr<env::File>> FaultyFileSystem::Open(const std::string& path,
                                                          env::OpenMode mode) {
  RETURN_IF_ERROR(Judge(Operation::kOpen, path).status);
  Result<std::unique_ptr<env::File>> file = FileSystemWrapper::Open(path, mode);
  if (!file.ok()) return file;
  return std::unique_ptr<env::File>(
      std::make_unique<FaultyFile>(std::move(file).value(), path, *this));
}

Result<std::vector<std::string>> FaultyFileSystem::List(const std::string& directory) {
  RETURN_IF_ERROR(Judge(Operation::kList, directory).status);
  return FileSystemWrapper::List(directory);
}

Status FaultyFileSystem::CreateDirectories(const std::string& path) {
  RETURN_IF_ERROR(Judge(Operation::kCreateDirectories, path).status);
  return FileSystemWrapper::CreateDirectories(path);
}

Status FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  RETURN_IF_ERROR(Judge(Operation::kRename, from).status);
  return FileSystemWrapper::Rename(from, to);
}

Status FaultyFileSystem::Remove(const std::string& path) {
  RETURN_IF_ERROR(Judge(Operation::kRemove, path).status);
  return FileSystemWrapper::Remove(path);
}

Status FaultyFileSystem::RemoveRecursively(const std::string& path) {
  RETURN_IF_ERROR(Judge(Operation::kRemove, path).status);
  return FileSystemWrapper::RemoveRecursively(path);
}

Status FaultyFileSystem::SyncDirectory(const std::string& path) {
  RETURN_IF_ERROR(Judge(Operation::kSyncDirectory, path).status);
  return FileSystemWrapper::SyncDirectory(path);
}

Result<std::unique_ptr<env::FileLock>> FaultyFileSystem::Lock(const std::string& path) {
  RETURN_IF_ERROR(Judge(Operation::kLock, path).status);
  return FileSystemWrapper::Lock(path);
}

}  // namespace corelane::fault
