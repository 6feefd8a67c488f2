#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/status_macros.h"
#include "cli/export_target.h"
#include "cli/transfer.h"
#include "common/progress.h"

namespace corelane::cli {
namespace {

// Values that are asked for at once: so many, but fewer where they have been large.
constexpr size_t kBatchKeysMax = 64;
constexpr size_t kBatchBytes = size_t{4} << 20;
// Bytes of the file that are written at once.
constexpr size_t kWriteBytes = size_t{1} << 20;

class Exporter {
 public:
  Exporter(const TransferTools& tools, SnapshotFormat format, ExportTarget& target)
      : backend_(tools.backend), format_(format), target_(target), progress_(tools.clock) {}

  Result<uint64_t> Run() {
    const Result<uint64_t> total = backend_.Count();
    if (!total.ok()) return total.status();
    total_ = *total;
    buffer_.Append(SnapshotHead(format_, 0));
    uint64_t cursor = 0;
    do {
      const Result<ListPage> page = backend_.List(cursor);
      if (!page.ok()) return page.status();
      RETURN_IF_ERROR(AddPage(page->keys));
      cursor = page->next_cursor;
    } while (cursor != 0);
    buffer_.Append(SnapshotTail(format_));
    RETURN_IF_ERROR(Write());
    if (HeadCounts(format_) && entries_ > std::numeric_limits<uint32_t>::max()) {
      return Status(StatusCode::kBadArgument,
                    std::to_string(entries_) + " entries are more than this format can count");
    }
    RETURN_IF_ERROR(target_.Finish(SnapshotHead(format_, static_cast<uint32_t>(entries_))));
    return entries_;
  }

 private:
  Status AddPage(std::span<const std::string> keys) {
    while (!keys.empty()) {
      const size_t count = std::min(batch_keys_, keys.size());
      RETURN_IF_ERROR(AddBatch(keys.first(count)));
      keys = keys.subspan(count);
      progress_.Update("keys exported", entries_, std::max(total_, entries_));
    }
    return OkStatus();
  }

  Status AddBatch(std::span<const std::string> keys) {
    auto values = backend_.GetBatch(keys);
    size_t entry_bytes_max = 0;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (!values[i].ok()) return values[i].status();
      // It went since its key was listed.
      if (!values[i]->has_value()) continue;
      const size_t before = buffer_.size();
      const SnapshotEntry entry = EntryOf(keys[i], std::move(**values[i]));
      RETURN_IF_ERROR(AppendSnapshotEntry(format_, entries_, entry, buffer_));
      ++entries_;
      entry_bytes_max = std::max(entry_bytes_max, buffer_.size() - before);
      if (buffer_.size() >= kWriteBytes) RETURN_IF_ERROR(Write());
    }
    const size_t fitting = kBatchBytes / std::max<size_t>(entry_bytes_max, 1);
    batch_keys_ = std::clamp<size_t>(fitting, 1, kBatchKeysMax);
    return OkStatus();
  }

  static SnapshotEntry EntryOf(const std::string& key, StoredValue stored) {
    return {key, std::move(stored.value), stored.created_at, stored.expires_at};
  }

  Status Write() {
    RETURN_IF_ERROR(target_.Append(buffer_.view()));
    buffer_.Clear();
    return OkStatus();
  }

  Backend& backend_;
  const SnapshotFormat format_;
  ExportTarget& target_;
  tools::Progress progress_;
  base::Buffer buffer_;
  uint64_t total_ = 0;
  uint64_t entries_ = 0;
  size_t batch_keys_ = kBatchKeysMax;
};

}  // namespace

Result<TransferRequest> ParseTransfer(std::span<const std::string> words) {
  constexpr std::string_view kFormatFlag = "--format=";
  std::optional<SnapshotFormat> format;
  std::optional<std::string> path;
  for (const std::string& word : words) {
    if (word.starts_with(kFormatFlag) && !format.has_value()) {
      format = SnapshotFormatNamed(std::string_view(word).substr(kFormatFlag.size()));
      if (format.has_value()) continue;
    } else if (!word.empty() && !word.starts_with("--") && !path.has_value()) {
      path = word;
      continue;
    }
    return Status(StatusCode::kBadArgument,
                  word + " is not understood: FILE --format=" + std::string(kSnapshotFormatNames));
  }
  if (!path.has_value() || !format.has_value()) {
    return Status(StatusCode::kBadArgument,
                  "FILE and --format=" + std::string(kSnapshotFormatNames) + " are needed");
  }
  return TransferRequest{*path, *format};
}

Result<uint64_t> ExportEntries(const TransferTools& tools, const TransferRequest& request,
                               std::ostream& out) {
  std::unique_ptr<ExportTarget> target;
  if (request.path == "-" && !HeadCounts(request.format)) {
    target = OpenStreamTarget(out);
  } else {
    Result<std::unique_ptr<ExportTarget>> opened = request.path == "-"
                                                       ? OpenSpooledTarget(tools.files, out)
                                                       : OpenFileTarget(tools.files, request.path);
    if (!opened.ok()) return opened.status();
    target = std::move(*opened);
  }
  return Exporter(tools, request.format, *target).Run();
}

}  // namespace corelane::cli
