// The client's half of RESP: any bytes as replies. The first byte says in which pieces they come.

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "fuzz_entry.h"
#include "proto/resp_client.h"

namespace corelane::proto {
namespace {

constexpr RespReplyLimits kLimits = {.bulk_bytes_max = 256, .elements_max = 64};

struct Outcome {
  size_t replies = 0;
  size_t bytes = 0;
  ReplyState state = ReplyState::kNeedMore;
  bool operator==(const Outcome&) const = default;
};

Outcome Scan(std::string_view stream, size_t piece_bytes, bool make_trees) {
  RespReplyScanner scanner(kLimits);
  Outcome outcome;
  size_t received = 0;
  do {
    received = std::min(received + piece_bytes, stream.size());
    size_t reply_bytes = 0;
    while (true) {
      const std::string_view rest = stream.substr(outcome.bytes, received - outcome.bytes);
      outcome.state = scanner.Next(rest, reply_bytes);
      if (outcome.state != ReplyState::kDone) break;
      CHECK(reply_bytes > 0);
      CHECK(reply_bytes <= rest.size());
      RespReply tree;
      // The parser is the stricter of the two: it also looks into the scalars.
      if (make_trees) (void)ParseRespReply(rest.substr(0, reply_bytes), tree);
      outcome.bytes += reply_bytes;
      ++outcome.replies;
    }
  } while (outcome.state == ReplyState::kNeedMore && received != stream.size());
  return outcome;
}

}  // namespace
}  // namespace corelane::proto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corelane::proto;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece_bytes = size_t{1} + data[0] % 32;
  const Outcome whole = Scan(stream, std::max<size_t>(stream.size(), 1), true);
  CHECK(whole == Scan(stream, piece_bytes, false));
  RespReply tree;
  (void)ParseRespReply(stream, tree);
  return 0;
}
