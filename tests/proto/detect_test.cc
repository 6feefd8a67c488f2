#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "codec_testing.h"
#include "proto/codec.h"

namespace corelane::proto {
namespace {

TEST(Detect, EveryFirstByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool native = (byte >= 0x01 && byte <= 0x04) || (byte >= 0x10 && byte <= 0x1f);
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const Detection expected = native        ? Detection::kNative
                               : byte == '*' ? Detection::kResp
                               : byte == '{' ? Detection::kJson
                               : letter      ? Detection::kText
                                             : Detection::kUnknown;
    EXPECT_EQ(DetectProtocol(static_cast<char>(byte)), expected) << byte;
  }
}

TEST(Detect, MakesTheCodecItNames) {
  const std::string native("\x02\x01\0\0\0\0\0\0\0k", 10);
  for (const auto& [protocol, name, get] :
       {std::tuple(Protocol::kNative, "native", native),
        std::tuple(Protocol::kResp, "resp", std::string("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")),
        std::tuple(Protocol::kText, "text", std::string("GET k\n")),
        std::tuple(Protocol::kJson, "json", std::string("{\"Get\":{\"key\":\"k\"}}"))}) {
    EXPECT_EQ(ProtocolName(protocol), name);
    kv::RequestBatch batch;
    EXPECT_EQ(MakeCodec(protocol, CodecLimits())->Decode(get, 1, batch).state, DecodeState::kDone);
    ASSERT_EQ(batch.size(), 1u);
    EXPECT_EQ(batch[0].command, "GET");
    EXPECT_EQ(batch[0].args[0], "k");
  }
}

// The codec is chosen once. A request of another protocol gets the error of the first, at its first
// byte if nothing else would ever end it.
TEST(Detect, EachCodecRefusesTheOthersRequests) {
  const std::string get_native("\x02\x01\0\0\0\0\0\0\0k", 10);
  const std::string get_resp = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
  const std::string get_json = "{\"Get\":{\"key\":\"k\"}}";
  const std::string unknown_native("\x02\x0f\0\0\0unknown command", 20);
  const std::string no_command = "-ERR Protocol error: expected '*' or an inline command\r\n";
  const std::string no_json =
      "{\"Err\":\"malformed JSON at byte 0: a request is an object, expected '{'\"}\n";
  const std::tuple<Protocol, std::string, std::string> cases[] = {
      {Protocol::kNative, get_resp, unknown_native},
      {Protocol::kNative, get_json, unknown_native},
      {Protocol::kNative, "GET k\n", unknown_native},
      {Protocol::kResp, get_native, no_command},
      {Protocol::kResp, get_json, no_command},
      {Protocol::kText, get_native, "Unknown command\n"},
      {Protocol::kText, get_resp, "Unknown command\n"},
      {Protocol::kText, get_json, "Unknown command\n"},
      {Protocol::kJson, get_native, no_json},
      {Protocol::kJson, get_resp, no_json},
      {Protocol::kJson, "GET k\n", no_json},
  };
  for (const auto& [protocol, foreign, error] : cases) {
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      const auto codec = MakeCodec(protocol, CodecLimits());
      const Seen seen = DecodeInPieces(*codec, foreign, piece);
      ASSERT_EQ(seen.state, DecodeState::kError) << ProtocolName(protocol) << " " << foreign;
      EXPECT_TRUE(seen.requests.empty());
      EXPECT_EQ(ErrorReply(*codec, seen), error);
    }
  }
}

}  // namespace
}  // namespace corelane::proto
