#pragma once

// JsonScanner: finds where a JSON object ends, before all of it is there. It knows strings and
// brackets and nothing else; what lies between is for the reader (json_reader.h), which gets whole
// objects only. Owned by a JsonCodec; one thread.
//
// What always holds: every byte is looked at once, in whatever pieces the object comes; what it
// says of a stream does not depend on the pieces. It finds fault where waiting for the end would be
// in vain, or would take too much.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace corelane::proto {

// Brackets within brackets. A request needs four.
inline constexpr size_t kJsonDepthMax = 16;

enum class JsonScan : uint8_t {
  kEnd,       // the object is scanned() bytes long
  kNeedMore,  // all bytes are part of the object
  kTooDeep,   // the bracket at scanned() is one too many
  kBadByte,   // the byte at scanned() is a control character inside of a string
};

class JsonScanner {
 public:
  // `object` begins with the '{', and with the bytes it had in the call before. After kNeedMore the
  // next call goes on; after anything else it begins anew.
  [[nodiscard]] JsonScan Resume(std::string_view object);

  [[nodiscard]] size_t scanned() const { return at_; }
  // In all calls: what a test of linear cost counts.
  [[nodiscard]] uint64_t bytes_scanned() const { return bytes_scanned_; }

 private:
  [[nodiscard]] JsonScan Scan(std::string_view object);
  [[nodiscard]] bool ScanString(std::string_view object);

  size_t at_ = 0;  // bytes behind us
  size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;  // the byte before was a backslash inside of a string
  bool running_ = false;
  uint64_t bytes_scanned_ = 0;
};

}  // namespace corelane::proto
