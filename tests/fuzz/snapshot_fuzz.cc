// Files for import: the first byte chooses the format, the rest is the file. Whatever a reader
// makes of it stays within the limits, and what it took whole is written and read again as the
// same.

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "cli/byte_source.h"
#include "cli/snapshot_format.h"
#include "fuzz_entry.h"

namespace corelane::cli {
namespace {

constexpr SnapshotFormat kFormats[] = {SnapshotFormat::kJson, SnapshotFormat::kJsonObject,
                                       SnapshotFormat::kZigkv001, SnapshotFormat::kResp};
constexpr EntryLimits kLimits{64, 256};

class BytesFile final : public env::File {
 public:
  explicit BytesFile(std::string_view bytes) : bytes_(bytes) {}
  Result<uint64_t> Size() override { return uint64_t{bytes_.size()}; }
  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    const size_t at = std::min<size_t>(offset, bytes_.size());
    const size_t count = std::min(out.size(), bytes_.size() - at);
    std::memcpy(out.data(), bytes_.data() + at, count);
    return count;
  }
  Status WriteAt(uint64_t, std::string_view) override { return OkStatus(); }
  Status Allocate(uint64_t, uint64_t) override { return OkStatus(); }
  Status Truncate(uint64_t) override { return OkStatus(); }
  Status Sync() override { return OkStatus(); }
  Result<std::unique_ptr<env::Mapping>> Map(uint64_t) override {
    return Status(StatusCode::kIoError, "not here");
  }

 private:
  const std::string_view bytes_;
};

// False when the file is not right.
bool ReadAll(SnapshotFormat format, std::string_view bytes, std::vector<SnapshotEntry>& entries) {
  BytesFile file(bytes);
  ByteSource source(file, bytes.size());
  const std::unique_ptr<SnapshotReader> reader = OpenSnapshot(format, source, kLimits);
  for (;;) {
    SnapshotEntry entry;
    const Result<bool> found = reader->Next(entry);
    CHECK(source.offset() <= bytes.size());
    if (!found.ok()) return false;
    if (!*found) return true;
    CHECK(entry.key.size() <= kLimits.key_bytes_max);
    entries.push_back(std::move(entry));
  }
}

// What is written of entries is the same when they have been written and read before.
std::string Written(SnapshotFormat format, const std::vector<SnapshotEntry>& entries) {
  base::Buffer bytes;
  bytes.Append(SnapshotHead(format, static_cast<uint32_t>(entries.size())));
  for (size_t i = 0; i < entries.size(); ++i) {
    CHECK(AppendSnapshotEntry(format, i, entries[i], bytes).ok());
  }
  bytes.Append(SnapshotTail(format));
  return std::string(bytes.view());
}

void Read(SnapshotFormat format, std::string_view bytes) {
  std::vector<SnapshotEntry> entries;
  if (!ReadAll(format, bytes, entries)) return;
  const std::string written = Written(format, entries);
  std::vector<SnapshotEntry> again;
  CHECK(ReadAll(format, written, again));
  CHECK(Written(format, again) == written);
}

}  // namespace
}  // namespace corelane::cli

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  using corelane::cli::kFormats;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  corelane::cli::Read(kFormats[data[0] % std::size(kFormats)], bytes);
  return 0;
}
