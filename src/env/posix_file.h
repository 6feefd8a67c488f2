#pragma once

// What PosixFileSystem is made of, private to src/env: the owner of a descriptor, the wording of
// system errors, the File and the Mapping over a descriptor. Their threads are those of the
// interfaces in file_system.h.

#include <corelane/status.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "env/file_system.h"
#include "env/posix_file_system.h"

namespace corelane::env {

// Owns a descriptor, closes it in the end. A failure to close says nothing about durability (that
// is Sync's business), so it is not looked at.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor();
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }

 private:
  int number_;
};

// "open /path: No such file or directory", with the code that belongs to `error` (an errno).
[[nodiscard]] Status SystemError(int error, std::string_view operation, std::string_view path);

// Calls again as long as a signal interrupts.
template <typename Call>
auto RetryInterrupted(const Call& call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(FileDescriptor descriptor, std::string path, PosixFileSystem::AllocateBy allocate_by)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), allocate_by_(allocate_by) {}

  [[nodiscard]] Result<uint64_t> Size() override;
  [[nodiscard]] Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override;
  [[nodiscard]] Status WriteAt(uint64_t offset, std::string_view bytes) override;
  [[nodiscard]] Status Allocate(uint64_t offset, uint64_t size) override;
  [[nodiscard]] Status Truncate(uint64_t size) override;
  [[nodiscard]] Status Sync() override;
  [[nodiscard]] Status SyncMapped(Mapping& mapping, uint64_t offset, uint64_t size) override;
  [[nodiscard]] Result<std::unique_ptr<Mapping>> Map(uint64_t size) override;

 private:
  [[nodiscard]] Status Reserve(uint64_t offset, uint64_t size);
  [[nodiscard]] Status FillHolesWithZeros(uint64_t offset, uint64_t end);
  [[nodiscard]] Status WriteZeros(uint64_t offset, uint64_t end);

  const FileDescriptor descriptor_;
  const std::string path_;
  const PosixFileSystem::AllocateBy allocate_by_;
};

}  // namespace corelane::env
