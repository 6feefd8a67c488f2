#pragma once

// FileWindow: a part of a file in memory that moves forward as it is read, in big pieces. Memory
// grows with what the file really holds, never with what its bytes announce.
//
// Used by one reader, on one thread. A view lives until the next call.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "env/file_system.h"

namespace corelane::wal {

class FileWindow {
 public:
  static constexpr size_t kPieceBytes = size_t{1} << 20;

  // The file outlives the window and keeps its size while it is read.
  explicit FileWindow(env::File& file) : file_(file) {}

  // To be called once, first.
  [[nodiscard]] Status Open();

  [[nodiscard]] uint64_t file_bytes() const { return file_bytes_; }

  // Null when the bytes are not in memory; then Load().
  [[nodiscard]] const char* Peek(uint64_t offset, size_t count) const {
    if (offset < begin_ || offset + count > begin_ + size_) return nullptr;
    return block_.get() + (offset - begin_);
  }

  // Brings [offset, offset + count) into memory; the caller has seen that it lies within the file.
  [[nodiscard]] Status Load(uint64_t offset, size_t count);

 private:
  env::File& file_;
  uint64_t file_bytes_ = 0;
  std::unique_ptr<char[]> block_;
  size_t capacity_ = 0;
  uint64_t begin_ = 0;  // file offset of block_[0]
  size_t size_ = 0;
};

}  // namespace corelane::wal
