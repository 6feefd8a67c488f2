#pragma once

// RecordedCommands: commands from a text, to be sent again. One command a line, its words separated
// by blanks, with "..." (\n \r \t \b \a \" \\ \xHH) and '...' as redis-cli takes and prints them:
//
//   SET greeting "hello\x00world"
//
// What redis-cli prints for MONITOR is taken as it is, without the times:
//
//   1339518083.107412 [0 127.0.0.1:60866] "set" "x" "1"
//
// Left out are empty lines, those that begin with '#', the "OK" that MONITOR begins with, and of
// MONITOR's lines those of commands that a script has called, since the script is there itself.
//
// The commands are kept as RESP, one behind the other, so that sending one is one copy. They are
// answered out of any context: a transaction (MULTI ... EXEC) stays whole only if all of them go
// over one connection. Commands without exactly one reply each are refused.
//
// Read-only once parsed, then for any number of threads.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/buffer.h"

namespace corelane::loadgen {

class RecordedCommands {
 public:
  // kBadArgument says what is wrong, and in which line. There is at least one command then.
  [[nodiscard]] static Result<RecordedCommands> Parse(std::string_view text);

  [[nodiscard]] size_t size() const { return ends_.size(); }
  // The bytes of a command, ready to be sent; index < size().
  [[nodiscard]] std::string_view Encoded(size_t index) const {
    const uint64_t begin = index == 0 ? 0 : ends_[index - 1];
    return arena_.view().substr(begin, ends_[index] - begin);
  }
  // The first word of a command, as it was written.
  [[nodiscard]] std::string_view Name(size_t index) const;

 private:
  RecordedCommands() = default;

  base::Buffer arena_;
  std::vector<uint64_t> ends_;
};

}  // namespace corelane::loadgen
