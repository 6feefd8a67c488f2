#include <algorithm>
#include <istream>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/status_macros.h"
#include "cli/byte_source.h"
#include "cli/export_target.h"
#include "cli/transfer.h"
#include "common/progress.h"

namespace corelane::cli {
namespace {

// Writes that are sent at once: until there are so many, or so many bytes.
constexpr size_t kBatchEntries = 512;
constexpr size_t kBatchBytes = size_t{1} << 20;

size_t BytesOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->size();
  if (const auto* binary = std::get_if<Binary>(&value)) return binary->bytes.size();
  return sizeof(int64_t);
}

class Importer {
 public:
  Importer(const TransferTools& tools, SnapshotFormat format, env::File& file, uint64_t file_bytes)
      : backend_(tools.backend),
        clock_(tools.clock),
        format_(format),
        file_(file),
        file_bytes_(file_bytes),
        progress_(tools.clock) {}

  Result<ImportCounts> Run() {
    const Result<EntryLimits> limits = backend_.Limits();
    if (!limits.ok()) return limits.status();
    limits_ = *limits;
    RETURN_IF_ERROR(Check());
    if (const Status status = Store(); !status.ok() && counts_.failure.ok()) {
      counts_.failure = status;
    }
    counts_.failed = entries_ - std::min(entries_, counts_.imported + counts_.expired);
    return counts_;
  }

 private:
  // The first time through the file: all of it has to be right.
  Status Check() {
    ByteSource source(file_, file_bytes_);
    const std::unique_ptr<SnapshotReader> reader = OpenSnapshot(format_, source, limits_);
    SnapshotEntry entry;
    for (;;) {
      const Result<bool> found = reader->Next(entry);
      if (!found.ok()) return found.status();
      if (!*found) return OkStatus();
      ++entries_;
      progress_.Update("bytes checked", source.offset(), file_bytes_);
    }
  }

  // The second time. An error is of the file, which somebody must have changed, or stands in the
  // counts.
  Status Store() {
    ByteSource source(file_, file_bytes_);
    const std::unique_ptr<SnapshotReader> reader = OpenSnapshot(format_, source, limits_);
    SnapshotEntry entry;
    for (;;) {
      const Result<bool> found = reader->Next(entry);
      if (!found.ok()) return found.status();
      if (!*found) break;
      batch_bytes_ += entry.key.size() + BytesOf(entry.value);
      batch_.push_back(std::move(entry));
      if (batch_.size() < kBatchEntries && batch_bytes_ < kBatchBytes) continue;
      if (!StoreBatch()) return OkStatus();
      progress_.Update("entries imported", counts_.imported + counts_.expired, entries_);
    }
    StoreBatch();
    return OkStatus();
  }

  // False when nothing of it went in: then there is no point in going on.
  bool StoreBatch() {
    const UnixMillis now{Backend::Millis(clock_.WallMillis())};
    std::vector<TypedPut> puts;
    for (SnapshotEntry& entry : batch_) {
      if (entry.expires_at.has_value() && *entry.expires_at <= now) {
        ++counts_.expired;
        continue;
      }
      TypedPut& put = puts.emplace_back(TypedPut{std::move(entry.key), std::move(entry.value), {}});
      if (entry.expires_at.has_value()) put.ttl = *entry.expires_at - now;
    }
    batch_.clear();
    batch_bytes_ = 0;
    if (puts.empty()) return true;
    uint64_t stored = 0;
    for (const Status& status : backend_.PutBatch(puts)) {
      if (status.ok()) ++stored;
      if (!status.ok() && counts_.failure.ok()) counts_.failure = status;
    }
    counts_.imported += stored;
    return stored > 0;
  }

  Backend& backend_;
  const env::Clock& clock_;
  const SnapshotFormat format_;
  env::File& file_;
  const uint64_t file_bytes_;
  tools::Progress progress_;
  EntryLimits limits_;
  uint64_t entries_ = 0;
  std::vector<SnapshotEntry> batch_;
  size_t batch_bytes_ = 0;
  ImportCounts counts_;
};

// Standard input, which cannot be read twice, in a file that can.
Result<std::unique_ptr<env::File>> SpoolOf(env::FileSystem& files, std::istream& in) {
  Result<std::unique_ptr<env::File>> spool = OpenSpool(files);
  if (!spool.ok()) return spool;
  std::vector<char> piece(kCopyPieceBytes);
  uint64_t at = 0;
  while (in.good()) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto count = static_cast<size_t>(in.gcount());
    RETURN_IF_ERROR((*spool)->WriteAt(at, {piece.data(), count}));
    at += count;
  }
  if (in.bad()) return Status(StatusCode::kIoError, "cannot read standard input");
  return spool;
}

}  // namespace

Result<ImportCounts> ImportEntries(const TransferTools& tools, const TransferRequest& request,
                                   std::istream& in) {
  const Result<std::unique_ptr<env::File>> file =
      request.path == "-" ? SpoolOf(tools.files, in)
                          : tools.files.Open(request.path, env::OpenMode::kRead);
  if (!file.ok()) return file.status();
  const Result<uint64_t> file_bytes = (*file)->Size();
  if (!file_bytes.ok()) return file_bytes.status();
  return Importer(tools, request.format, **file, *file_bytes).Run();
}

}  // namespace corelane::cli
