#pragma once

// LineScanner: how the codecs find the ends of lines at a cost linear in what is received.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace corelane::proto {

// Looks for the end of the line at the front of the received bytes. Of bytes that come again, with
// more behind them, it looks at the new ones only.
class LineScanner {
 public:
  // True if `rest` holds the line's '\n'; the next call is about another line.
  [[nodiscard]] bool Find(std::string_view rest) {
    const std::string_view fresh = rest.substr(scanned_);
    const size_t found = fresh.find('\n');
    const bool whole = found != std::string_view::npos;
    bytes_scanned_ += whole ? found + 1 : fresh.size();
    line_bytes_ = whole ? scanned_ + found : rest.size();
    scanned_ = whole ? 0 : line_bytes_;
    return whole;
  }
  // Of the line, without its '\n'; as far as it is there.
  [[nodiscard]] size_t line_bytes() const { return line_bytes_; }
  // How many bytes were looked at in all: what a test of linear cost counts.
  [[nodiscard]] uint64_t bytes_scanned() const { return bytes_scanned_; }

 private:
  size_t scanned_ = 0;  // bytes of an unfinished line that hold no '\n'
  size_t line_bytes_ = 0;
  uint64_t bytes_scanned_ = 0;
};

}  // namespace corelane::proto
