#include "wal/manifest.h"

#include <corelane/limits.h>

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/str_format.h"
#include "base/hash.h"

namespace corelane::wal {
namespace {

constexpr std::string_view kFirstLineStart = "corelane manifest ";

// Takes "NAME NUMBER\n" from the front of `bytes`; false when that is not what stands there.
bool TakeLine(std::string_view& bytes, std::string_view name, int base, uint64_t& number) {
  if (!bytes.starts_with(name)) return false;
  bytes.remove_prefix(name.size());
  const auto result = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number, base);
  if (result.ec != std::errc()) return false;
  bytes.remove_prefix(static_cast<size_t>(result.ptr - bytes.data()));
  if (!bytes.starts_with('\n')) return false;
  bytes.remove_prefix(1);
  return true;
}

Status Damaged() { return Status(StatusCode::kCorruption, "the manifest is damaged"); }

}  // namespace

std::string EncodeManifest(const Manifest& manifest) {
  std::string text = absl::StrFormat(
      "corelane manifest %u\ncreated %u\nhash_seed %016x\ngeneration %u\nlanes %u\n",
      kManifestFormatVersion, manifest.created_at_s, manifest.hash_seed, manifest.generation,
      manifest.lanes);
  const uint32_t checksum = base::Checksum32(text, kManifestFormatVersion);
  text += absl::StrFormat("checksum %08x\n", checksum);
  return text;
}

Result<Manifest> DecodeManifest(std::string_view bytes) {
  std::string_view rest = bytes;
  uint64_t version = 0;
  if (!TakeLine(rest, kFirstLineStart, 10, version)) return Damaged();
  // The version comes before all else: a newer one may have other lines.
  if (version > kManifestFormatVersion) {
    return Status(
        StatusCode::kIncompatible,
        absl::StrFormat("written by a newer corelane (format %u); this one reads up to %u", version,
                        kManifestFormatVersion));
  }
  Manifest manifest;
  uint64_t lanes = 0;
  if (!TakeLine(rest, "created ", 10, manifest.created_at_s) ||
      !TakeLine(rest, "hash_seed ", 16, manifest.hash_seed) ||
      !TakeLine(rest, "generation ", 10, manifest.generation) ||
      !TakeLine(rest, "lanes ", 10, lanes)) {
    return Damaged();
  }
  if (lanes == 0 || lanes > kLanesMax || manifest.generation == 0) return Damaged();
  manifest.lanes = static_cast<uint32_t>(lanes);
  // Written again it must be the same to the byte, checksum and all.
  if (EncodeManifest(manifest) != bytes) return Damaged();
  return manifest;
}

}  // namespace corelane::wal
