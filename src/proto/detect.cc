// Which protocol a listener speaks, and the codec for it.

#include <memory>
#include <string_view>

#include "base/check.h"
#include "proto/codec.h"
#include "proto/json_codec.h"
#include "proto/memcache_binary_codec.h"
#include "proto/memcache_codec.h"
#include "proto/native_codec.h"
#include "proto/native_opcodes.h"
#include "proto/resp_codec.h"
#include "proto/text_codec.h"

namespace corelane::proto {

std::string_view ProtocolName(Protocol protocol) {
  switch (protocol) {
    case Protocol::kNative:
      return "native";
    case Protocol::kResp:
      return "resp";
    case Protocol::kText:
      return "text";
    case Protocol::kJson:
      return "json";
    case Protocol::kMemcache:
      return "memcache";
    case Protocol::kMemcacheBinary:
      return "memcache binary";
  }
  return "unknown";
}

std::unique_ptr<Codec> MakeCodec(Protocol protocol, const CodecLimits& limits) {
  switch (protocol) {
    case Protocol::kNative:
      return std::make_unique<NativeCodec>(limits);
    case Protocol::kResp:
      return std::make_unique<RespCodec>(limits);
    case Protocol::kText:
      return std::make_unique<TextCodec>(limits);
    case Protocol::kJson:
      return std::make_unique<JsonCodec>(limits);
    case Protocol::kMemcache:
      return std::make_unique<MemcacheCodec>(limits);
    case Protocol::kMemcacheBinary:
      return std::make_unique<MemcacheBinaryCodec>(limits);
  }
  CHECK(false && "no such protocol");
  return nullptr;
}

Detection DetectProtocol(char first_byte) {
  const auto byte = static_cast<uint8_t>(first_byte);
  const bool version_1 = byte >= static_cast<uint8_t>(NativeOpcode::kPut) &&
                         byte <= static_cast<uint8_t>(NativeOpcode::kPing);
  if (version_1 || (byte >= kNativeExtensionsBegin && byte < kNativeOpcodeEnd)) {
    return Detection::kNative;
  }
  if (first_byte == '*') return Detection::kResp;
  if (first_byte == '{') return Detection::kJson;
  const bool letter =
      (first_byte >= 'a' && first_byte <= 'z') || (first_byte >= 'A' && first_byte <= 'Z');
  return letter ? Detection::kText : Detection::kUnknown;
}

}  // namespace corelane::proto
