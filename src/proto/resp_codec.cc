#include "proto/resp_codec.h"

#include <algorithm>
#include <string_view>

#include "proto/browser.h"
#include "proto/decoding.h"
#include "proto/resp_inline.h"

namespace corelane::proto {
namespace {

MultibulkLimits MakeLimits(const CodecLimits& limits) {
  // One command with one key and one value within their limits always fits.
  constexpr size_t kFramingSlackBytes = 4096;
  MultibulkLimits made;
  made.args_max = limits.request_args_max;
  made.bulk_bytes_max =
      std::max(limits.key_bytes_max, limits.value_bytes_max) + kRespBulkSlackBytes;
  made.request_bytes_max = std::max(
      limits.request_bytes_max, limits.key_bytes_max + made.bulk_bytes_max + kFramingSlackBytes);
  return made;
}

bool Fail(DecodeResult& result, std::string_view message) {
  return Refuse(result, StatusCode::kProtocolError, std::string(message));
}

// The first byte of a request in one of the other protocols that are not made of lines. Their
// clients would wait for ever for the answer to a line that they never end.
bool IsForeign(char first_byte) {
  const Detection detected = DetectProtocol(first_byte);
  return detected == Detection::kNative || detected == Detection::kJson;
}

}  // namespace

RespCodec::RespCodec(const CodecLimits& limits)
    : limits_(MakeLimits(limits)), multibulk_(limits_) {}

DecodeResult RespCodec::Decode(std::string_view in, size_t requests_max, kv::RequestBatch& batch) {
  if (!quoted_words_.empty()) quoted_words_.clear();
  return DecodeEach(in, requests_max, batch, [&](std::string_view rest, DecodeResult& result) {
    return rest[0] == '*' ? DecodeMultibulk(rest, batch, result)
                          : DecodeInline(rest, batch, result);
  });
}

bool RespCodec::DecodeMultibulk(std::string_view rest, kv::RequestBatch& batch,
                                DecodeResult& result) {
  if (!multibulk_.active()) {
    result.consumed = ParseWhole(rest, limits_, batch);
    if (result.consumed != 0) [[likely]]
      return true;
  }
  switch (multibulk_.Resume(rest)) {
    case MultibulkStep::kDone:
      break;
    case MultibulkStep::kNeedMore:
      return NeedMore(result, multibulk_.needed());
    case MultibulkStep::kError:
      return Fail(result, multibulk_.error());
  }
  result.consumed = multibulk_.request_bytes();
  multibulk_.Take(rest, batch);
  return true;
}

bool RespCodec::DecodeInline(std::string_view rest, kv::RequestBatch& batch, DecodeResult& result) {
  constexpr std::string_view kTooBig = "too big inline request";
  if (IsForeign(rest[0])) return Fail(result, "expected '*' or an inline command");
  const bool whole = line_.Find(rest);
  const size_t line_bytes = line_.line_bytes();
  if (line_bytes > kRespLineBytesMax) return Fail(result, kTooBig);
  if (!whole) return NeedMore(result, line_bytes + 1);
  result.consumed = line_bytes + 1;
  std::string_view line = rest.substr(0, line_bytes);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (LooksLikeHttp(line)) return Fail(result, {});
  if (!SplitInline(line, quoted_words_, words_)) {
    return Fail(result, "unbalanced quotes in request");
  }
  if (words_.size() > limits_.args_max) return Fail(result, kTooBig);
  if (words_.empty()) return true;
  for (size_t i = 1; i < words_.size(); ++i) batch.Arg(words_[i]);
  batch.Finish(words_[0], 0, kv::SpelledBy::kClient);
  return true;
}

kv::ReplyWriter& RespCodec::BeginReply(uint32_t /*tag*/, const kv::Session& session,
                                       base::Buffer& out) {
  writer_.Begin(session.resp_version, out);
  return writer_;
}

}  // namespace corelane::proto
