#include "cli/byte_source.h"

#include <algorithm>
#include <span>

#include "base/status_macros.h"

namespace corelane::cli {

Result<std::string_view> ByteSource::Look(size_t bytes) {
  if (window_.size() < bytes) RETURN_IF_ERROR(Fill(bytes));
  return window_.view().substr(0, bytes);
}

Result<std::string_view> ByteSource::LookLine(size_t bytes_max) {
  size_t scanned = 0;
  for (;;) {
    const std::string_view seen = window_.view().substr(0, bytes_max);
    const size_t end = seen.find('\n', scanned);
    if (end != std::string_view::npos) return seen.substr(0, end + 1);
    if (seen.size() == bytes_max || seen.size() == left()) return seen;
    scanned = seen.size();
    RETURN_IF_ERROR(Fill(std::min(bytes_max, scanned + kPieceBytes)));
  }
}

void ByteSource::Take(size_t bytes) { window_.Consume(bytes); }

// Reads until the window has `bytes` bytes, or the file ends.
Status ByteSource::Fill(size_t bytes) {
  while (window_.size() < bytes && read_bytes_ < size_bytes_) {
    const size_t wanted = std::max(kPieceBytes, bytes - window_.size());
    const auto count = static_cast<size_t>(std::min<uint64_t>(wanted, size_bytes_ - read_bytes_));
    const Result<size_t> read = file_.ReadAt(read_bytes_, std::span(window_.Reserve(count), count));
    if (!read.ok()) return read.status();
    window_.Commit(*read);
    read_bytes_ += *read;
    // Somebody has cut the file off: it ends here.
    if (*read < count) size_bytes_ = read_bytes_;
  }
  return OkStatus();
}

}  // namespace corelane::cli
