#include "proto/resp_codec.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "codec_testing.h"
#include "proto/resp_client.h"

namespace corelane::proto {
namespace {

using namespace std::string_literals;
using Words = std::vector<std::vector<std::string>>;

struct Accepted {
  std::string bytes;
  Words words;
};

// What redis-server 7.0.15 takes these bytes for.
const std::vector<Accepted>& AcceptedCases() {
  static const std::vector<Accepted> kCases = {
      {"*1\r\n$4\r\nPING\r\n", {{"PING"}}},
      {"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nping\r\n", {{"GET", "k"}, {"ping"}}},
      {"*2\r\n$3\r\nGET\r\n$0\r\n\r\n", {{"GET", ""}}},
      {"*1\r\n$0\r\n\r\n", {{""}}},
      {"*2\r\n$4\r\nECHO\r\n$12\r\n\r\n$1\r\n*2\r\n\0x\r\n"s, {{"ECHO", "\r\n$1\r\n*2\r\n\0x"s}}},
      {"*0\r\n*-1\r\n*-5\r\nping\n", {{"ping"}}},
      {"\r\n\n  \r\nping\r\n", {{"ping"}}},
      {"ping\nping\r\n", {{"ping"}, {"ping"}}},
      {"*1\rx$4\rxPING\r\n", {{"PING"}}},
      {"*1\r\n$4\r\nPINGxxping\r\n", {{"PING"}, {"ping"}}},
      {"*1\r\n$4\r\nping\r\r", {{"ping"}}},
      {"set k  v\t w\r\n", {{"set", "k", "v", "w"}}},
      {"ping \va\r\n", {{"ping", "a"}}},
      {"ping a\vb\r\n", {{"ping", "a\vb"}}},
      {"set \"a\\x41\\n\\r\\t\\b\\a\" 'b\\'c'\r\n", {{"set", "aA\n\r\t\b\a", "b'c"}}},
      {"set k 'a\\nb'\r\n", {{"set", "k", "a\\nb"}}},
      {"set k \"\\q\\xzz\\x4\"\r\n", {{"set", "k", "qxzzx4"}}},
      {"get aA\"\\n\" x\r\n", {{"get", "aA\n", "x"}}},
      {"\"\" \r\nping ''\r\n", {{""}, {"ping", ""}}},
      {"get \"a b\" 'c d'\r\n", {{"get", "a b", "c d"}}},
  };
  return kCases;
}

TEST(RespCodec, ReadsWhatRedisReads) {
  for (const Accepted& accepted : AcceptedCases()) {
    for (const size_t piece : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
      RespCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, accepted.bytes, piece);
      EXPECT_EQ(seen.words(), accepted.words) << accepted.bytes << " in pieces of " << piece;
      EXPECT_EQ(seen.state, DecodeState::kDone) << accepted.bytes;
    }
  }
}

struct Refused {
  std::string bytes;
  std::string reply;
};

std::vector<Refused> RefusedCases() {
  const std::string count = "-ERR Protocol error: invalid multibulk length\r\n";
  const std::string bulk = "-ERR Protocol error: invalid bulk length\r\n";
  const std::string quotes = "-ERR Protocol error: unbalanced quotes in request\r\n";
  const std::string long_line(70000, '1');
  const auto expected = [](const std::string& got) {
    return "-ERR Protocol error: expected '$', got '" + got + "'\r\n";
  };
  return {
      {"*x\r\n", count},
      {"*\r\n", count},
      {"*+1\r\n", count},
      {"* 1\r\n", count},
      {"*01\r\n", count},
      {"*-0\r\n", count},
      {"*1048577\r\n", count},
      {"*99999999999999999999\r\n", count},
      {"*1\r\nx1\r\n", expected("x")},
      {"*1\r\n:1\r\n", expected(":")},
      {"*1\r\n\r\n", expected(" ")},
      {"*1\r\n\n\r\n", expected(" ")},
      {"*1\r\n\0\r\n"s, expected(" ")},
      {"*1\r\n\xff\r\n", expected("\xff")},
      {"*2\r\n$3\r\nGET\r\n+1\r\n", expected("+")},
      {"*1\r\n$x\r\n", bulk},
      {"*1\r\n$\r\n", bulk},
      {"*1\r\n$-1\r\n", bulk},
      {"*1\r\n$04\r\nping\r\n", bulk},
      {"*1\r\n$2097153\r\n", bulk},
      {"*1\r\n$99999999999999999999\r\n", bulk},
      {"*" + long_line, "-ERR Protocol error: too big mbulk count string\r\n"},
      {"*1\r\n$" + long_line, "-ERR Protocol error: too big bulk count string\r\n"},
      {long_line, "-ERR Protocol error: too big inline request\r\n"},
      {long_line + "\r\n", "-ERR Protocol error: too big inline request\r\n"},
      {"get \"a\r\n", quotes},
      {"get 'a\r\n", quotes},
      {"get \"a\\\r\n", quotes},
      {"get \"a\"b\r\n", quotes},
      {"get 'a'b\r\n", quotes},
      {"get \"a\\\"\r\n", quotes},
  };
}

TEST(RespCodec, RefusesWhatRedisRefuses) {
  for (const Refused& refused : RefusedCases()) {
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      if (piece != 0 && refused.bytes.size() > 1000) continue;  // has a test of its own
      RespCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, "ping\r\n" + refused.bytes, piece);
      ASSERT_EQ(seen.state, DecodeState::kError) << refused.bytes.substr(0, 40);
      EXPECT_EQ(seen.words(), (Words{{"ping"}}));
      EXPECT_EQ(ErrorReply(codec, seen), refused.reply) << refused.bytes.substr(0, 40);
    }
  }
}

TEST(RespCodec, ALineIsTooLongWhateverItsPieces) {
  const std::string most(kRespLineBytesMax, 'a');
  for (const size_t piece : {size_t{0}, size_t{4096}, size_t{4097}}) {
    RespCodec fits((CodecLimits()));
    EXPECT_EQ(DecodeInPieces(fits, most + "\n", piece).words(), (Words{{most}}));
    RespCodec over((CodecLimits()));
    EXPECT_EQ(DecodeInPieces(over, most + "a\n", piece).error, "too big inline request");
    RespCodec count((CodecLimits()));
    EXPECT_EQ(DecodeInPieces(count, "*" + most + "\r\n", piece).error,
              "too big mbulk count string");
    RespCodec waits((CodecLimits()));
    EXPECT_EQ(DecodeInPieces(waits, most, piece).state, DecodeState::kNeedMore);
  }
}

TEST(RespCodec, ABrowserIsCutOffWithoutAReply) {
  for (const std::string line : {"POST / HTTP/1.1\r\n", "post /\r\n", "Host: a\r\n", "HOST:a\n"}) {
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      RespCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, line, piece);
      EXPECT_EQ(seen.state, DecodeState::kError) << line;
      EXPECT_EQ(seen.error, "") << line;
      EXPECT_TRUE(seen.requests.empty());
    }
  }
  RespCodec codec((CodecLimits()));
  EXPECT_EQ(DecodeInPieces(codec, "GET Host: x\r\nPOSTER x\r\n", 0).requests.size(), 2u);
}

TEST(RespCodec, LimitsTheRequestAsAWhole) {
  CodecLimits limits;
  limits.value_bytes_max = 1000;
  limits.request_args_max = 8;
  limits.request_bytes_max = 1;  // raised to what one key and one value need
  const size_t bulk_max = 1024 + kRespBulkSlackBytes;
  const std::string bulk =
      "$" + std::to_string(bulk_max) + "\r\n" + std::string(bulk_max, 'x') + "\r\n";
  std::string two_bulks = "*3\r\n$1\r\nx\r\n";
  two_bulks.append(bulk).append(bulk);
  for (const size_t piece : {size_t{0}, size_t{65536}}) {
    RespCodec fits(limits);
    EXPECT_EQ(DecodeInPieces(fits, "*2\r\n$1\r\nx\r\n" + bulk, piece).requests.size(), 1u);
    RespCodec over(limits);
    EXPECT_EQ(DecodeInPieces(over, two_bulks, piece).error, "too big request");
    RespCodec args(limits);
    EXPECT_EQ(DecodeInPieces(args, "*9\r\n", piece).error, "invalid multibulk length");
  }
}

TEST(RespCodec, StopsAtAFullBatchAndGoesOnThere) {
  RespCodec codec((CodecLimits()));
  std::string bytes;
  for (int i = 0; i < 5; ++i) bytes += "*2\r\n$3\r\nGET\r\n$1\r\n" + std::to_string(i) + "\r\n";
  kv::RequestBatch batch;
  DecodeResult result = codec.Decode(bytes, 2, batch);
  EXPECT_EQ(result.state, DecodeState::kFull);
  EXPECT_EQ(result.consumed, 2 * bytes.size() / 5);
  result = codec.Decode(std::string_view(bytes).substr(result.consumed), 5, batch);
  EXPECT_EQ(result.state, DecodeState::kDone);
  ASSERT_EQ(batch.size(), 5u);
  EXPECT_EQ(batch[4].args[0], "4");
}

TEST(RespCodec, ArgumentsPointIntoTheReceivedBytes) {
  const std::string bytes = "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\nget key\r\n";
  RespCodec codec((CodecLimits()));
  kv::RequestBatch batch;
  ASSERT_EQ(codec.Decode(bytes, 8, batch).state, DecodeState::kDone);
  EXPECT_EQ(batch[0].args[0].data(), bytes.data() + 17);
  EXPECT_EQ(batch[1].args[0].data(), bytes.data() + 26);
}

// The bytes looked at for line ends may not depend on the pieces, apart from a constant factor.
TEST(RespCodec, SmallPiecesCostLinearTime) {
  std::string request = "*3001\r\n$4\r\nMSET\r\n";
  for (int i = 0; i < 3000; ++i) request += "$5\r\nabcde\r\n";
  RespCodec pieces((CodecLimits()));
  EXPECT_EQ(DecodeInPieces(pieces, request, 1).requests.size(), 1u);
  EXPECT_LE(pieces.bytes_scanned(), request.size());

  const std::string line = std::string(20000, 'a') + "\r\n";
  RespCodec inline_pieces((CodecLimits()));
  EXPECT_EQ(DecodeInPieces(inline_pieces, line, 1).requests.size(), 1u);
  EXPECT_LE(inline_pieces.bytes_scanned(), line.size());

  const std::string count = "*" + std::string(20000, '1');
  RespCodec count_pieces((CodecLimits()));
  EXPECT_EQ(DecodeInPieces(count_pieces, count, 1).state, DecodeState::kNeedMore);
  EXPECT_LE(count_pieces.bytes_scanned(), count.size());
}

// While a long argument is under way, the codec says how much it waits for.
TEST(RespCodec, SaysHowMuchItNeeds) {
  RespCodec codec((CodecLimits()));
  kv::RequestBatch batch;
  const std::string begin = "*2\r\n$3\r\nGET\r\n$1000\r\nabc";
  const DecodeResult result = codec.Decode(begin, 8, batch);
  EXPECT_EQ(result.state, DecodeState::kNeedMore);
  EXPECT_EQ(result.consumed, 0u);
  EXPECT_EQ(result.needed, begin.size() - 3 + 1000 + 2);
}

TEST(RespRoundTrip, BySeed) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    base::Buffer out;
    Words expected;
    for (int i = 0; i < 20; ++i) {
      std::vector<std::string> words(1 + random() % 12);
      for (std::string& word : words) {
        word.resize(random() % (random() % 10 == 0 ? 3000 : 20));
        for (char& byte : word) byte = static_cast<char>(random());
      }
      const std::vector<std::string_view> views(words.begin(), words.end());
      WriteRespCommand(views, out);
      expected.push_back(words);
    }
    RespCodec codec((CodecLimits()));
    FeedingConnection connection(codec, 1 + random() % 8);
    for (std::string_view rest = out.view(); !rest.empty();) {
      const size_t piece = std::min<size_t>(rest.size(), 1 + random() % 200);
      ASSERT_TRUE(connection.Feed(rest.substr(0, piece))) << "seed " << seed;
      rest.remove_prefix(piece);
    }
    ASSERT_EQ(connection.seen().words(), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace corelane::proto
