#pragma once

// ByteSource: a file from front to back, of which the next bytes can be looked at before they are
// taken. Owned by whoever reads the file; one thread; the file must outlive it.
//
// What always holds: it keeps no more of the file than was asked for at once, and a piece. Nothing
// is allocated for a length that the file does not have.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "env/file_system.h"

namespace corelane::cli {

class ByteSource {
 public:
  // `size_bytes` is the size of the file; what comes behind is not read.
  ByteSource(env::File& file, uint64_t size_bytes) : file_(file), size_bytes_(size_bytes) {}

  // The next `bytes` bytes; fewer at the end of the file only. The view dies with the next call.
  [[nodiscard]] Result<std::string_view> Look(size_t bytes);
  // The next line with its line feed, which may be missing at the end of the file and behind
  // `bytes_max` bytes.
  [[nodiscard]] Result<std::string_view> LookLine(size_t bytes_max);
  // Goes on behind `bytes` bytes that have been looked at.
  void Take(size_t bytes);

  // Bytes that were taken, and that are still to be.
  [[nodiscard]] uint64_t offset() const { return read_bytes_ - window_.size(); }
  [[nodiscard]] uint64_t left() const { return size_bytes_ - offset(); }

 private:
  static constexpr size_t kPieceBytes = size_t{256} << 10;

  [[nodiscard]] Status Fill(size_t bytes);

  env::File& file_;
  uint64_t size_bytes_;
  uint64_t read_bytes_ = 0;
  base::Buffer window_;  // read and not taken
};

}  // namespace corelane::cli
