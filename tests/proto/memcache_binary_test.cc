#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "codec_testing.h"
#include "kv/session.h"
#include "proto/memcache_binary_codec.h"

namespace corelane::proto {
namespace {

using namespace std::string_literals;

// A request packet. The opaque is that of all the tests.
std::string Packet(uint8_t opcode, std::string_view extras, std::string_view key,
                   std::string_view value = {}, uint64_t version = 0) {
  std::string packet(kBinaryHeaderBytes, '\0');
  packet[0] = kMemcacheBinaryMagic;
  packet[1] = static_cast<char>(opcode);
  StoreBig(packet.data() + 2, static_cast<uint16_t>(key.size()));
  packet[4] = static_cast<char>(extras.size());
  StoreBig(packet.data() + 8, static_cast<uint32_t>(extras.size() + key.size() + value.size()));
  StoreBig(packet.data() + 12, uint32_t{0x01020304});
  StoreBig(packet.data() + 16, version);
  return packet.append(extras).append(key).append(value);
}

const std::string kStoreExtras = "\0\0\0\7\0\0\0\x64"s;  // flags 7, 100 seconds
const std::string kSumExtras = "\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\x0a\0\0\0\0"s;

Seen Decode(std::string_view bytes, size_t piece_bytes = 0) {
  MemcacheBinaryCodec codec((CodecLimits()));
  return DecodeInPieces(codec, bytes, piece_bytes);
}

kv::MemcacheOptions OptionsOf(const Seen& seen) {
  return kv::MemcacheOptions::From(seen.requests.at(0).words.at(2));
}

TEST(MemcacheBinary, ReadsPacketsInAnyPieces) {
  const std::string stream = Packet(0x00, "", "key") + Packet(0x01, kStoreExtras, "key", "value") +
                             Packet(0x0b, "", "") + Packet(0x10, "", "items") +
                             Packet(0x77, "ex", "key", "value") + Packet(0x04, "", "key");
  for (const size_t piece : {size_t{0}, size_t{1}, size_t{5}, size_t{24}}) {
    const Seen seen = Decode(stream, piece);
    EXPECT_EQ(seen.state, DecodeState::kDone);
    EXPECT_EQ(seen.left, "");
    ASSERT_EQ(seen.requests.size(), 6U) << piece;
    EXPECT_EQ(seen.requests[0].words, (std::vector<std::string>{"mc.gets", "key"}));
    EXPECT_EQ(seen.requests[1].words[0], "mc.ms");
    EXPECT_EQ(seen.requests[1].words[4], "value");
    EXPECT_EQ(seen.requests[2].words, (std::vector<std::string>{"echo", "1.6.18"}));
    EXPECT_EQ(seen.requests[3].words, (std::vector<std::string>{"mc.stats", "items"}));
    EXPECT_EQ(seen.requests[4].words, (std::vector<std::string>{"echo", ""}));
    EXPECT_EQ(seen.requests[5].words[0], "mc.md");
  }
}

TEST(MemcacheBinary, OptionsHaveTheNumbers) {
  const auto stored = OptionsOf(Decode(Packet(0x02, kStoreExtras, "k", "v")));
  EXPECT_EQ(stored.mode, static_cast<char>(kv::MemcacheMode::kAdd));
  EXPECT_EQ(stored.client_flags, 7U);
  EXPECT_EQ(stored.exptime, 100);
  EXPECT_FALSE(stored.has_cas);
  const auto compared = OptionsOf(Decode(Packet(0x02, kStoreExtras, "k", "v", 9)));
  EXPECT_EQ(compared.mode, static_cast<char>(kv::MemcacheMode::kSet));
  EXPECT_EQ(compared.cas, 9U);
  EXPECT_TRUE(compared.has_cas);
  const auto sum = OptionsOf(Decode(Packet(0x05, kSumExtras, "k")));
  EXPECT_EQ(sum.delta, 5U);
  EXPECT_EQ(sum.initial, 10U);
  EXPECT_TRUE(sum.vivify);
  std::string no_initial = kSumExtras;
  no_initial.replace(16, 4, 4, '\xff');
  EXPECT_FALSE(OptionsOf(Decode(Packet(0x05, no_initial, "k"))).vivify);
}

TEST(MemcacheBinary, RefusesPacketsThatCannotBe) {
  for (const std::string& packet :
       {Packet(0x00, "", ""), Packet(0x00, "", "k", "v"), Packet(0x01, "", "k", "v"),
        Packet(0x00, "", std::string(251, 'k')), Packet(0x0a, "", "k"), Packet(0x1c, "", "k")}) {
    const Seen seen = Decode(packet);
    EXPECT_EQ(seen.state, DecodeState::kError);
    EXPECT_EQ(seen.error_code, StatusCode::kProtocolError);
    EXPECT_TRUE(seen.requests.empty());
  }
  std::string key_beyond_body = Packet(0x00, "", "key");
  key_beyond_body[11] = 1;
  EXPECT_EQ(Decode(key_beyond_body).error_code, StatusCode::kUnknownCommand);
  EXPECT_EQ(Decode("get k\r\n").state, DecodeState::kError);
}

TEST(MemcacheBinary, PassesOverAValueThatIsTooLong) {
  CodecLimits limits;
  limits.value_bytes_max = 10;
  const std::string stream = Packet(0x01, kStoreExtras, "k", std::string(11, 'v')) +
                             Packet(0x0e, "", "k", std::string(1000, 'v')) + Packet(0x0a, "", "");
  for (const size_t piece : {size_t{0}, size_t{1}, size_t{30}}) {
    MemcacheBinaryCodec codec(limits);
    const Seen seen = DecodeInPieces(codec, stream, piece);
    ASSERT_EQ(seen.requests.size(), 3U);
    EXPECT_EQ(seen.requests[0].words, (std::vector<std::string>{"mc.toolarge", "k"}));
    EXPECT_EQ(seen.requests[1].words[0], "echo");
    EXPECT_EQ(seen.left, "");
  }
}

// The bytes that answer one request, whose reply `say` gives.
template <typename Say>
std::string ReplyTo(std::string_view packet, Say say) {
  MemcacheBinaryCodec codec((CodecLimits()));
  kv::RequestBatch batch;
  EXPECT_EQ(codec.Decode(packet, 1, batch).state, DecodeState::kDone);
  base::Buffer out;
  say(codec.BeginReply(0, kv::Session(), out));
  codec.EndReply();
  return std::string(out.view());
}

TEST(MemcacheBinary, AValueIsOnePacketWithItsFlagsAndVersion) {
  const auto say = [](kv::ReplyWriter& reply) {
    kv::ValueView value;
    value.bytes = "ab";
    value.client_flags = 7;
    value.version = 9;
    reply.Array(1);
    reply.Array(2);
    reply.Bulk("k");
    reply.Value(value);
  };
  const std::string head = "\x81"s + '\0';
  EXPECT_EQ(ReplyTo(Packet(0x00, "", "k"), say),
            head + "\0\0\4\0\0\0\0\0\0\6\1\2\3\4\0\0\0\0\0\0\0\x09\0\0\0\7"s + "ab");
  const std::string with_key = ReplyTo(Packet(0x0c, "", "k"), say);
  EXPECT_EQ(with_key.substr(kBinaryHeaderBytes), "\0\0\0\7kab"s);
  EXPECT_EQ(with_key[3], 1);
}

TEST(MemcacheBinary, AMissIsSaidOnceAndNotToTheQuiet) {
  const auto miss = [](kv::ReplyWriter& reply) {
    reply.Array(1);
    reply.Nil();
  };
  const std::string plain = ReplyTo(Packet(0x00, "", "k"), miss);
  EXPECT_EQ(plain[7], 1);
  EXPECT_EQ(plain.substr(kBinaryHeaderBytes), "Not found");
  EXPECT_EQ(ReplyTo(Packet(0x0c, "", "k"), miss).substr(kBinaryHeaderBytes), "k");
  EXPECT_EQ(ReplyTo(Packet(0x09, "", "k"), miss), "");
}

TEST(MemcacheBinary, WhatAStoreCameToDependsOnTheCommand) {
  const auto not_stored = [](kv::ReplyWriter& reply) {
    reply.Array(2);
    reply.Simple("NS");
    reply.Bulk("");
  };
  EXPECT_EQ(ReplyTo(Packet(0x02, kStoreExtras, "k", "v"), not_stored)[7], 2);
  EXPECT_EQ(ReplyTo(Packet(0x03, kStoreExtras, "k", "v"), not_stored)[7], 1);
  EXPECT_EQ(ReplyTo(Packet(0x0e, "", "k", "v"), not_stored)[7], 5);
  const auto stored = [](kv::ReplyWriter& reply) {
    reply.Array(2);
    reply.Simple("HD");
    reply.Bulk(" c258");
  };
  EXPECT_EQ(ReplyTo(Packet(0x01, kStoreExtras, "k", "v"), stored).substr(16), "\0\0\0\0\0\0\1\2"s);
  EXPECT_EQ(ReplyTo(Packet(0x11, kStoreExtras, "k", "v"), stored), "");
}

TEST(MemcacheBinary, FiguresEndWithAnEmptyPacket) {
  const std::string reply = ReplyTo(Packet(0x10, "", ""), [](kv::ReplyWriter& writer) {
    writer.Map(1);
    writer.Bulk("pid");
    writer.Bulk("5");
  });
  ASSERT_EQ(reply.size(), 2 * kBinaryHeaderBytes + 4);
  EXPECT_EQ(reply.substr(kBinaryHeaderBytes, 4), "pid5");
  EXPECT_EQ(reply[kBinaryHeaderBytes + 4 + 11], 0);
}

TEST(MemcacheBinary, ErrorsHaveTheirStatus) {
  const auto status_of = [](StatusCode code) {
    return ReplyTo(Packet(0x05, kSumExtras, "k"),
                   [code](kv::ReplyWriter& reply) { reply.Error(code, "why"); })
        .substr(6, 2);
  };
  EXPECT_EQ(status_of(StatusCode::kBadArgument), "\0\6"s);
  EXPECT_EQ(status_of(StatusCode::kValueTooLarge), "\0\3"s);
  EXPECT_EQ(status_of(StatusCode::kOutOfMemory), "\0\x82"s);
  EXPECT_EQ(status_of(StatusCode::kDiskFull), "\0\x84"s);
}

}  // namespace
}  // namespace corelane::proto
