// The server's half of the memcache protocol: any bytes, in any pieces, come out the same, and
// every byte is looked at once for the end of a line.

#include <string_view>

#include "codec_fuzz.h"
#include "fuzz_entry.h"
#include "proto/memcache_codec.h"

namespace corelane::proto {
namespace {

// What the commands may assume of a request: the key is within the limits, options have their size.
void CheckRequest(const SeenRequest& request) {
  const std::string_view command = request.words[0];
  CHECK(command == "echo" || command == "quit" || command.starts_with("mc."));
  if (command == "echo") CHECK(request.words.size() == 2);
  if (command == "mc.store") CHECK(request.words.size() == 4);
  if (command == "mc.ms") CHECK(request.words.size() == 5);
  const bool keyed = command.starts_with("mc.") && command != "mc.flush" && command != "mc.stats" &&
                     command != "mc.reset";
  if (!keyed) return;
  CHECK(request.words.size() > 1);
  CHECK(request.words[1].size() <= kFuzzLimits.key_bytes_max);
  const bool has_options = command != "mc.get" && command != "mc.gets" && command != "mc.delete" &&
                           command != "mc.me" && command != "mc.toolarge";
  if (has_options) CHECK(request.words.at(2).size() == sizeof(kv::MemcacheOptions));
}

// The reply to an error that ends the stream is one line.
void CheckErrorReply(MemcacheCodec& codec, const Seen& seen) {
  if (seen.state != DecodeState::kError || seen.error.empty()) return;
  const std::string reply = ErrorReply(codec, seen);
  CHECK(reply.starts_with("CLIENT_ERROR "));
  CHECK(reply.find('\n') == reply.size() - 1);
}

}  // namespace
}  // namespace corelane::proto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corelane::proto;  // NOLINT(google-build-using-namespace)
  CodecInput input;
  if (!ReadCodecInput(data, size, input)) return 0;
  MemcacheCodec codec(kFuzzLimits);
  const Seen seen = DecodeBothWays(codec, input);
  for (const SeenRequest& request : seen.requests) CheckRequest(request);
  CheckErrorReply(codec, seen);
  return 0;
}
