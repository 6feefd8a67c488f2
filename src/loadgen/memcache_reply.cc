#include "loadgen/memcache_reply.h"

#include <string_view>

#include "loadgen/wire_bytes.h"

namespace corelane::loadgen {

MemcacheReplyScanner::Part MemcacheReplyScanner::Next(std::string_view in, std::string_view& part) {
  const std::string_view rest = in.substr(at_);
  if (data_expected_) {
    if (rest.size() < data_bytes_ + kCrLf.size()) return Part::kNeedMore;
    if (rest.substr(data_bytes_, kCrLf.size()) != kCrLf) return Part::kError;
    part = rest.substr(0, data_bytes_);
    at_ += data_bytes_ + kCrLf.size();
    data_expected_ = false;
    return Part::kData;
  }
  const bool whole = line_.Find(rest);
  const size_t line_bytes = line_.line_bytes();
  if (line_bytes > kMemcacheReplyLineBytesMax) return Part::kError;
  if (!whole) return Part::kNeedMore;
  if (line_bytes == 0 || rest[line_bytes - 1] != '\r') return Part::kError;
  part = rest.substr(0, line_bytes - 1);
  at_ += line_bytes + 1;
  return Part::kLine;
}

}  // namespace corelane::loadgen
