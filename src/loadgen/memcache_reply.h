#pragma once

// MemcacheReplyScanner: takes a reply of the memcache text protocol apart into lines and blocks of
// data, in whatever pieces it comes. What the lines mean is for the wire that owns it
// (wire_memcache.h). Pure; one thread.
//
// What always holds: of the bytes that come again, only a line that has not ended is looked at, and
// of that only what is new; what it says does not depend on the pieces.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/line_scanner.h"

namespace corelane::loadgen {

// A line of a reply with a key of 250 bytes and all flags is far below.
inline constexpr size_t kMemcacheReplyLineBytesMax = 2048;

class MemcacheReplyScanner {
 public:
  enum class Part : uint8_t {
    kNeedMore,
    kLine,   // without its end
    kData,   // what ExpectData() has announced
    kError,  // a line that is too long or ends in LF alone, or data that does not end where it must
  };

  // The next part of the reply at the front of `in`, which comes again, with more behind it, until
  // Finish().
  [[nodiscard]] Part Next(std::string_view in, std::string_view& part);

  // The next part is so many bytes of data.
  void ExpectData(size_t bytes) {
    data_bytes_ = bytes;
    data_expected_ = true;
  }

  // Of the reply, as far as it was taken apart.
  [[nodiscard]] size_t bytes() const { return at_; }
  // The next call is about another reply.
  void Finish() { at_ = 0; }

 private:
  size_t at_ = 0;
  proto::LineScanner line_;  // behind at_
  size_t data_bytes_ = 0;
  bool data_expected_ = false;
};

}  // namespace corelane::loadgen
