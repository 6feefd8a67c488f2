#include "codec_testing.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace corelane::proto {

std::vector<std::vector<std::string>> Seen::words() const {
  std::vector<std::vector<std::string>> all;
  all.reserve(requests.size());
  for (const SeenRequest& request : requests) all.push_back(request.words);
  return all;
}

bool FeedingConnection::Feed(std::string_view bytes) {
  if (seen_.state == DecodeState::kError) return false;
  seen_.left.append(bytes);
  do {
    const size_t size = seen_.left.size();
    const auto block = std::make_unique<char[]>(size);
    std::memcpy(block.get(), seen_.left.data(), size);
    batch_.Clear();
    const DecodeResult result = codec_.Decode({block.get(), size}, requests_max_, batch_);
    CHECK(result.consumed <= size);
    CHECK(batch_.size() <= requests_max_);
    // A codec that asked for more than there is must not find a request in less.
    if (size < needed_ && !batch_.empty()) CHECK(false && "`needed` was no lower bound");
    for (size_t i = 0; i < batch_.size(); ++i) {
      const kv::Request request = batch_[i];
      SeenRequest& seen = seen_.requests.emplace_back();
      seen.words.emplace_back(request.command);
      for (const std::string_view arg : request.args) seen.words.emplace_back(arg);
      seen.tag = request.tag;
    }
    seen_.left.erase(0, result.consumed);
    seen_.state = result.state;
    needed_ = result.state == DecodeState::kNeedMore ? result.needed : 1;
    if (result.state == DecodeState::kNeedMore) CHECK(result.needed > seen_.left.size());
    if (result.state == DecodeState::kDone) CHECK(seen_.left.empty());
    if (result.state == DecodeState::kError) {
      seen_.error = result.error;
      seen_.error_code = result.error_code;
      seen_.error_tag = result.error_tag;
      return false;
    }
  } while (seen_.state == DecodeState::kFull);
  return true;
}

Seen DecodeInPieces(Codec& codec, std::string_view bytes, size_t piece_bytes, size_t requests_max) {
  FeedingConnection connection(codec, requests_max);
  const size_t step = piece_bytes == 0 ? std::max<size_t>(bytes.size(), 1) : piece_bytes;
  for (size_t at = 0; at < bytes.size(); at += step) {
    if (!connection.Feed(bytes.substr(at, step))) break;
  }
  return connection.seen();
}

std::string ErrorReply(Codec& codec, const Seen& seen) {
  base::Buffer out;
  const kv::Session session;
  codec.BeginReply(seen.error_tag, session, out).Error(seen.error_code, seen.error);
  codec.EndReply();
  return std::string(out.view());
}

}  // namespace corelane::proto
