// The server's half of the text protocol: any bytes, in any pieces; every request is answered by
// one line, and a typed value that was read prints so that it reads the same.

#include <deque>
#include <string>
#include <string_view>

#include "codec_fuzz.h"
#include "fuzz_entry.h"
#include "proto/text_codec.h"
#include "proto/value_text.h"

namespace corelane::proto {
namespace {

bool IsOneLine(std::string_view reply) {
  return !reply.empty() && reply.find('\n') == reply.size() - 1;
}

void CheckReplies(TextCodec& codec, const Seen& seen) {
  size_t choice = seen.left.size();
  for (const SeenRequest& request : seen.requests) {
    choice += request.words.size() + request.tag + request.words.back().size();
    base::Buffer out;
    SayAnything(choice, codec.BeginReply(request.tag, kv::Session(), out));
    codec.EndReply();
    const bool quit = request.tag == static_cast<uint32_t>(TextTag::kQuit);
    CHECK(IsOneLine(out.view()) || (quit && out.empty()));
  }
  if (seen.state == DecodeState::kError && !seen.error.empty()) {
    CHECK(IsOneLine(ErrorReply(codec, seen)));
  }
}

void CheckPrintedAgain(const Seen& seen) {
  for (const SeenRequest& request : seen.requests) {
    if (request.words[0] != "CL.PUT") continue;
    const std::string& bytes = request.words[4];
    const auto type = static_cast<kv::ValueType>(request.words[2][0]);
    CHECK(kv::IsWellFormed(type, bytes));
    base::Buffer text;
    AppendValueText({.type = type, .bytes = bytes}, text);
    std::deque<std::string> store;
    kv::ValueView again;
    CHECK(ParseValueText(text.view(), store, again));
    CHECK(again.type == type);
    CHECK(again.bytes == bytes);
  }
}

}  // namespace
}  // namespace corelane::proto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corelane::proto;  // NOLINT(google-build-using-namespace)
  CodecInput input;
  if (!ReadCodecInput(data, size, input)) return 0;
  TextCodec codec(kFuzzLimits);
  const Seen seen = DecodeBothWays(codec, input);
  CheckReplies(codec, seen);
  CheckPrintedAgain(seen);
  return 0;
}
