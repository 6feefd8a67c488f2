#pragma once

// Manifest: what a data directory is. A small text file, replaced as a whole (WAL_FORMAT.md). Pure
// functions over bytes.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corelane::wal {

inline constexpr uint32_t kManifestFormatVersion = 1;
inline constexpr size_t kManifestBytesMax = 4096;

struct Manifest {
  uint64_t created_at_s = 0;  // unix seconds
  uint64_t hash_seed = 0;     // places keys; never changes
  uint64_t generation = 1;    // the one whose logs count
  uint32_t lanes = 0;
  bool operator==(const Manifest&) const = default;
};

[[nodiscard]] std::string EncodeManifest(const Manifest& manifest);

// kIncompatible for a newer format version, kCorruption for anything else that EncodeManifest would
// not have made.
[[nodiscard]] Result<Manifest> DecodeManifest(std::string_view bytes);

}  // namespace corelane::wal
