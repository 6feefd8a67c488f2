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

// Says one of a few replies, chosen by `choice`, whether it suits the command or not.
void SayAnything(size_t choice, kv::ReplyWriter& out) {
  switch (choice % 8) {
    case 0:
      return out.Ok();
    case 1:
      return out.Nil();
    case 2:
      return out.Integer(static_cast<int64_t>(choice) - 20);
    case 3:
      return out.Value({.type = kv::ValueType::kBoolean, .bytes = "\x01"});
    case 4:
      return out.Error(StatusCode::kBusy, "later");
    case 5:
      return out.Map(0);
    case 6:
      out.Array(2);
      out.Integer(1);
      out.Array(1);
      return out.Bulk("key");
    default:
      out.Array(3);
      out.Nil();
      out.Bulk("x");
      return out.Error(StatusCode::kError, "y");
  }
}

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
  NativeCodec whole(kFuzzLimits);
  const Seen seen = DecodeInPieces(whole, input.stream, 0);
  NativeCodec pieces(kFuzzLimits);
  CheckSame(seen, DecodeInPieces(pieces, input.stream, input.piece_bytes, input.requests_max));
  CheckReplies(whole, seen);
  return 0;
}
