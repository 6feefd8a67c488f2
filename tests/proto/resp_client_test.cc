#include "proto/resp_client.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "proto/resp_writer.h"

namespace corelane::proto {
namespace {

using namespace std::string_literals;
using Kind = RespReply::Kind;

bool Same(const RespReply& a, const RespReply& b) {
  if (a.kind != b.kind || a.integer != b.integer || a.text != b.text) return false;
  if (a.elements.size() != b.elements.size()) return false;
  for (size_t i = 0; i < a.elements.size(); ++i) {
    if (!Same(a.elements[i], b.elements[i])) return false;
  }
  return true;
}

// The length of the first reply, found in pieces; 0 when it does not end, -1 on an error.
int64_t ScanInPieces(std::string_view bytes, size_t piece_bytes, const RespReplyLimits& limits) {
  RespReplyScanner scanner(limits);
  for (size_t size = std::min(piece_bytes, bytes.size());;
       size = std::min(size + piece_bytes, bytes.size())) {
    size_t reply_bytes = 0;
    const ReplyState state = scanner.Next(bytes.substr(0, size), reply_bytes);
    if (state == ReplyState::kDone) return static_cast<int64_t>(reply_bytes);
    if (state == ReplyState::kError) return -1;
    if (size == bytes.size()) return 0;
  }
}

TEST(RespClient, WritesCommands) {
  base::Buffer out;
  WriteRespCommand({"GET", "k"}, out);
  WriteRespCommand({"SET", "", std::string_view("\0\r\n", 3)}, out);
  EXPECT_EQ(out.view(),
            "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\n\0\r\n\r\n"s);
}

TEST(RespClient, FindsTheEndOfEveryKindOfReply) {
  const std::string replies[] = {
      "+OK\r\n",
      "-ERR no\r\n",
      ":-5\r\n",
      "$-1\r\n",
      "*-1\r\n",
      "$0\r\n\r\n",
      "$5\r\na\r\nbc\r\n",
      "*0\r\n",
      "*2\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n",
      "%1\r\n+k\r\n*1\r\n_\r\n",
      "~2\r\n#t\r\n#f\r\n",
      ",1.5\r\n",
      ",inf\r\n",
      "(123456789012345678901234567890\r\n",
      "=7\r\ntxt:abc\r\n",
      "!5\r\nERR x\r\n",
      ">2\r\n+push\r\n+x\r\n",
      "|1\r\n+ttl\r\n:5\r\n*1\r\n+x\r\n",
  };
  for (const std::string& reply : replies) {
    const auto size = static_cast<int64_t>(reply.size());
    for (const size_t piece : {size_t{1}, size_t{2}, size_t{1000}}) {
      EXPECT_EQ(ScanInPieces(reply + "+next\r\n", piece, {}), size) << reply;
    }
    for (size_t cut = 0; cut < reply.size(); ++cut) {
      EXPECT_EQ(ScanInPieces(reply.substr(0, cut), 3, {}), 0) << reply;
    }
    RespReply tree;
    EXPECT_TRUE(ParseRespReply(reply, tree)) << reply;
  }
}

TEST(RespClient, RefusesWhatIsNoReply) {
  for (const std::string& bytes :
       {"\r\n"s, "x\r\n"s, "$x\r\n"s, "$-2\r\n"s, "*-2\r\n"s, "+OK\n"s, "*1\r\n?\r\n"s,
        "$99999999999999999999\r\n"s, "*99999999999999\r\n"s, "$9223372036854775807\r\n"s}) {
    EXPECT_EQ(ScanInPieces(bytes, 100, {}), -1) << bytes;
  }
  EXPECT_EQ(ScanInPieces("$11\r\n", 100, {.bulk_bytes_max = 10}), -1);
  EXPECT_EQ(ScanInPieces("*11\r\n", 100, {.elements_max = 10}), -1);
  RespReply tree;
  EXPECT_FALSE(ParseRespReply("#x\r\n", tree));
  EXPECT_FALSE(ParseRespReply(":1x\r\n", tree));
  std::string deep;
  for (size_t i = 0; i < kRespDepthMax + 1; ++i) deep += "*1\r\n";
  EXPECT_FALSE(ParseRespReply(deep + ":1\r\n", tree));
}

TEST(RespClient, ScansOneReplyAfterAnother) {
  const std::string bytes = "+OK\r\n-ERR x\r\n*1\r\n:1\r\n";
  RespReplyScanner scanner;
  std::string_view rest = bytes;
  std::vector<bool> errors;
  while (!rest.empty()) {
    size_t reply_bytes = 0;
    ASSERT_EQ(scanner.Next(rest, reply_bytes), ReplyState::kDone);
    errors.push_back(scanner.is_error());
    rest.remove_prefix(reply_bytes);
  }
  EXPECT_EQ(errors, (std::vector<bool>{false, true, false}));
}

// Writes a random tree with the server's writer and notes what the client must read.
void WriteTree(std::mt19937_64& random, int depth, RespWriter& out, RespReply& expected) {
  const auto word = [&] {
    return std::string(random() % 20, static_cast<char>('a' + random() % 26));
  };
  switch (random() % (depth < 4 ? 8 : 6)) {
    case 0:
      return out.Nil();
    case 1:
      expected.kind = Kind::kInteger;
      expected.integer = static_cast<int64_t>(random());
      expected.text = std::to_string(expected.integer);
      return out.Integer(expected.integer);
    case 2:
      expected.kind = Kind::kBulk;
      expected.text = word() + "\r\n" + word();
      return out.Bulk(expected.text);
    case 3:
      expected.kind = Kind::kSimple;
      expected.text = word();
      return out.Simple(expected.text);
    case 4:
      expected.kind = Kind::kError;
      expected.text = "ERR " + word();
      return out.Error(StatusCode::kError, std::string_view(expected.text).substr(4));
    case 5:
      expected.kind = Kind::kBoolean;
      expected.integer = static_cast<int64_t>(random() % 2);
      expected.text = expected.integer != 0 ? "t" : "f";
      return out.Boolean(expected.integer != 0);
    case 6:
      expected.kind = Kind::kArray;
      expected.elements.resize(random() % 5);
      out.Array(expected.elements.size());
      break;
    default:
      expected.kind = Kind::kMap;
      expected.elements.resize(2 * (random() % 3));
      out.Map(expected.elements.size() / 2);
  }
  for (RespReply& element : expected.elements) WriteTree(random, depth + 1, out, element);
}

TEST(RespReplyRoundTrip, BySeed) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    std::mt19937_64 random(seed);
    base::Buffer out;
    RespWriter writer;
    const int resp_version = 3;
    writer.Begin(resp_version, out);
    RespReply expected;
    WriteTree(random, 0, writer, expected);
    const std::string bytes(out.view());
    ASSERT_EQ(ScanInPieces(bytes, 1 + random() % 9, {}), static_cast<int64_t>(bytes.size()))
        << "seed " << seed;
    RespReply read;
    ASSERT_TRUE(ParseRespReply(bytes, read)) << "seed " << seed;
    ASSERT_TRUE(Same(read, expected)) << "seed " << seed << "\n" << bytes;
  }
}

}  // namespace
}  // namespace corelane::proto
