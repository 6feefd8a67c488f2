#pragma once

// SegmentRewriter: writes the frames of one segment that no mark calls durable once more, in place
// and in pieces, and syncs. A sync that failed in an earlier life leaves pages behind that read
// well, are not on the disk, and that no later sync takes for dirty; pages that are written again
// are.
//
// Used by recovery, on one thread, once per file. The file outlives it.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "env/file_system.h"
#include "wal/file_window.h"
#include "wal/format.h"

namespace corelane::wal {

class SegmentRewriter {
 public:
  // `name` is how messages call the file.
  SegmentRewriter(env::File& file, std::string name)
      : file_(file), window_(file), name_(std::move(name)) {}

  // The frames behind durable_seq. kIoError when the file is not what it was when it was judged.
  [[nodiscard]] Status Run(uint64_t durable_seq);

 private:
  [[nodiscard]] Result<const char*> At(uint64_t offset, size_t count);
  [[nodiscard]] Status WritePending();
  [[nodiscard]] Status Changed(uint64_t offset) const;

  env::File& file_;
  FileWindow window_;
  const std::string name_;
  uint64_t pending_begin_ = kSegmentHeaderBytes;
  uint64_t pending_end_ = kSegmentHeaderBytes;  // checked up to here, and in the window
};

}  // namespace corelane::wal
