#include "proto/native_codec.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "codec_testing.h"
#include "proto/native_client.h"

namespace corelane::proto {
namespace {

using namespace std::string_literals;

constexpr CodecLimits kSmallLimits = {
    .key_bytes_max = 8, .value_bytes_max = 32, .request_args_max = 6, .request_bytes_max = 128};

std::string Little32(uint32_t number) {
  std::string bytes(4, '\0');
  base::StoreLittle(bytes.data(), number);
  return bytes;
}

std::string Header(int opcode, size_t key_bytes, size_t value_bytes) {
  return std::string(1, static_cast<char>(opcode)) + Little32(static_cast<uint32_t>(key_bytes)) +
         Little32(static_cast<uint32_t>(value_bytes));
}

std::string Frame(int opcode, const std::string& key, const std::string& value) {
  return Header(opcode, key.size(), value.size()) + key + value;
}

struct Malformed {
  std::string request;
  std::string reply;
};

std::string Reply(int status, const std::string& text) {
  return std::string(1, static_cast<char>(status)) + Little32(static_cast<uint32_t>(text.size())) +
         text;
}

TEST(NativeCodec, RefusesFromTheHeaderAndCloses) {
  const std::vector<Malformed> cases = {
      {"\0"s, Reply(2, "unknown command")},
      {"\x05"s, Reply(2, "unknown command")},
      {"\x0f"s, Reply(2, "unknown command")},
      {"\x20"s, Reply(2, "unknown command")},
      {"\xff"s, Reply(2, "unknown command")},
      {Header(1, 9, 0), Reply(2, "key exceeds maximum size")},
      {Header(2, UINT32_MAX, 0), Reply(2, "key exceeds maximum size")},
      {Header(4, 9, UINT32_MAX), Reply(2, "key exceeds maximum size")},
      {Header(1, 8, 33), Reply(2, "value exceeds maximum size")},
      {Header(2, 1, 33), Reply(2, "value exceeds maximum size")},
      {Header(0x10, 9, 0), Reply(0x13, "key exceeds maximum size")},
      {Header(0x10, 1, 41), Reply(0x14, "value exceeds maximum size")},
      {Header(0x11, 1, 42), Reply(0x14, "value exceeds maximum size")},
      {Header(0x13, 0, 128), Reply(0x14, "value exceeds maximum size")},
      {Header(0x16, 0, UINT32_MAX), Reply(0x14, "value exceeds maximum size")},
  };
  for (const Malformed& malformed : cases) {
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      NativeCodec codec(kSmallLimits);
      // A good request before it is still executed; what follows is not looked at.
      const Seen seen =
          DecodeInPieces(codec, Frame(2, "k", "") + malformed.request + Frame(2, "x", ""), piece);
      ASSERT_EQ(seen.state, DecodeState::kError);
      ASSERT_EQ(seen.words(), (std::vector<std::vector<std::string>>{{"GET", "k"}}));
      EXPECT_EQ(ErrorReply(codec, seen), malformed.reply);
    }
  }
}

TEST(NativeCodec, TakesWhatIsExactlyAtTheLimit) {
  NativeCodec codec(kSmallLimits);
  const std::string key(8, 'k');
  const std::string value(32, 'v');
  const std::string ttl(8, '\x01');
  const std::string bytes = Frame(1, key, value) + Frame(0x10, key, ttl + value) +
                            Frame(0x11, key, "\x04"s + ttl + value);
  const Seen seen = DecodeInPieces(codec, bytes, 0);
  EXPECT_EQ(seen.words(),
            (std::vector<std::vector<std::string>>{{"SET", key, value},
                                                   {"CL.PUT", key, "\0"s, ttl, value},
                                                   {"CL.PUT", key, "\x04"s, ttl, value}}));
}

TEST(NativeCodec, AnswersMalformedArgumentsInTurnAndGoesOn) {
  const std::string ttl(8, '\x01');
  const std::vector<Malformed> cases = {
      {Frame(0x10, "k", "1234567"), Reply(0x15, "malformed arguments")},
      {Frame(0x11, "k", "\x00"s), Reply(0x15, "malformed arguments")},
      {Frame(0x11, "k", "\x05"s + ttl), Reply(0x15, "malformed arguments")},
      {Frame(0x11, "k", "\x01"s + ttl + "1234567"), Reply(0x15, "malformed arguments")},
      {Frame(0x11, "k", "\x03"s + ttl + "\x02"s), Reply(0x15, "malformed arguments")},
      {Frame(0x13, "", ""), Reply(0x15, "malformed arguments")},
      {Frame(0x13, "", Little32(0)), Reply(0x15, "malformed arguments")},
      {Frame(0x13, "", Little32(2) + Little32(1) + "a"), Reply(0x15, "malformed arguments")},
      {Frame(0x13, "", Little32(1) + Little32(2) + "a"), Reply(0x15, "malformed arguments")},
      {Frame(0x13, "", Little32(1) + Little32(1) + "ab"), Reply(0x15, "malformed arguments")},
      {Frame(0x13, "", Little32(UINT32_MAX)), Reply(0x15, "malformed arguments")},
      {Frame(0x13, "", Little32(7) + std::string(28, '\0')), Reply(0x15, "malformed arguments")},
      {Frame(0x13, "", Little32(1) + Little32(9) + "123456789"),
       Reply(0x13, "key exceeds maximum size")},
      {Frame(0x14, "", Little32(1) + Little32(1) + "a"), Reply(0x15, "malformed arguments")},
      {Frame(0x14, "", Little32(4) + std::string(32, '\0')), Reply(0x15, "malformed arguments")},
      {Frame(0x14, "", Little32(1) + Little32(1) + "a" + Little32(33) + std::string(33, 'v')),
       Reply(0x14, "value exceeds maximum size")},
      {Frame(0x14, "", Little32(1) + Little32(9) + "123456789" + Little32(0)),
       Reply(0x13, "key exceeds maximum size")},
      {Frame(0x17, "", "12345678901"), Reply(0x15, "malformed arguments")},
      {Frame(0x17, "", "1234567890123"), Reply(0x15, "malformed arguments")},
      {Frame(0x19, "k", "1234567"), Reply(0x15, "malformed arguments")},
      {Frame(0x1b, "k", "123456789"), Reply(0x15, "malformed arguments")},
      {Frame(0x1d, "", Little32(0)), Reply(0x15, "malformed arguments")},
  };
  for (const Malformed& malformed : cases) {
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      NativeCodec codec(kSmallLimits);
      const Seen seen =
          DecodeInPieces(codec, Frame(2, "k", "") + malformed.request + Frame(2, "x", ""), piece);
      ASSERT_EQ(seen.state, DecodeState::kDone);
      ASSERT_EQ(seen.words(),
                (std::vector<std::vector<std::string>>{{"GET", "k"}, {"PING"}, {"GET", "x"}}));
      base::Buffer out;
      codec.BeginReply(seen.requests[1].tag, kv::Session(), out).Simple("PONG");
      codec.EndReply();
      EXPECT_EQ(out.view(), malformed.reply);
    }
  }
}

TEST(NativeCodec, SkipsWhatACommandDoesNotTake) {
  NativeCodec codec(kSmallLimits);
  const Seen seen = DecodeInPieces(
      codec, Frame(2, "k", "ignored") + Frame(4, "key", "value") + Frame(0x16, "key", ""), 1);
  EXPECT_EQ(seen.words(),
            (std::vector<std::vector<std::string>>{{"GET", "k"}, {"PING"}, {"DBSIZE"}}));
}

TEST(NativeCodec, StopsAtAFullBatchAndGoesOnThere) {
  NativeCodec codec(kSmallLimits);
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += Frame(2, std::to_string(i), "");
  kv::RequestBatch batch;
  DecodeResult result = codec.Decode(bytes, 2, batch);
  EXPECT_EQ(result.state, DecodeState::kFull);
  EXPECT_EQ(result.consumed, 20u);
  EXPECT_EQ(batch.size(), 2u);
  // The batch is appended to.
  result = codec.Decode(std::string_view(bytes).substr(20), 5, batch);
  EXPECT_EQ(result.state, DecodeState::kDone);
  EXPECT_EQ(result.consumed, 30u);
  ASSERT_EQ(batch.size(), 5u);
  EXPECT_EQ(batch[4].args[0], "4");
}

TEST(NativeCodec, APartialRequestIsNone) {
  const std::string bytes = Frame(1, "key", "value");
  for (size_t size = 0; size < bytes.size(); ++size) {
    NativeCodec codec(kSmallLimits);
    const Seen seen = DecodeInPieces(codec, bytes.substr(0, size), 0);
    EXPECT_TRUE(seen.requests.empty());
    EXPECT_EQ(seen.state, size == 0 ? DecodeState::kDone : DecodeState::kNeedMore);
  }
}

TEST(NativeCodec, ArgumentsPointIntoTheReceivedBytes) {
  NativeCodec codec(kSmallLimits);
  const std::string bytes = Frame(1, "key", "value");
  kv::RequestBatch batch;
  ASSERT_EQ(codec.Decode(bytes, 8, batch).state, DecodeState::kDone);
  EXPECT_EQ(batch[0].args[0].data(), bytes.data() + 9);
  EXPECT_EQ(batch[0].args[1].data(), bytes.data() + 12);
}

std::string Answer(int opcode, const auto& say) {
  NativeCodec codec((CodecLimits()));
  base::Buffer out;
  say(codec.BeginReply(static_cast<uint32_t>(opcode), kv::Session(), out));
  codec.EndReply();
  return std::string(out.view());
}

TEST(NativeWriter, VersionOneKnowsThreeStatuses) {
  for (int code = 2; code < 0x88; ++code) {
    const auto say = [&](kv::ReplyWriter& out) { out.Error(static_cast<StatusCode>(code), "m"); };
    for (const int opcode : {1, 2, 3, 4}) EXPECT_EQ(Answer(opcode, say), Reply(2, "m"));
    const bool specific = code >= 0x10 && code <= 0x1e;
    EXPECT_EQ(Answer(0x10, say), Reply(specific ? code : 2, "m"));
  }
}

TEST(NativeWriter, AReplyWithoutAFormIsAnError) {
  const std::string text = "the reply has no form in this protocol";
  EXPECT_EQ(Answer(2,
                   [](kv::ReplyWriter& out) {
                     out.Array(1);
                     out.Bulk("x");
                   }),
            Reply(2, text));
  EXPECT_EQ(Answer(0x16, [](kv::ReplyWriter& out) { out.Bulk("x"); }), Reply(2, text));
  EXPECT_EQ(Answer(0x18,
                   [](kv::ReplyWriter& out) {
                     out.Map(1);
                     out.Bulk("x");
                     out.Integer(1);
                   }),
            Reply(2, text));
  EXPECT_EQ(Answer(0x13, [](kv::ReplyWriter& out) { out.Integer(1); }), Reply(2, text));
}

TEST(NativeWriter, AnItemOfMultiGetMayFailAlone) {
  const std::string reply = Answer(0x13, [](kv::ReplyWriter& out) {
    out.Array(4);
    out.Value({.type = kv::ValueType::kBoolean, .bytes = "\x01"});
    out.Error(StatusCode::kBusy, "later");
    out.Bulk("b");
    out.Integer(-5);
  });
  std::vector<NativeReply> items;
  ASSERT_TRUE(ReadItems(DecodeNativeReply(reply, 100).reply.value, items));
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0].value, "1");
  EXPECT_EQ(items[1].status, StatusCode::kBusy);
  EXPECT_EQ(items[1].value, "later");
  EXPECT_EQ(items[2].value, "b");
  EXPECT_EQ(items[3].value, "-5");
}

TEST(NativeClient, RefusesALengthOverTheLimitFromTheHeader) {
  const auto over = DecodeNativeReply("\0\xff\xff\xff\xff"s, 1024);
  EXPECT_EQ(over.state, ReplyState::kError);
  EXPECT_EQ(over.error, StatusCode::kValueTooLarge);
  EXPECT_EQ(DecodeNativeReply("\0\x00\x04\0\0"s, 1024).state, ReplyState::kNeedMore);
  EXPECT_EQ(DecodeNativeReply("\0\x01\x04\0\0"s, 1024).state, ReplyState::kError);
}

TEST(NativeClient, RefusesWhatIsNoStatus) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto result = DecodeNativeReply(Reply(byte, ""), 1024);
    const bool good = byte <= 2 || (byte >= 0x10 && byte < 0x80);
    EXPECT_EQ(result.state, good ? ReplyState::kDone : ReplyState::kError) << byte;
    if (byte > 0x1e && good) {
      EXPECT_EQ(result.reply.status, StatusCode::kError);
    }
  }
}

TEST(NativeClient, RefusesValuesThatAreNotWhatTheySay) {
  std::vector<NativeReply> items;
  std::vector<std::string_view> keys;
  kv::ValueView typed;
  uint64_t cursor = 0;
  int64_t integer = 0;
  uint32_t number = 0;
  EXPECT_FALSE(ReadInt64("1234567", integer));
  EXPECT_FALSE(ReadInt64("123456789", integer));
  EXPECT_FALSE(ReadUint32("12345", number));
  EXPECT_FALSE(ReadItems("\x01\0\0"s, items));
  EXPECT_FALSE(ReadItems("\xff\xff\xff\xff"s, items));
  EXPECT_FALSE(ReadItems(Little32(1) + "\0"s + Little32(2) + "a", items));
  EXPECT_FALSE(ReadItems(Little32(0) + "x", items));
  EXPECT_FALSE(ReadPage("1234567", cursor, keys));
  EXPECT_FALSE(ReadPage("12345678" + Little32(1), cursor, keys));
  EXPECT_FALSE(ReadPage("12345678" + Little32(0) + "x", cursor, keys));
  EXPECT_FALSE(ReadTyped("\0"s, typed));
  EXPECT_FALSE(ReadTyped("\x09"s + std::string(16, '\0'), typed));
  EXPECT_FALSE(ReadTyped("\x01"s + std::string(16, '\0') + "short", typed));
}

// Random requests by the client, in random pieces, are what the server's half reads.
TEST(NativeRoundTrip, BySeed) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    const auto bytes_of = [&](size_t max) {
      std::string bytes(random() % (max + 1), '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      return bytes;
    };
    base::Buffer out;
    NativeRequestWriter client(out);
    std::vector<std::vector<std::string>> expected;
    for (int i = 0; i < 20; ++i) {
      const std::string key = bytes_of(8);
      const std::string value = bytes_of(32);
      if (random() % 2 == 0) {
        client.Put(key, value);
        expected.push_back({"SET", key, value});
      } else {
        const std::string other = bytes_of(8);
        const std::string_view keys[] = {key, other};
        client.MultiGet(keys);
        expected.push_back({"MGET", key, other});
      }
    }
    NativeCodec codec(kSmallLimits);
    FeedingConnection connection(codec, 1 + random() % 8);
    for (std::string_view rest = out.view(); !rest.empty();) {
      const size_t piece = std::min<size_t>(rest.size(), 1 + random() % 40);
      ASSERT_TRUE(connection.Feed(rest.substr(0, piece))) << "seed " << seed;
      rest.remove_prefix(piece);
    }
    ASSERT_EQ(connection.seen().words(), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace corelane::proto
