#pragma once

// BytesFile: given bytes as a file that can only be read, for the readers of the log. One thread.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "env/file_system.h"

namespace corelane::wal {

class BytesFile final : public env::File {
 public:
  explicit BytesFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<uint64_t> Size() override { return uint64_t{bytes_.size()}; }
  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    const size_t count =
        std::min<size_t>(out.size(), bytes_.size() - std::min<size_t>(offset, bytes_.size()));
    if (count != 0) std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
  }
  Status WriteAt(uint64_t, std::string_view) override { return Refused(); }
  Status Allocate(uint64_t, uint64_t) override { return Refused(); }
  Status Truncate(uint64_t) override { return Refused(); }
  Status Sync() override { return Refused(); }
  Result<std::unique_ptr<env::Mapping>> Map(uint64_t) override { return Refused(); }

 private:
  static Status Refused() { return Status(StatusCode::kIoError, "read only"); }
  const std::string bytes_;
};

}  // namespace corelane::wal
