#include "wal/file_window.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"

namespace corelane::wal {

Status FileWindow::Open() {
  Result<uint64_t> size = file_.Size();
  if (!size.ok()) return size.status();
  file_bytes_ = *size;
  return OkStatus();
}

Status FileWindow::Load(uint64_t offset, size_t count) {
  CHECK(offset <= file_bytes_ && count <= file_bytes_ - offset);
  const auto wanted =
      static_cast<size_t>(std::min<uint64_t>(std::max(count, kPieceBytes), file_bytes_ - offset));
  // What is there already of the wanted part is kept.
  const bool overlaps = offset >= begin_ && offset < begin_ + size_;
  const char* const kept_from = overlaps ? block_.get() + (offset - begin_) : nullptr;
  const size_t kept = overlaps ? static_cast<size_t>(begin_ + size_ - offset) : 0;
  if (kept >= wanted) return OkStatus();
  if (wanted > capacity_) {
    auto bigger = std::make_unique_for_overwrite<char[]>(wanted);
    if (kept != 0) std::memcpy(bigger.get(), kept_from, kept);
    block_ = std::move(bigger);
    capacity_ = wanted;
  } else if (kept != 0) {
    std::memmove(block_.get(), kept_from, kept);
  }
  begin_ = offset;
  size_ = kept;
  Result<size_t> got = file_.ReadAt(offset + kept, std::span(block_.get() + kept, wanted - kept));
  if (!got.ok()) return got.status();
  size_ += *got;
  if (size_ < count)
    return Status(StatusCode::kIoError, "the file became shorter while it was read");
  return OkStatus();
}

}  // namespace corelane::wal
