#pragma once

// All entries as one JSON object, as COMPAT, part 5, has it: key to a one-member object that names
// the type.
//
//   {"key2":{"Integer":20},"key0":{"String":"x"},"b":{"Boolean":true},"f":{"Float":1.5},
//    "raw":{"Binary":[1,2,255]}}
//
// It has types, but no times: no expiry either. Keys are text; a string that is no UTF-8 becomes a
// Binary. What JSON has no number for is {"Float":"NaN"}, as in the JSON protocol. The reader takes
// it with and without white space, a member at a time. One thread.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "cli/byte_source.h"
#include "cli/snapshot_format.h"

namespace corelane::cli {

// Without the comma in front. kBadArgument when the key is no UTF-8.
[[nodiscard]] Status AppendJsonMember(const SnapshotEntry& entry, base::Buffer& to);

class JsonObjectReader final : public SnapshotReader {
 public:
  JsonObjectReader(ByteSource& source, const EntryLimits& limits)
      : source_(source), limits_(limits) {}
  [[nodiscard]] Result<bool> Next(SnapshotEntry& entry) override;

 private:
  // The next byte that is not blank; zero at the end of the file.
  [[nodiscard]] Result<char> Peek();
  // How long the member is that comes next.
  [[nodiscard]] Result<size_t> MemberBytes();
  [[nodiscard]] Status ParseMember(std::string_view member, SnapshotEntry& entry) const;
  [[nodiscard]] Status ReadEnd();
  [[nodiscard]] Status Invalid(std::string_view what) const;

  ByteSource& source_;
  const EntryLimits limits_;
  bool entered_ = false;  // the bracket that opens the object has been taken
};

}  // namespace corelane::cli
