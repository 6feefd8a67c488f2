#pragma once

// A file of SET commands, as RESP arrays: what `redis-cli --pipe` sends to any server that speaks
// the protocol of redis. Values as their text; an expiry is absolute, in milliseconds:
//
//   *3 $3 SET $1 k $1 v                          (each followed by CR LF)
//   *5 $3 SET $1 k $1 v $4 PXAT $13 1700000060500
//
// The reader takes these two forms only (SET and PXAT in any case, EXAT with seconds as well):
// other commands could do anything. One thread.

#include <corelane/status.h>

#include <string>
#include <string_view>

#include "base/buffer.h"
#include "cli/byte_source.h"
#include "cli/snapshot_format.h"

namespace corelane::cli {

void AppendRespEntry(const SnapshotEntry& entry, base::Buffer& to);

class RespReader final : public SnapshotReader {
 public:
  RespReader(ByteSource& source, const EntryLimits& limits) : source_(source), limits_(limits) {}
  [[nodiscard]] Result<bool> Next(SnapshotEntry& entry) override;

 private:
  // The number behind `sign` in a line of its own.
  [[nodiscard]] Result<size_t> ReadNumber(char sign);
  [[nodiscard]] Status ReadBulk(std::string_view what, size_t bytes_max, std::string& bytes);
  [[nodiscard]] Status ReadExpiry(SnapshotEntry& entry);
  [[nodiscard]] Status Invalid(std::string_view what) const;

  ByteSource& source_;
  const EntryLimits limits_;
  std::string word_;  // scratch
};

}  // namespace corelane::cli
