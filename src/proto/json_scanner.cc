#include "proto/json_scanner.h"

#include <string_view>

namespace corelane::proto {

JsonScan JsonScanner::Resume(std::string_view object) {
  if (!running_) {
    at_ = 0;
    depth_ = 0;
    in_string_ = false;
    escaped_ = false;
  }
  const size_t before = at_;
  const JsonScan result = Scan(object);
  bytes_scanned_ += at_ - before;
  running_ = result == JsonScan::kNeedMore;
  return result;
}

JsonScan JsonScanner::Scan(std::string_view object) {
  while (at_ < object.size()) {
    if (in_string_) {
      if (!ScanString(object)) return JsonScan::kBadByte;
      continue;
    }
    switch (object[at_]) {
      case '"':
        in_string_ = true;
        break;
      case '{':
      case '[':
        if (depth_ == kJsonDepthMax) return JsonScan::kTooDeep;
        ++depth_;
        break;
      case '}':
      case ']':
        // Whether each bracket has its like is for the reader.
        if (--depth_ != 0) break;
        ++at_;
        return JsonScan::kEnd;
      default:
        break;
    }
    ++at_;
  }
  return JsonScan::kNeedMore;
}

// Goes to the end of the string, or of what there is. False at a byte that no string may hold.
bool JsonScanner::ScanString(std::string_view object) {
  for (; at_ < object.size(); ++at_) {
    const char byte = object[at_];
    if (static_cast<unsigned char>(byte) < ' ') return false;
    if (escaped_) {
      escaped_ = false;
    } else if (byte == '\\') {
      escaped_ = true;
    } else if (byte == '"') {
      in_string_ = false;
      ++at_;
      return true;
    }
  }
  return true;
}

}  // namespace corelane::proto
