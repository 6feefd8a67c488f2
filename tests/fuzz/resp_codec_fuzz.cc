// The server's half of RESP: any bytes, in any pieces; what was read, written again, reads the
// same.

#include <string>
#include <vector>

#include "codec_fuzz.h"
#include "fuzz_entry.h"
#include "proto/resp_client.h"
#include "proto/resp_codec.h"

namespace corelane::proto {
namespace {

void CheckWrittenAgain(const Seen& seen) {
  base::Buffer out;
  for (const SeenRequest& request : seen.requests) {
    const std::vector<std::string_view> words(request.words.begin(), request.words.end());
    WriteRespCommand(words, out);
  }
  CodecLimits limits = kFuzzLimits;
  limits.request_args_max = kRequestArgsMax;  // the fuzzer's own limit was checked before
  RespCodec codec(limits);
  const Seen again = DecodeInPieces(codec, out.view(), 0);
  CHECK(again.requests == seen.requests);
  CHECK(again.state == DecodeState::kDone);
}

// The reply to a protocol error is one error line, whatever byte it quotes.
void CheckErrorReply(RespCodec& codec, const Seen& seen) {
  if (seen.state != DecodeState::kError || seen.error.empty()) return;
  const std::string reply = ErrorReply(codec, seen);
  size_t reply_bytes = 0;
  RespReplyScanner scanner;
  CHECK(scanner.Next(reply, reply_bytes) == ReplyState::kDone);
  CHECK(reply_bytes == reply.size());
  CHECK(scanner.is_error());
}

}  // namespace
}  // namespace corelane::proto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corelane::proto;  // NOLINT(google-build-using-namespace)
  CodecInput input;
  if (!ReadCodecInput(data, size, input)) return 0;
  RespCodec codec(kFuzzLimits);
  const Seen seen = DecodeBothWays(codec, input);
  CheckWrittenAgain(seen);
  CheckErrorReply(codec, seen);
  return 0;
}
