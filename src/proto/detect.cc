// Which protocol a listener speaks, and the codec for it.
//
// A letter is an inline RESP command for now, so that `PING` typed into telnet or nc works on an
// `auto` listener.

#include <memory>
#include <string_view>

#include "base/check.h"
#include "proto/codec.h"
#include "proto/native_codec.h"
#include "proto/native_opcodes.h"
#include "proto/resp_codec.h"

namespace corelane::proto {

std::string_view ProtocolName(Protocol protocol) {
  switch (protocol) {
    case Protocol::kNative:
      return "native";
    case Protocol::kResp:
      return "resp";
  }
  return "unknown";
}

std::unique_ptr<Codec> MakeCodec(Protocol protocol, const CodecLimits& limits) {
  switch (protocol) {
    case Protocol::kNative:
      return std::make_unique<NativeCodec>(limits);
    case Protocol::kResp:
      return std::make_unique<RespCodec>(limits);
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
  const bool letter =
      (first_byte >= 'a' && first_byte <= 'z') || (first_byte >= 'A' && first_byte <= 'Z');
  return first_byte == '*' || letter ? Detection::kResp : Detection::kUnknown;
}

}  // namespace corelane::proto
