#pragma once

// MultibulkParser: one RESP request of the form `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`, in as many pieces
// as it comes. It notes where each argument lies, counted from the request's '*', so that every
// received byte is looked at once, however small the pieces are. Owned by a RespCodec. Requests
// that are whole in the received bytes take a faster way (ParseWhole).
//
// Compatible with redis 7.0 in what it accepts: the byte after a CR, and the two after a bulk, are
// skipped unseen; a count below one is a request of nothing. Memory grows with what was received,
// never with what was announced.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kv/request.h"

namespace corelane::proto {

// A line (a count, a length, an inline command) that is longer is refused.
inline constexpr size_t kRespLineBytesMax = size_t{64} << 10;

struct MultibulkLimits {
  size_t args_max;
  size_t bulk_bytes_max;
  size_t request_bytes_max;
};

enum class MultibulkStep : uint8_t { kDone, kNeedMore, kError };

class MultibulkParser {
 public:
  explicit MultibulkParser(const MultibulkLimits& limits) : limits_(limits) {}

  // Looks at the request that begins at request[0] == '*'; the same bytes come again with more
  // behind them until it says kDone or kError.
  [[nodiscard]] MultibulkStep Resume(std::string_view request);

  // After kDone: appends the request to `batch` (nothing for an empty one) and makes ready for the
  // next.
  void Take(std::string_view request, kv::RequestBatch& batch);

  // True between a kNeedMore and the kDone that follows it.
  [[nodiscard]] bool active() const { return at_ != 0 || line_scanned_ != 0; }
  // After kDone: the request's length. After kNeedMore: the least length that is worth another
  // Resume().
  [[nodiscard]] size_t request_bytes() const { return at_; }
  [[nodiscard]] size_t needed() const { return needed_; }
  // After kError: the message behind "Protocol error: ", valid until the next Resume().
  [[nodiscard]] std::string_view error() const { return {error_, error_bytes_}; }
  // How many bytes were looked at for the end of a line, over the parser's life: what a test of
  // linear cost counts.
  [[nodiscard]] uint64_t bytes_scanned() const { return bytes_scanned_; }

 private:
  enum class Expect : uint8_t { kCount, kLength, kBytes };
  struct Span {
    size_t begin;
    size_t bytes;
  };

  [[nodiscard]] MultibulkStep TakeLine(std::string_view request, std::string_view& line);
  [[nodiscard]] MultibulkStep TakeCount(std::string_view line);
  [[nodiscard]] MultibulkStep TakeLength(std::string_view line);
  MultibulkStep Fail(std::string_view message);
  MultibulkStep Wait(size_t needed);

  MultibulkLimits limits_;
  Expect expect_ = Expect::kCount;
  size_t at_ = 0;            // what is parsed
  size_t line_scanned_ = 0;  // bytes behind at_ that hold no CR
  size_t args_left_ = 0;
  size_t bulk_bytes_ = 0;  // of the argument that is under way
  size_t needed_ = 1;
  std::vector<Span> args_;
  uint64_t bytes_scanned_ = 0;
  char error_text_[32] = {};  // "expected '$', got 'x'"
  const char* error_ = "";
  size_t error_bytes_ = 0;
};

// Parses the request at request[0] == '*' straight into `batch` when all of it is there and nothing
// about it is unusual, and returns its length. Otherwise returns 0 and leaves `batch` as it was:
// the parser above then has a look.
[[nodiscard]] size_t ParseWhole(std::string_view request, const MultibulkLimits& limits,
                                kv::RequestBatch& batch);

}  // namespace corelane::proto
