#include "loadgen/wire_memcache.h"

#include <corelane/limits.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire_requests.h"
#include "wire_testing.h"

namespace corelane::loadgen {
namespace {

std::string Text(const Ask& ask, std::string_view stream) {
  return Outcomes(WireProtocol::kMemcacheText, ask, stream);
}

std::string Meta(const Ask& ask, std::string_view stream) {
  return Outcomes(WireProtocol::kMemcacheMeta, ask, stream);
}

TEST(MemcacheSeconds, AreRoundedUpAndNeverAPointInTime) {
  EXPECT_EQ(MemcacheSeconds(0), 0u);
  EXPECT_EQ(MemcacheSeconds(1), 1u);
  EXPECT_EQ(MemcacheSeconds(1000), 1u);
  EXPECT_EQ(MemcacheSeconds(1001), 2u);
  EXPECT_EQ(MemcacheSeconds(2'592'000'000), 2'592'000u);
  EXPECT_EQ(MemcacheSeconds(2'592'000'001), 2'592'000u);
  EXPECT_EQ(MemcacheSeconds(UINT32_MAX), 2'592'000u);
}

TEST(MemcacheTextWire, WritesRequests) {
  const auto bytes = [](const Ask& ask) { return RequestBytes(WireProtocol::kMemcacheText, ask); };
  EXPECT_EQ(bytes(AskRead), "get k\r\n");
  EXPECT_EQ(bytes(AskReadMany), "get a bb ccc\r\n");
  EXPECT_EQ(bytes(AskWrite), "set k 0 0 5\r\nvalue\r\n");
  EXPECT_EQ(bytes(AskWriteWithTtl), "set k 0 2 5\r\nvalue\r\n");
  EXPECT_EQ(bytes(AskDelete), "delete k\r\n");
  EXPECT_EQ(bytes(AskExpire), "touch k 1\r\n");
}

TEST(MemcacheTextWire, ReadsRepliesInAnyPieces) {
  EXPECT_EQ(Text(AskRead, "VALUE k 0 5\r\nhello\r\nEND\r\n"), "hit 1/0 hello");
  EXPECT_EQ(Text(AskRead, "VALUE k 4294967295 7\r\nx\r\nEND\r\r\nEND\r\n"), "hit 1/0 x\r\nEND\r");
  EXPECT_EQ(Text(AskRead, "VALUE k 0 0\r\n\r\nEND\r\n"), "hit 1/0");
  EXPECT_EQ(Text(AskRead, "END\r\n"), "miss 0/1");
  EXPECT_EQ(Text(AskRead, "VALUE k 0 1\r\nx\r\n"), "more");
  EXPECT_EQ(Text(AskWrite, "STORED\r\n"), "ok");
  EXPECT_EQ(Text(AskWrite, "NOT_STORED\r\n"), "error NOT_STORED");
  EXPECT_EQ(Text(AskDelete, "DELETED\r\n"), "ok");
  EXPECT_EQ(Text(AskDelete, "NOT_FOUND\r\n"), "miss");
  EXPECT_EQ(Text(AskExpire, "TOUCHED\r\n"), "ok");
  EXPECT_EQ(Text(AskExpire, "NOT_FOUND\r\n"), "miss");
  const std::string two = "VALUE a 0 1\r\nx\r\nVALUE ccc 0 2\r\nyy\r\nEND\r\n";
  EXPECT_EQ(Text(AskReadMany, two), "hit 2/1");
  EXPECT_EQ(Text(AskReadMany, "END\r\n"), "miss 0/3");
}

TEST(MemcacheTextWire, AReplyOfAnotherKindBreaksTheConnection) {
  for (const std::string_view stream :
       {"STORED\r\n", "end\r\n", "END\n", "\r\n", "\n", "EN\r\n", "VALUE k 0 -1\r\n",
        "VALUE k 0\r\n", "VALUE k 0 x\r\n", "VALUE k 0 1 2\r\n", "VALUE  0 1\r\n",
        "VALUE k x 1\r\n", "VALUE k 0 1\r\nxy\r", "VALUE k 0 536870913\r\n", "$-1\r\n",
        "VALUE k 0 1\r\nx\r\nVALUE k 0 1\r\n", "VALUE k 0 1\r\nx\r\nSTORED\r\n"}) {
    EXPECT_EQ(Text(AskRead, stream), "broken") << stream;
  }
  for (const Ask ask : {AskWrite, AskDelete, AskExpire}) {
    for (const std::string_view stream : {"OK\r\n", "END\r\n", "EXISTS\r\n", "HD\r\n", "0\r\n"}) {
      EXPECT_EQ(Text(ask, stream), "broken") << stream;
    }
  }
  EXPECT_EQ(Text(AskWrite, "NOT_FOUND\r\n"), "broken");
  EXPECT_EQ(Text(AskDelete, "TOUCHED\r\n"), "broken");
  EXPECT_EQ(Text(AskRead, "VALUE k 0 536870912\r\n"), "more");
}

TEST(MemcacheWires, ALineHasALimit) {
  const std::string line(kMemcacheReplyLineBytesMax - 1, 'x');
  EXPECT_EQ(Text(AskRead, line), "more");
  EXPECT_EQ(Text(AskRead, line + "xy"), "broken");
  EXPECT_EQ(Meta(AskRead, line + "xy"), "broken");
}

TEST(MemcacheWires, AServersErrorLeavesTheStreamWhole) {
  for (const std::string error : {"ERROR", "CLIENT_ERROR bad command line format",
                                  "SERVER_ERROR out of memory storing object"}) {
    for (const Ask ask : {AskRead, AskWrite, AskDelete, AskExpire}) {
      const auto twice = [&](Wire& wire, base::Buffer& out) {
        ask(wire, out);
        ask(wire, out);
      };
      const std::string stream = error + "\r\n" + error + "\r\n";
      const std::string expected = "error " + error + "; error " + error;
      EXPECT_EQ(Text(twice, stream), expected);
      EXPECT_EQ(Meta(twice, stream), expected);
    }
    EXPECT_EQ(Text(AskReadMany, error + "\r\n"), "error " + error);
  }
  // A server that runs out of memory among the values.
  EXPECT_EQ(Text(AskReadMany, "VALUE a 0 1\r\nx\r\nSERVER_ERROR out of memory\r\n"),
            "error SERVER_ERROR out of memory");
  EXPECT_EQ(Text(AskRead, "ERRORS\r\n"), "broken");
}

TEST(MemcacheMetaWire, WritesRequests) {
  const auto bytes = [](const Ask& ask) { return RequestBytes(WireProtocol::kMemcacheMeta, ask); };
  EXPECT_EQ(bytes(AskRead), "mg k v\r\n");
  EXPECT_EQ(bytes(AskReadMany), "mg a v q\r\nmg bb v q\r\nmg ccc v q\r\nmn\r\n");
  EXPECT_EQ(bytes(AskWrite), "ms k 5\r\nvalue\r\n");
  EXPECT_EQ(bytes(AskWriteWithTtl), "ms k 5 T2\r\nvalue\r\n");
  EXPECT_EQ(bytes(AskWriteMany), "ms a 3 q\r\none\r\nms bb 0 q\r\n\r\nmn\r\n");
  EXPECT_EQ(bytes(AskDelete), "md k\r\n");
  EXPECT_EQ(bytes(AskExpire), "mg k T1\r\n");
}

TEST(MemcacheMetaWire, ReadsRepliesInAnyPieces) {
  EXPECT_EQ(Meta(AskRead, "VA 5\r\nhello\r\n"), "hit 1/0 hello");
  EXPECT_EQ(Meta(AskRead, "VA 4\r\n\r\nEN\r\n"), "hit 1/0 \r\nEN");
  EXPECT_EQ(Meta(AskRead, "VA 0\r\n\r\n"), "hit 1/0");
  EXPECT_EQ(Meta(AskRead, "EN\r\n"), "miss 0/1");
  EXPECT_EQ(Meta(AskWrite, "HD\r\n"), "ok");
  EXPECT_EQ(Meta(AskWrite, "NS\r\n"), "error NS");
  EXPECT_EQ(Meta(AskDelete, "HD\r\n"), "ok");
  EXPECT_EQ(Meta(AskDelete, "NF\r\n"), "miss");
  EXPECT_EQ(Meta(AskExpire, "HD\r\n"), "ok");
  EXPECT_EQ(Meta(AskExpire, "EN\r\n"), "miss");
}

TEST(MemcacheMetaWire, SeveralKeysEndWithTheNoOperation) {
  EXPECT_EQ(Meta(AskReadMany, "VA 1\r\nx\r\nVA 4\r\nMN\r\n\r\nMN\r\n"), "hit 2/1");
  EXPECT_EQ(Meta(AskReadMany, "MN\r\n"), "miss 0/3");
  EXPECT_EQ(Meta(AskReadMany, "VA 1\r\nx\r\n"), "more");
  EXPECT_EQ(Meta(AskWriteMany, "MN\r\n"), "ok");
  EXPECT_EQ(Meta(AskWriteMany, "NS\r\nMN\r\n"), "error NS");
  const std::string_view some = "VA 1\r\nx\r\nSERVER_ERROR first\r\nSERVER_ERROR second\r\nMN\r\n";
  EXPECT_EQ(Meta(AskReadMany, some), "error SERVER_ERROR first");
}

TEST(MemcacheMetaWire, AReplyOfAnotherKindBreaksTheConnection) {
  for (const std::string_view stream :
       {"HD\r\n", "NF\r\n", "MN\r\n", "VA\r\n", "VA x\r\n", "VA -1\r\n", "VA 1\r\nxy\r",
        "VA 536870913\r\n", "END\r\n", "EN \r\n", "\r\n"}) {
    EXPECT_EQ(Meta(AskRead, stream), "broken") << stream;
  }
  EXPECT_EQ(Meta(AskReadMany, "EN\r\n"), "broken");
  EXPECT_EQ(Meta(AskReadMany, "VA 0\r\n\r\nVA 0\r\n\r\nVA 0\r\n\r\nVA 0\r\n"), "broken");
  EXPECT_EQ(Meta(AskWriteMany, "HD\r\n"), "broken");
  EXPECT_EQ(Meta(AskWrite, "VA 1\r\nx\r\n"), "broken");
  EXPECT_EQ(Meta(AskWrite, "MN\r\n"), "broken");
  EXPECT_EQ(Meta(AskDelete, "EN\r\n"), "broken");
  EXPECT_EQ(Meta(AskExpire, "NF\r\n"), "broken");
}

// What one reply has said must not leak into the next.
TEST(MemcacheWires, APipelineOfAllKinds) {
  const Ask all = [](Wire& wire, base::Buffer& out) {
    for (const Ask ask : {AskReadMany, AskRead, AskRead, AskWrite, AskDelete, AskExpire, AskRead}) {
      ask(wire, out);
    }
  };
  EXPECT_EQ(Text(all,
                 "VALUE a 0 1\r\nx\r\nEND\r\nEND\r\nVALUE k 0 1\r\ny\r\nEND\r\nERROR\r\n"
                 "DELETED\r\nNOT_FOUND\r\nEND\r\n"),
            "hit 1/2; miss 0/1; hit 1/0 y; error ERROR; ok; miss; miss 0/1");
  EXPECT_EQ(Meta(all, "VA 1\r\nx\r\nMN\r\nEN\r\nVA 1\r\ny\r\nERROR\r\nHD\r\nEN\r\nEN\r\n"),
            "hit 1/2; miss 0/1; hit 1/0 y; error ERROR; ok; miss; miss 0/1");
}

}  // namespace
}  // namespace corelane::loadgen
