#include "cli/export_target.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace corelane::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kSpoolNamesMax = 100;

Status WriteTo(std::ostream& out, std::string_view bytes) {
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (out.good()) return OkStatus();
  return Status(StatusCode::kIoError, "cannot write to standard output");
}

class FileTarget final : public ExportTarget {
 public:
  FileTarget(env::FileSystem& files, std::string path, std::string temporary,
             std::unique_ptr<env::File> file)
      : files_(files),
        path_(std::move(path)),
        temporary_(std::move(temporary)),
        file_(std::move(file)) {}

  ~FileTarget() override {
    if (finished_) return;
    // There is nobody to tell.
    [[maybe_unused]] const Status ignored = files_.Remove(temporary_);
  }

  Status Append(std::string_view bytes) override {
    RETURN_IF_ERROR(file_->WriteAt(written_bytes_, bytes));
    written_bytes_ += bytes.size();
    return OkStatus();
  }

  Status Finish(std::string_view head) override {
    if (!head.empty()) RETURN_IF_ERROR(file_->WriteAt(0, head));
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(files_.Rename(temporary_, path_));
    finished_ = true;
    const fs::path directory = fs::path(path_).parent_path();
    return files_.SyncDirectory(directory.empty() ? "." : directory.string());
  }

 private:
  env::FileSystem& files_;
  const std::string path_;
  const std::string temporary_;
  const std::unique_ptr<env::File> file_;
  uint64_t written_bytes_ = 0;
  bool finished_ = false;
};

class StreamTarget final : public ExportTarget {
 public:
  explicit StreamTarget(std::ostream& out) : out_(out) {}
  Status Append(std::string_view bytes) override { return WriteTo(out_, bytes); }
  Status Finish(std::string_view /*head*/) override {
    out_.flush();
    return WriteTo(out_, {});
  }

 private:
  std::ostream& out_;
};

class SpooledTarget final : public ExportTarget {
 public:
  SpooledTarget(std::unique_ptr<env::File> spool, std::ostream& out)
      : spool_(std::move(spool)), stream_(out) {}

  Status Append(std::string_view bytes) override {
    RETURN_IF_ERROR(spool_->WriteAt(written_bytes_, bytes));
    written_bytes_ += bytes.size();
    return OkStatus();
  }

  Status Finish(std::string_view head) override {
    RETURN_IF_ERROR(spool_->WriteAt(0, head));
    std::vector<char> piece(kCopyPieceBytes);
    for (uint64_t at = 0; at < written_bytes_;) {
      const Result<size_t> count = spool_->ReadAt(at, std::span(piece));
      if (!count.ok()) return count.status();
      if (*count == 0) return Status(StatusCode::kIoError, "the temporary file was cut off");
      RETURN_IF_ERROR(stream_.Append({piece.data(), *count}));
      at += *count;
    }
    return stream_.Finish(head);
  }

 private:
  const std::unique_ptr<env::File> spool_;
  StreamTarget stream_;
  uint64_t written_bytes_ = 0;
};

// Where the file really lies, through symbolic links: a file beside a link could not take its
// place.
Result<std::string> RealPath(const std::string& path) {
  std::error_code error;
  const fs::file_status found = fs::status(path, error);
  if (!fs::exists(found)) return path;
  if (!fs::is_regular_file(found)) {
    return Status(StatusCode::kBadArgument,
                  path + " is there and is no file; - means standard output");
  }
  const fs::path real = fs::canonical(path, error);
  return error ? path : real.string();
}

}  // namespace

Result<std::unique_ptr<ExportTarget>> OpenFileTarget(env::FileSystem& files,
                                                     const std::string& path) {
  const Result<std::string> real = RealPath(path);
  if (!real.ok()) return real.status();
  // With the process in its name, as two exports to one file may run at once.
  const std::string temporary = *real + ".tmp-" + std::to_string(::getpid());
  Result<std::unique_ptr<env::File>> file = files.Open(temporary, env::OpenMode::kCreateNew);
  if (!file.ok()) return file.status();
  return std::unique_ptr<ExportTarget>(
      std::make_unique<FileTarget>(files, *real, temporary, std::move(*file)));
}

std::unique_ptr<ExportTarget> OpenStreamTarget(std::ostream& out) {
  return std::make_unique<StreamTarget>(out);
}

Result<std::unique_ptr<ExportTarget>> OpenSpooledTarget(env::FileSystem& files, std::ostream& out) {
  Result<std::unique_ptr<env::File>> spool = OpenSpool(files);
  if (!spool.ok()) return spool.status();
  return std::unique_ptr<ExportTarget>(std::make_unique<SpooledTarget>(std::move(*spool), out));
}

Result<std::unique_ptr<env::File>> OpenSpool(env::FileSystem& files) {
  const char* directory = std::getenv("TMPDIR");
  const std::string prefix =
      std::string(directory == nullptr || *directory == '\0' ? "/tmp" : directory) +
      "/corelane-cli-" + std::to_string(::getpid()) + "-";
  Status status;
  // A name may be taken by a process that was killed before it could let go of it.
  for (int i = 0; i < kSpoolNamesMax; ++i) {
    const std::string path = prefix + std::to_string(i);
    Result<std::unique_ptr<env::File>> file = files.Open(path, env::OpenMode::kCreateNew);
    status = file.ok() ? files.Remove(path) : file.status();
    if (status.ok()) return file;
    if (status.code() == StatusCode::kDiskFull) break;
  }
  return status;
}

}  // namespace corelane::cli
