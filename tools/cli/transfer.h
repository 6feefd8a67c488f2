#pragma once

// Export and import: all entries of a server or store to a file, and back. Free functions over what
// main owns; one thread.
//
// Export walks as SCAN does, so that the server may be in use: a key that stays put is in the file
// once, one that comes or goes meanwhile may be. Import reads the file twice: nothing is changed
// before all of it has been found right. What both keep in memory is bounded by a few entries,
// however long the file is.

#include <corelane/status.h>

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>

#include "cli/backend.h"
#include "cli/snapshot_format.h"
#include "env/clock.h"
#include "env/file_system.h"

namespace corelane::cli {

struct TransferRequest {
  std::string path;  // "-": standard input or output
  SnapshotFormat format = SnapshotFormat::kJson;
};

// Reads `FILE --format=NAME`, in any order. kBadArgument with a line that says what is missing.
[[nodiscard]] Result<TransferRequest> ParseTransfer(std::span<const std::string> words);

// What an export or import works with.
struct TransferTools {
  Backend& backend;
  env::FileSystem& files;
  const env::Clock& clock;
};

// How many entries there are in the file then.
[[nodiscard]] Result<uint64_t> ExportEntries(const TransferTools& tools,
                                             const TransferRequest& request, std::ostream& out);

struct ImportCounts {
  uint64_t imported = 0;
  uint64_t expired = 0;  // left out
  uint64_t failed = 0;   // those that were not tried any more included
  Status failure;        // the first
};

// kCorruption: the file is not right, and nothing was changed.
[[nodiscard]] Result<ImportCounts> ImportEntries(const TransferTools& tools,
                                                 const TransferRequest& request, std::istream& in);

}  // namespace corelane::cli
