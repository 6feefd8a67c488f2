#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "proto/codec.h"

namespace corelane::proto {
namespace {

TEST(Detect, EveryFirstByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool native = (byte >= 0x01 && byte <= 0x04) || (byte >= 0x10 && byte <= 0x1f);
    const bool resp = byte == '*' || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const Detection expected = native ? Detection::kNative
                               : resp ? Detection::kResp
                                      : Detection::kUnknown;
    EXPECT_EQ(DetectProtocol(static_cast<char>(byte)), expected) << byte;
  }
}

TEST(Detect, MakesTheCodecItNames) {
  for (const auto& [protocol, name, ping] :
       {std::tuple(Protocol::kNative, "native", std::string("\x04\0\0\0\0\0\0\0\0", 9)),
        std::tuple(Protocol::kResp, "resp", std::string("*1\r\n$4\r\nPING\r\n"))}) {
    EXPECT_EQ(ProtocolName(protocol), name);
    kv::RequestBatch batch;
    EXPECT_EQ(MakeCodec(protocol, CodecLimits())->Decode(ping, 1, batch).state, DecodeState::kDone);
    ASSERT_EQ(batch.size(), 1u);
    EXPECT_EQ(batch[0].command, "PING");
  }
}

}  // namespace
}  // namespace corelane::proto
