// The server's half of memcache's binary protocol: any bytes, in any pieces, come out the same, and
// every request is one that the commands expect.

#include <string_view>

#include "codec_fuzz.h"
#include "fuzz_entry.h"
#include "kv/session.h"
#include "proto/memcache_binary_codec.h"

namespace corelane::proto {
namespace {

void CheckRequest(const SeenRequest& request) {
  const std::string_view command = request.words[0];
  CHECK(command == "echo" || command == "quit" || command.starts_with("mc."));
  if (command == "echo") CHECK(request.words.size() == 2);
  if (command == "mc.ms") CHECK(request.words.size() == 5);
  if (command == "mc.gats") CHECK(request.words.size() == 3);
  const bool keyed = command.starts_with("mc.") && command != "mc.flush" && command != "mc.stats" &&
                     command != "mc.reset";
  if (!keyed) return;
  CHECK(!request.words.at(1).empty());
  CHECK(request.words[1].size() <= kFuzzLimits.key_bytes_max);
  const bool has_options = command != "mc.gets" && command != "mc.toolarge";
  if (has_options) CHECK(request.words.at(2).size() == sizeof(kv::MemcacheOptions));
}

// Each request has a reply that is a packet or nothing, and so has the error that ends the stream.
void CheckReplies(MemcacheBinaryCodec& codec, const Seen& seen) {
  const size_t replies = seen.requests.size() + (seen.state == DecodeState::kError ? 1 : 0);
  for (size_t i = 0; i < replies; ++i) {
    base::Buffer out;
    codec.BeginReply(0, kv::Session(), out).Error(StatusCode::kProtocolError, "why");
    codec.EndReply();
    CHECK(out.size() >= kBinaryHeaderBytes);
    CHECK(out.size() == kBinaryHeaderBytes + LoadBig<uint32_t>(out.data() + 8));
  }
}

}  // namespace
}  // namespace corelane::proto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corelane::proto;  // NOLINT(google-build-using-namespace)
  CodecInput input;
  if (!ReadCodecInput(data, size, input)) return 0;
  MemcacheBinaryCodec codec(kFuzzLimits);
  const Seen seen = DecodeBothWays(codec, input);
  for (const SeenRequest& request : seen.requests) CheckRequest(request);
  CheckReplies(codec, seen);
  return 0;
}
