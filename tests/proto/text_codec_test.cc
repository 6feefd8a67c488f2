#include "proto/text_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "codec_testing.h"
#include "proto/value_text.h"

namespace corelane::proto {
namespace {

using namespace std::string_literals;
using Words = std::vector<std::vector<std::string>>;

const std::string kNoTtl(8, '\xff');

struct Accepted {
  std::string bytes;
  Words words;  // {""}: answered as no request
};

std::vector<Accepted> AcceptedCases() {
  return {
      {"SET key value\n", {{"SET", "key", "value"}}},
      {"get key\nGet key\r\ngEt key\n", {{"GET", "key"}, {"GET", "key"}, {"GET", "key"}}},
      {"  del \t key \v\f\r\n", {{"DEL", "key"}}},
      {"\n\r\n \t \nget k\n\n", {{"GET", "k"}}},
      {"QUIT\n", {{"QUIT"}}},
      {"incr n\ndecr n\n", {{"INCR", "n"}, {"DECR", "n"}}},
      {"set k \"quoted\n", {{"SET", "k", "\"quoted"}}},
      {"set \xff\x01 \0\xfe\n"s, {{"SET", "\xff\x01", "\0\xfe"s}}},
      {"SETTYPED k String(\"a  b\")\n", {{"SET", "k", "a  b"}}},
      {"settyped k Integer(10)\r\n", {{"CL.PUT", "k", "\x01", kNoTtl, "\x0a\0\0\0\0\0\0\0"s}}},
      {"settyped k Float(1.5)\n", {{"CL.PUT", "k", "\x02", kNoTtl, "\0\0\0\0\0\0\xf8\x3f"s}}},
      {"settyped k Boolean(true)\n", {{"CL.PUT", "k", "\x03", kNoTtl, "\x01"}}},
      {"settyped k Binary([1, 2, 255])\n", {{"CL.PUT", "k", "\x04", kNoTtl, "\x01\x02\xff"}}},
  };
}

TEST(TextCodec, ReadsALineARequest) {
  for (const Accepted& accepted : AcceptedCases()) {
    for (const size_t piece : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
      TextCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, accepted.bytes, piece, 2);
      EXPECT_EQ(seen.words(), accepted.words) << accepted.bytes << " in pieces of " << piece;
      EXPECT_EQ(seen.state, DecodeState::kDone) << accepted.bytes;
    }
  }
}

// What the codec answers to the only request in `line` when the command table says `say`.
template <typename Say>
std::string Answer(std::string_view line, Say say) {
  TextCodec codec((CodecLimits()));
  const Seen seen = DecodeInPieces(codec, line, 0);
  EXPECT_EQ(seen.requests.size(), 1u) << line;
  base::Buffer out;
  say(codec.BeginReply(seen.requests.at(0).tag, kv::Session(), out));
  codec.EndReply();
  return std::string(out.view());
}

std::string Refusal(std::string_view line) {
  return Answer(line, [](kv::ReplyWriter& reply) {
    reply.Error(StatusCode::kUnknownCommand, "unknown command ''");
  });
}

TEST(TextCodec, AnythingElseIsAnUnknownCommand) {
  for (const std::string line :
       {"foo\n",        "PING\n",        "get\n",     "get a b\n",  "set\n",          "set a\n",
        "set a b c\n",  "del\n",         "del a b\n", "quit now\n", "incr\n",         "settyped\n",
        "settyped k\n", "settyped k \n", "setx\n",    "getk\n",     "GET\xc2\xa0k\n", "1\n",
        " {\n",         " *1\n",         "\xff\n"}) {
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      TextCodec codec((CodecLimits()));
      EXPECT_EQ(DecodeInPieces(codec, line, piece).words(), (Words{{""}})) << line;
    }
    EXPECT_EQ(Refusal(line), "Unknown command\n") << line;
  }
}

TEST(TextCodec, SaysThatATypedValueIsNone) {
  EXPECT_EQ(Refusal("settyped k Integer(x)\n"), "Error: malformed value\n");
  EXPECT_EQ(Refusal("settyped k 10\n"), "Error: malformed value\n");
}

TEST(TextCodec, Answers) {
  const auto ok = [](kv::ReplyWriter& reply) { reply.Ok(); };
  const auto nil = [](kv::ReplyWriter& reply) { reply.Nil(); };
  const auto one = [](kv::ReplyWriter& reply) { reply.Integer(1); };
  const auto zero = [](kv::ReplyWriter& reply) { reply.Integer(0); };
  const auto value = [](kv::ReplyWriter& reply) { reply.Value({.bytes = "a\"b"}); };
  const auto full = [](kv::ReplyWriter& reply) {
    reply.Error(StatusCode::kDiskFull, "disk full:\r\nno room");
  };
  const auto list = [](kv::ReplyWriter& reply) {
    reply.Array(2);
    reply.Integer(1);
    reply.Bulk("x");
  };
  EXPECT_EQ(Answer("set k v\n", ok), "OK\n");
  EXPECT_EQ(Answer("settyped k Integer(1)\n", ok), "OK\n");
  EXPECT_EQ(Answer("get k\n", value), "String(\"a\\\"b\")\n");
  EXPECT_EQ(Answer("get k\n", nil), "Key not found\n");
  EXPECT_EQ(Answer("del k\n", one), "OK\n");
  EXPECT_EQ(Answer("del k\n", zero), "Key not found\n");
  EXPECT_EQ(Answer("incr k\n", one), "Integer(1)\n");
  EXPECT_EQ(Answer("decr k\n", zero), "Integer(0)\n");
  EXPECT_EQ(Answer("quit\n", ok), "");
  EXPECT_EQ(Answer("quit\n", full), "Error: disk full:  no room\n");
  EXPECT_EQ(Answer("set k v\n", full), "Error: disk full:  no room\n");
  EXPECT_EQ(Answer("get k\n", list), "Error: the reply has no form in this protocol\n");
  EXPECT_EQ(Answer("get k\n", [](kv::ReplyWriter& reply) { reply.Boolean(true); }),
            "Boolean(true)\n");
  EXPECT_EQ(Answer("get k\n", [](kv::ReplyWriter& reply) { reply.Double(2); }), "Float(2.0)\n");
  EXPECT_EQ(Answer("get k\n", [](kv::ReplyWriter& reply) { reply.Simple("PONG"); }), "PONG\n");
  EXPECT_EQ(Answer("get k\n", [](kv::ReplyWriter& reply) { reply.Bulk("x"); }), "String(\"x\")\n");
  EXPECT_EQ(Answer("get k\n", [](kv::ReplyWriter& reply) { reply.Map(1); }),
            "Error: the reply has no form in this protocol\n");
}

TEST(TextCodec, ALineIsTooLongWhateverItsPieces) {
  CodecLimits limits;
  limits.key_bytes_max = 100;
  limits.value_bytes_max = 1000;
  const size_t longest = TextLineBytesMax(limits);
  const std::string most = "get " + std::string(longest - 4, 'k');
  for (const size_t piece : {size_t{0}, size_t{1}, longest, longest + 1}) {
    TextCodec fits(limits);
    EXPECT_EQ(DecodeInPieces(fits, most + "\n", piece).requests.size(), 1u);
    TextCodec waits(limits);
    EXPECT_EQ(DecodeInPieces(waits, most, piece).state, DecodeState::kNeedMore);
    TextCodec over(limits);
    const Seen seen = DecodeInPieces(over, "get a\n" + most + "k\n", piece);
    EXPECT_EQ(seen.words(), (Words{{"GET", "a"}}));
    ASSERT_EQ(seen.state, DecodeState::kError);
    EXPECT_EQ(ErrorReply(over, seen), "Error: line exceeds maximum size\n");
  }
}

TEST(TextCodec, ALineHasRoomForTheLongestSpellingOfAValue) {
  CodecLimits limits;
  limits.value_bytes_max = 1000;
  base::Buffer text;
  AppendValueText({.bytes = std::string(limits.value_bytes_max, '\x7f')}, text);
  const std::string line =
      "settyped " + std::string(limits.key_bytes_max, 'k') + " " + std::string(text.view()) + "\n";
  TextCodec codec(limits);
  EXPECT_EQ(DecodeInPieces(codec, line, 0).requests.at(0).words.at(2),
            std::string(limits.value_bytes_max, '\x7f'));
  // As long as that is within what any request may have.
  limits.request_bytes_max = 3000;
  EXPECT_LT(TextLineBytesMax(limits), line.size());
  EXPECT_GT(TextLineBytesMax(limits), limits.key_bytes_max + limits.value_bytes_max);
}

TEST(TextCodec, ABrowserIsCutOffWithoutAReply) {
  for (const std::string line : {"POST / HTTP/1.1\r\n", "post /\r\n", "Host: a\r\n", "HOST:a\n"}) {
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      TextCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, "GET / HTTP/1.1\n" + line + "set a b\n", piece);
      EXPECT_EQ(seen.state, DecodeState::kError) << line;
      EXPECT_EQ(seen.error, "") << line;
      EXPECT_EQ(seen.words(), (Words{{""}}));
    }
  }
}

// Its client would wait for ever for the answer to a line that it never ends.
TEST(TextCodec, RefusesAnotherProtocolAtItsFirstByte) {
  for (const std::string& other : {"\x04\0\0\0"s, "\x12"s, "*1\r\n"s, "{\"Get\""s}) {
    for (const std::string before : {"", "get a\n"}) {
      for (const size_t piece : {size_t{0}, size_t{1}}) {
        TextCodec codec((CodecLimits()));
        const Seen seen = DecodeInPieces(codec, before + other, piece);
        ASSERT_EQ(seen.state, DecodeState::kError) << other;
        EXPECT_EQ(seen.requests.size(), before.empty() ? 0u : 1u);
        EXPECT_EQ(ErrorReply(codec, seen), "Unknown command\n");
      }
    }
  }
}

TEST(TextCodec, SmallPiecesCostLinearTime) {
  const std::string line = "set k " + std::string(20'000, 'v') + "\n";
  TextCodec codec((CodecLimits()));
  EXPECT_EQ(DecodeInPieces(codec, line, 1).requests.size(), 1u);
  EXPECT_EQ(codec.bytes_scanned(), line.size());
}

TEST(TextCodec, StopsAtAFullBatchAndGoesOnThere) {
  TextCodec codec((CodecLimits()));
  const std::string bytes = "get 0\nget 1\nget 2\n";
  kv::RequestBatch batch;
  const DecodeResult result = codec.Decode(bytes, 2, batch);
  EXPECT_EQ(result.state, DecodeState::kFull);
  EXPECT_EQ(result.consumed, 12u);
  // A word points into the received bytes.
  EXPECT_EQ(batch[1].args[0].data(), bytes.data() + 10);
}

}  // namespace
}  // namespace corelane::proto
