#pragma once

// The snapshot format ZIGKV001, as COMPAT, part 2, has it. Integers are little-endian:
//
//   head:   8 bytes "ZIGKV001", u32 number of entries
//   entry:  u32 key length, key, u32 value length, value, i64 created_at (unix seconds),
//           u8 has_expiry (0 or 1), and only when that is 1: i64 expires_at (unix seconds)
//
// One entry, `k` = `v`, created at 1700000000 s, expires at 1700000060 s:
//
//   5a 49 47 4b 56 30 30 31  01 00 00 00
//   01 00 00 00 6b  01 00 00 00 76  00 f1 53 65 00 00 00 00  01  3c f1 53 65 00 00 00 00
//
// Our expiry has milliseconds: it is rounded up, so that nothing goes too early. One thread.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "cli/byte_source.h"
#include "cli/snapshot_format.h"

namespace corelane::cli {

[[nodiscard]] std::string ZigkvHead(uint32_t entries);
void AppendZigkvEntry(const SnapshotEntry& entry, base::Buffer& to);

class ZigkvReader final : public SnapshotReader {
 public:
  ZigkvReader(ByteSource& source, const EntryLimits& limits) : source_(source), limits_(limits) {}
  [[nodiscard]] Result<bool> Next(SnapshotEntry& entry) override;

 private:
  [[nodiscard]] Status ReadHead();
  [[nodiscard]] Status ReadBytes(std::string_view what, size_t bytes_max, std::string& bytes);
  [[nodiscard]] Status ReadTimes(SnapshotEntry& entry);
  // The next `bytes` bytes, all of them, and takes them.
  [[nodiscard]] Result<std::string_view> Need(size_t bytes);
  [[nodiscard]] Status Invalid(std::string_view what) const;

  ByteSource& source_;
  const EntryLimits limits_;
  bool head_read_ = false;
  uint32_t entries_left_ = 0;
  uint64_t field_at_ = 0;  // where the field begins that was needed last
  size_t unread_ = 0;      // bytes that were looked at, and are taken with the next look
};

}  // namespace corelane::cli
