#pragma once

// The client's half of RESP2 and RESP3: commands into a buffer, replies out of received bytes. Used
// by the load generator and by tests. Pure: no sockets. One thread per object.
//
// A reply is found in two steps. RespReplyScanner walks the bytes as they come and says where a
// reply ends, looking at each line once; a load generator needs no more. ParseRespReply then makes
// a tree of a whole reply.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "proto/line_scanner.h"
#include "proto/reply_state.h"

namespace corelane::proto {

// Appends `*N\r\n$L\r\n...` for the words of one command.
void WriteRespCommand(std::span<const std::string_view> words, base::Buffer& out);
// The same for a handful of words: WriteRespCommand({"GET", key}, out).
void WriteRespCommand(std::initializer_list<std::string_view> words, base::Buffer& out);

struct RespReplyLimits {
  size_t bulk_bytes_max = size_t{512} << 20;
  size_t elements_max = size_t{1} << 21;  // of one reply, nested ones counted
};

class RespReplyScanner {
 public:
  RespReplyScanner() = default;
  explicit RespReplyScanner(const RespReplyLimits& limits) : limits_(limits) {}

  // Looks for the end of the reply at the front of `in`. kNeedMore: call again with the same bytes
  // and more behind them. kDone: `reply_bytes` is the reply's length; drop it and go on. kError:
  // not RESP, or over a limit.
  [[nodiscard]] ReplyState Next(std::string_view in, size_t& reply_bytes);
  // kDone: true when the reply as a whole is an error. (One with attributes in front counts as
  // none.)
  [[nodiscard]] bool is_error() const { return first_ == '-' || first_ == '!'; }

 private:
  [[nodiscard]] bool TakeLine(std::string_view line);

  RespReplyLimits limits_;
  size_t at_ = 0;             // what is walked over
  LineScanner line_;          // behind at_
  size_t elements_left_ = 1;  // that the reply still needs
  size_t elements_ = 0;
  size_t bulk_end_ = 0;  // where a bulk that is under way ends
  char first_ = 0;       // the mark of the reply's first line
};

struct RespReply {
  enum class Kind : uint8_t {
    kNil,
    kSimple,
    kError,
    kInteger,
    kBulk,
    kDouble,
    kBoolean,
    kArray,
    kMap,
    kPush,
    kOther
  };

  Kind kind = Kind::kNil;
  int64_t integer = 0;  // kInteger, kBoolean (0 or 1)
  double real = 0;      // kDouble
  std::string text;     // kSimple, kError, kBulk; the digits of a kDouble; the line of kOther
  std::vector<RespReply> elements;  // kArray, kMap (key, value, key, ...), kPush
};

// Makes a tree of the whole reply at the front of `bytes` (as a RespReplyScanner found it). False
// when it is malformed or nested deeper than kRespDepthMax.
inline constexpr size_t kRespDepthMax = 64;
[[nodiscard]] bool ParseRespReply(std::string_view bytes, RespReply& reply);

}  // namespace corelane::proto
