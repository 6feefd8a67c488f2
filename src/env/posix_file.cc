#include "env/posix_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "base/check.h"
#include "base/status_macros.h"

namespace corelane::env {
namespace {

// MADV_POPULATE_WRITE of Linux 5.14, which older headers do not name.
constexpr int kMadvisePopulateWrite = 23;

// Zeros are written in pieces of this size.
constexpr size_t kZeroPieceBytes = size_t{1} << 20;

class PosixMapping final : public Mapping {
 public:
  explicit PosixMapping(std::span<char> bytes) : bytes_(bytes) {}
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  ~PosixMapping() override { munmap(bytes_.data(), bytes_.size()); }

  [[nodiscard]] std::span<char> bytes() override { return bytes_; }

  void Prefault(uint64_t offset, uint64_t size) override {
    CHECK(offset <= bytes_.size() && size <= bytes_.size() - offset);
    if (size == 0) return;
    const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const uint64_t begin = offset / page * page;
    // A hint: an older kernel refuses it, and then the stores fault one page after the other.
    [[maybe_unused]] const int ignored =
        madvise(bytes_.data() + begin, offset + size - begin, kMadvisePopulateWrite);
  }

 private:
  const std::span<char> bytes_;
};

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return StatusCode::kNotFound;
    case ENOSPC:
    case EDQUOT:
      return StatusCode::kDiskFull;
    default:
      return StatusCode::kIoError;
  }
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (open()) close(number_);
}

Status SystemError(int error, std::string_view operation, std::string_view path) {
  std::string message(operation);
  message.append(" ").append(path).append(": ").append(std::system_category().message(error));
  return Status(CodeOf(error), std::move(message));
}

Result<uint64_t> PosixFile::Size() {
  struct stat about {};
  if (fstat(descriptor_.number(), &about) != 0) return SystemError(errno, "stat", path_);
  return static_cast<uint64_t>(about.st_size);
}

Result<size_t> PosixFile::ReadAt(uint64_t offset, std::span<char> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = RetryInterrupted([&] {
      return pread(descriptor_.number(), out.data() + done, out.size() - done,
                   static_cast<off_t>(offset + done));
    });
    if (count < 0) return SystemError(errno, "read", path_);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

Status PosixFile::WriteAt(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = RetryInterrupted([&] {
      return pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    });
    if (count < 0) return SystemError(errno, "write", path_);
    // A write of something that wrote nothing would go on for ever.
    if (count == 0) return SystemError(EIO, "write", path_);
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return OkStatus();
}

Status PosixFile::Allocate(uint64_t offset, uint64_t size) {
  if (size == 0) return OkStatus();
  const Result<uint64_t> size_before = Size();
  if (!size_before.ok()) return size_before.status();
  Status status = Reserve(offset, size);
  if (!status.ok() && *size_before < offset + size) {
    // Gives back what a partial allocation took. When this fails as well there is nothing better to
    // do, and the first failure is the one to tell.
    [[maybe_unused]] const Status ignored = Truncate(*size_before);
  }
  return status;
}

Status PosixFile::Reserve(uint64_t offset, uint64_t size) {
  if (allocate_by_ == PosixFileSystem::AllocateBy::kFallocate) {
    const int result = RetryInterrupted([&] {
      return fallocate(descriptor_.number(), 0, static_cast<off_t>(offset),
                       static_cast<off_t>(size));
    });
    if (result == 0) return OkStatus();
    if (errno != EOPNOTSUPP) return SystemError(errno, "allocate", path_);
  }
  return FillHolesWithZeros(offset, offset + size);
}

// Bytes that are already there are not written again, not even with themselves: another thread may
// be storing to them through a mapping. A file system that cannot tell its holes says that it has
// none before the end of the file.
Status PosixFile::FillHolesWithZeros(uint64_t offset, uint64_t end) {
  const Result<uint64_t> size = Size();
  if (!size.ok()) return size.status();
  while (offset < std::min(end, *size)) {
    const off_t hole = lseek(descriptor_.number(), static_cast<off_t>(offset), SEEK_HOLE);
    if (hole < 0) return SystemError(errno, "find a hole in", path_);
    if (static_cast<uint64_t>(hole) >= std::min(end, *size)) break;
    const off_t data = lseek(descriptor_.number(), hole, SEEK_DATA);
    if (data < 0 && errno != ENXIO) return SystemError(errno, "find data in", path_);
    // No data behind the hole: it reaches to the end of the file.
    const uint64_t hole_end = data < 0 ? *size : static_cast<uint64_t>(data);
    offset = std::min({hole_end, *size, end});
    RETURN_IF_ERROR(WriteZeros(static_cast<uint64_t>(hole), offset));
  }
  return WriteZeros(std::max(offset, *size), end);
}

Status PosixFile::WriteZeros(uint64_t offset, uint64_t end) {
  if (offset >= end) return OkStatus();
  const std::string zeros(std::min<uint64_t>(kZeroPieceBytes, end - offset), '\0');
  while (offset < end) {
    const std::string_view piece =
        std::string_view(zeros).substr(0, std::min<uint64_t>(zeros.size(), end - offset));
    RETURN_IF_ERROR(WriteAt(offset, piece));
    offset += piece.size();
  }
  return OkStatus();
}

Status PosixFile::Truncate(uint64_t size) {
  const int result =
      RetryInterrupted([&] { return ftruncate(descriptor_.number(), static_cast<off_t>(size)); });
  return result == 0 ? OkStatus() : SystemError(errno, "truncate", path_);
}

Status PosixFile::Sync() {
  // An interrupted sync has reported no failure of the disk yet; asking again loses none.
  const int result = RetryInterrupted([&] { return fdatasync(descriptor_.number()); });
  return result == 0 ? OkStatus() : SystemError(errno, "sync", path_);
}

// msync of a range is the one call that syncs a part of a file with what it takes to find it again.
Status PosixFile::SyncMapped(Mapping& mapping, uint64_t offset, uint64_t size) {
  const std::span<char> bytes = mapping.bytes();
  CHECK(offset <= bytes.size() && size <= bytes.size() - offset);
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t begin = offset / page * page;
  const int result =
      RetryInterrupted([&] { return msync(bytes.data() + begin, offset + size - begin, MS_SYNC); });
  return result == 0 ? OkStatus() : SystemError(errno, "sync", path_);
}

Result<std::unique_ptr<Mapping>> PosixFile::Map(uint64_t size) {
  void* const begin =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_.number(), 0);
  if (begin == MAP_FAILED) return SystemError(errno, "map", path_);
  // Without this a fault brings in a big block of pages that from then on is dirty, written and
  // write-protected as one: each sync of a small log frame then writes most of a megabyte. A hint:
  // failure costs time only.
  [[maybe_unused]] const int ignored = madvise(begin, size, MADV_RANDOM);
  return std::unique_ptr<Mapping>(
      std::make_unique<PosixMapping>(std::span(static_cast<char*>(begin), size)));
}

}  // namespace corelane::env
