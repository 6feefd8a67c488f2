#pragma once

// ExportTarget: where an export writes to. Owned by the export; one thread.
//
//   a file    written beside its place and moved there when it is whole, so that a failed export
//             leaves what was there before
//   a stream  standard output; what counts its entries in front waits in a temporary file first
//
// A target that is destroyed before Finish() leaves no file.

#include <corelane/status.h>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "env/file_system.h"

namespace corelane::cli {

class ExportTarget {
 public:
  virtual ~ExportTarget() = default;
  [[nodiscard]] virtual Status Append(std::string_view bytes) = 0;
  // `head` is what the first bytes have to be; as many have been appended in their place.
  [[nodiscard]] virtual Status Finish(std::string_view head) = 0;
};

// Replaces the file of that name. What is there and is no file is refused.
[[nodiscard]] Result<std::unique_ptr<ExportTarget>> OpenFileTarget(env::FileSystem& files,
                                                                   const std::string& path);
// For a format whose head is known at once, or has none.
[[nodiscard]] std::unique_ptr<ExportTarget> OpenStreamTarget(std::ostream& out);
// For any other.
[[nodiscard]] Result<std::unique_ptr<ExportTarget>> OpenSpooledTarget(env::FileSystem& files,
                                                                      std::ostream& out);

// A temporary file without a name, which goes when it is closed. In $TMPDIR, or in /tmp.
[[nodiscard]] Result<std::unique_ptr<env::File>> OpenSpool(env::FileSystem& files);

// How much is copied at a time.
inline constexpr size_t kCopyPieceBytes = size_t{1} << 20;

}  // namespace corelane::cli
