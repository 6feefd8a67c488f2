#include "proto/memcache_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "codec_testing.h"

namespace corelane::proto {
namespace {

using Words = std::vector<std::vector<std::string>>;

constexpr std::string_view kOptions = "(options)";

// The words of the requests; options, which are not readable, are replaced.
Words WordsOf(const Seen& seen) {
  Words words = seen.words();
  for (auto& request : words) {
    for (std::string& word : request) {
      if (word.size() == sizeof(kv::MemcacheOptions)) word = kOptions;
    }
  }
  return words;
}

Seen Decode(std::string_view bytes, size_t piece_bytes = 0) {
  MemcacheCodec codec((CodecLimits()));
  return DecodeInPieces(codec, bytes, piece_bytes);
}

kv::MemcacheOptions OptionsOf(const Seen& seen, size_t word = 2) {
  return kv::MemcacheOptions::From(seen.requests.at(0).words.at(word));
}

struct Case {
  std::string bytes;
  Words words;
};

TEST(MemcacheCodec, ReadsCommandsInAnyPieces) {
  const std::vector<Case> cases = {
      {"get a\r\n", {{"mc.get", "a"}}},
      {"get a bb  c\n", {{"mc.get", "a", "bb", "c"}}},
      {"gets a\r\nbget b\r\n", {{"mc.gets", "a"}, {"mc.get", "b"}}},
      {"gat 10 a b\r\n", {{"mc.gat", "a", "(options)", "b", "(options)"}}},
      {"set k 1 2 3\r\nabc\r\n", {{"mc.store", "k", "(options)", "abc"}}},
      {"set k 1 2 3 noreply\r\n\r\n\r\r\n", {{"mc.store", "k", "(options)", "\r\n\r"}}},
      {"set k 0 0 0\r\n\r\nget k\r\n", {{"mc.store", "k", "(options)", ""}, {"mc.get", "k"}}},
      {"cas k 1 2 1 9\r\na\r\n", {{"mc.store", "k", "(options)", "a"}}},
      {"delete k\r\ndelete k 0 noreply\r\n", {{"mc.delete", "k"}, {"mc.delete", "k"}}},
      {"incr k 5\r\n", {{"mc.arith", "k", "(options)"}}},
      {"touch k 5\r\n", {{"mc.touch", "k", "(options)"}}},
      {"flush_all\r\n", {{"mc.flush", "(options)"}}},
      {"stats\r\nstats items\r\n", {{"mc.stats", ""}, {"mc.stats", "items"}}},
      {"stats reset\r\n", {{"mc.reset"}}},
      {"version\r\nmn\r\nfoo\r\n", {{"echo", "VERSION 1.6.18"}, {"echo", "MN"}, {"echo", "ERROR"}}},
      {"mg k v  t Oabc\r\n", {{"mc.mg", "k", "(options)", "v  t Oabc"}}},
      {"mg k\r\nmg k T30\r\nmg k N0\r\n",
       {{"mc.mg", "k", "(options)", ""},
        {"mc.mgw", "k", "(options)", "T30"},
        {"mc.mgw", "k", "(options)", "N0"}}},
      {"ms Zm9v 3 b k\r\nabc\r\n", {{"mc.ms", "foo", "(options)", "b k", "abc"}}},
      {"md k q\r\nma k v\r\nme k\r\n",
       {{"mc.md", "k", "(options)", "q"}, {"mc.ma", "k", "(options)", "v"}, {"mc.me", "k"}}},
      {"quit\r\n", {{"quit"}}},
  };
  for (const Case& one : cases) {
    for (const size_t piece : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
      const Seen seen = Decode(one.bytes, piece);
      EXPECT_EQ(WordsOf(seen), one.words) << one.bytes << " in pieces of " << piece;
      EXPECT_EQ(seen.state, DecodeState::kDone) << one.bytes;
      EXPECT_EQ(seen.left, "") << one.bytes;
    }
  }
}

TEST(MemcacheCodec, OptionsHaveTheNumbers) {
  kv::MemcacheOptions options = OptionsOf(Decode("cas k 7 -1 1 99\r\na\r\n"));
  EXPECT_EQ(options.mode, 'C');
  EXPECT_EQ(options.client_flags, 7u);
  EXPECT_EQ(options.exptime, -1);
  EXPECT_EQ(options.cas, 99u);
  options = OptionsOf(Decode("ms k 1 C5 E6 F7 T8 N9 R10 MA I q\r\na\r\n"));
  EXPECT_EQ(options.mode, 'A');
  EXPECT_TRUE(options.has_cas && options.has_new_version && options.has_exptime);
  EXPECT_TRUE(options.vivify && options.recache && options.invalidate && options.quiet);
  EXPECT_EQ(options.cas, 5u);
  EXPECT_EQ(options.new_version, 6u);
  EXPECT_EQ(options.client_flags, 7u);
  EXPECT_EQ(options.exptime, 8);
  EXPECT_EQ(options.vivify_exptime, 9);
  EXPECT_EQ(options.recache_exptime, 10);
  options = OptionsOf(Decode("ma k D5 J6 MD u x\r\n"));
  EXPECT_EQ(options.mode, '-');
  EXPECT_EQ(options.delta, 5u);
  EXPECT_EQ(options.initial, 6u);
  EXPECT_TRUE(options.no_update && options.remove_value);
}

TEST(MemcacheCodec, TagsSayShapeAndQuiet) {
  EXPECT_EQ(Decode("get a\r\n").requests[0].tag, MemcacheTag(MemcacheShape::kValues, false));
  EXPECT_EQ(Decode("gats 1 a\r\n").requests[0].tag,
            MemcacheTag(MemcacheShape::kValuesWithCas, false));
  EXPECT_EQ(Decode("delete a noreply\r\n").requests[0].tag,
            MemcacheTag(MemcacheShape::kLine, true));
  EXPECT_EQ(Decode("set a x 0 1 noreply\r\n").requests[0].tag,
            MemcacheTag(MemcacheShape::kLine, true));
  EXPECT_EQ(Decode("mg a q\r\n").requests[0].tag, MemcacheTag(MemcacheShape::kMeta, false));
  EXPECT_EQ(Decode("stats\r\n").requests[0].tag, MemcacheTag(MemcacheShape::kStats, false));
}

TEST(MemcacheCodec, TooLargeAValueIsPassedOverWithoutBeingHeld) {
  CodecLimits limits;
  limits.value_bytes_max = 10;
  for (const size_t piece : {size_t{0}, size_t{1}, size_t{5}}) {
    MemcacheCodec codec(limits);
    FeedingConnection connection(codec, 64);
    const std::string stream = "set k 0 0 100\r\n" + std::string(100, 'x') +
                               "\r\nadd k 0 0 11\r\n" + std::string(11, 'x') + "\r\nms k 12\r\n" +
                               std::string(12, 'x') + "\r\nget k\r\n";
    for (size_t at = 0; at < stream.size(); at += piece == 0 ? stream.size() : piece) {
      ASSERT_TRUE(connection.Feed(stream.substr(at, piece == 0 ? stream.size() : piece)));
      EXPECT_LT(connection.seen().left.size(), 20u);
    }
    const Words expected = {{"mc.toolarge", "k"},
                            {"echo", "SERVER_ERROR object too large for cache"},
                            {"mc.toolarge", "k"},
                            {"mc.get", "k"}};
    EXPECT_EQ(connection.seen().words(), expected);
  }
}

TEST(MemcacheCodec, TheServersKeyLimitCountsWhenItIsLower) {
  CodecLimits limits;
  limits.key_bytes_max = 4;
  MemcacheCodec codec(limits);
  const Seen seen = DecodeInPieces(codec, "get abcd\r\nget abcde\r\n", 0);
  const Words expected = {{"mc.get", "abcd"}, {"echo", "CLIENT_ERROR bad command line format"}};
  EXPECT_EQ(seen.words(), expected);
}

TEST(MemcacheCodec, OnlyARequestForValuesMayHaveALongLine) {
  for (const size_t piece : {size_t{0}, size_t{1}, size_t{1000}}) {
    for (const std::string command : {"get", "gets", "gat 5", "gats 5"}) {
      std::string line = "  " + command;
      for (int i = 0; i < 1000; ++i) line += " key" + std::to_string(i);
      EXPECT_EQ(Decode(line + "\r\n", piece).requests.size(), 1u) << command;
    }
    for (const std::string_view end : {"", "\r\n"}) {
      const Seen seen = Decode("delete " + std::string(3000, 'x') + std::string(end), piece);
      EXPECT_EQ(seen.state, DecodeState::kError);
      EXPECT_EQ(seen.error, "line too long");
      EXPECT_TRUE(seen.requests.empty());
    }
    EXPECT_EQ(Decode("x" + std::string(2047, ' ') + "\n", piece).state, DecodeState::kDone);
  }
}

TEST(MemcacheCodec, ALineForValuesHasItsLimitsToo) {
  CodecLimits limits;
  limits.request_args_max = 10;
  MemcacheCodec few(limits);
  EXPECT_EQ(DecodeInPieces(few, "get 1 2 3 4 5 6 7 8 9 10\r\n", 0).error, "too many keys");
  limits = {};
  limits.request_bytes_max = 5000;
  MemcacheCodec codec(limits);
  EXPECT_EQ(DecodeInPieces(codec, "get " + std::string(5000, 'k'), 1).error, "line too long");
}

TEST(MemcacheCodec, HttpEndsTheStreamSilently) {
  for (const std::string_view line :
       {"GET / HTTP/1.1\r\n", "POST /x HTTP/1.0\r\n", "Host: localhost\r\n", "post x\r\n"}) {
    const Seen seen = Decode(std::string("get a\r\n") + std::string(line) + "get b\r\n");
    EXPECT_EQ(seen.state, DecodeState::kError) << line;
    EXPECT_EQ(seen.error, "") << line;
    EXPECT_EQ(seen.requests.size(), 1u) << line;
  }
}

TEST(MemcacheCodec, ErrorRepliesAreALine) {
  MemcacheCodec codec((CodecLimits()));
  const Seen seen = DecodeInPieces(codec, std::string(2049, 'x'), 0);
  EXPECT_EQ(ErrorReply(codec, seen), "CLIENT_ERROR line too long\r\n");
}

// Bytes are looked at once for the end of a line however small the pieces are, and those of a value
// not at all.
TEST(MemcacheCodec, CostsAreLinear) {
  std::string line = "get";
  for (int i = 0; i < 20'000; ++i) line += " key" + std::to_string(i);
  line += "\r\n";
  const std::string head = "set k 0 0 100000\r\n";
  MemcacheCodec codec((CodecLimits()));
  const Seen seen = DecodeInPieces(codec, line + head + std::string(100'000, '\n') + "\r\n", 3);
  EXPECT_EQ(seen.requests.size(), 2u);
  EXPECT_EQ(codec.bytes_scanned(), line.size() + head.size());
}

TEST(MemcacheCodec, APipelineIsTakenInHelpings) {
  MemcacheCodec codec((CodecLimits()));
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += "get k\r\nset k 0 0 1\r\na\r\n";
  EXPECT_EQ(DecodeInPieces(codec, stream, 0, 7).requests.size(), 200u);
}

}  // namespace
}  // namespace corelane::proto
