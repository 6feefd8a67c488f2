// The server's half of the native protocol: any bytes, in any pieces; and whatever a command
// answers is one whole reply to the client's half.

#include <algorithm>
#include <string>

#include "codec_fuzz.h"
#include "fuzz_entry.h"
#include "proto/native_client.h"
#include "proto/native_codec.h"

namespace corelane::proto {
namespace {

void CheckReplies(NativeCodec& codec, const Seen& seen) {
  base::Buffer out;
  size_t choice = seen.left.size();
  for (const SeenRequest& request : seen.requests) {
    choice += request.words.size() + request.tag;
    SayAnything(choice, codec.BeginReply(request.tag, kv::Session(), out));
    codec.EndReply();
  }
  if (seen.state == DecodeState::kError) out.Append(ErrorReply(codec, seen));
  size_t replies = 0;
  while (!out.empty()) {
    const NativeReplyResult result = DecodeNativeReply(out.view(), out.size());
    CHECK(result.state == ReplyState::kDone);
    out.Consume(result.consumed);
    ++replies;
  }
  CHECK(replies == seen.requests.size() + (seen.state == DecodeState::kError ? 1 : 0));
}

}  // namespace
}  // namespace corelane::proto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corelane::proto;  // NOLINT(google-build-using-namespace)
  CodecInput input;
  if (!ReadCodecInput(data, size, input)) return 0;
  NativeCodec codec(kFuzzLimits);
  const Seen seen = DecodeBothWays(codec, input);
  CheckReplies(codec, seen);
  return 0;
}
