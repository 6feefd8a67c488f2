#include "loadgen/wire_resp.h"

#include <corelane/limits.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire_requests.h"
#include "wire_testing.h"

namespace corelane::loadgen {
namespace {

std::string Said(const Ask& ask, std::string_view stream) {
  return Outcomes(WireProtocol::kResp2, ask, stream);
}

TEST(RespWire, WritesRequests) {
  const auto bytes = [](const Ask& ask) { return RequestBytes(WireProtocol::kResp2, ask); };
  EXPECT_EQ(bytes(AskRead), "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  EXPECT_EQ(bytes(AskWrite), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n");
  EXPECT_EQ(bytes(AskWriteWithTtl),
            "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n$2\r\nPX\r\n$4\r\n1500\r\n");
  EXPECT_EQ(bytes(AskDelete), "*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n");
  EXPECT_EQ(bytes(AskExpire), "*3\r\n$7\r\nPEXPIRE\r\n$1\r\nk\r\n$3\r\n250\r\n");
  EXPECT_EQ(bytes(AskReadMany), "*4\r\n$4\r\nMGET\r\n$1\r\na\r\n$2\r\nbb\r\n$3\r\nccc\r\n");
  EXPECT_EQ(bytes(AskWriteMany),
            "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$3\r\none\r\n$2\r\nbb\r\n$0\r\n\r\n");
  EXPECT_EQ(bytes(AskRaw), "*3\r\n$6\r\nINCRBY\r\n$1\r\nn\r\n$1\r\n5\r\n");
}

// Lengths of one, two and more digits are written each in its own way.
TEST(RespWire, WritesLengthsOfAnySize) {
  for (const size_t bytes :
       {size_t{0}, size_t{9}, size_t{10}, size_t{99}, size_t{100}, size_t{12345}}) {
    const std::string value(bytes, 'v');
    const std::string request =
        RequestBytes(WireProtocol::kResp2,
                     [&](Wire& wire, base::Buffer& out) { wire.Write("k", value, 0, out); });
    EXPECT_EQ(request,
              "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(bytes) + "\r\n" + value + "\r\n");
  }
}

TEST(RespWire, ReadsRepliesInAnyPieces) {
  EXPECT_EQ(Said(AskRead, "$5\r\nhello\r\n"), "hit 1/0 hello");
  EXPECT_EQ(Said(AskRead, "$0\r\n\r\n"), "hit 1/0");
  EXPECT_EQ(Said(AskRead, "$6\r\n\r\n+OK\r\n"), "more");
  EXPECT_EQ(Said(AskRead, "$6\r\n\r\n+OK\r\n\n"), "broken");
  EXPECT_EQ(Said(AskRead, "$3\r\n\r\n\n\r\n"), "hit 1/0 \r\n\n");
  EXPECT_EQ(Said(AskRead, "$-1\r\n"), "miss 0/1");
  EXPECT_EQ(Said(AskRead, "_\r\n"), "miss 0/1");
  EXPECT_EQ(Said(AskWrite, "+OK\r\n"), "ok");
  EXPECT_EQ(Said(AskWriteMany, "+OK\r\n"), "ok");
  EXPECT_EQ(Said(AskDelete, ":1\r\n"), "ok");
  EXPECT_EQ(Said(AskDelete, ":0\r\n"), "miss");
  EXPECT_EQ(Said(AskExpire, ":1\r\n"), "ok");
  EXPECT_EQ(Said(AskExpire, ":0\r\n"), "miss");
}

TEST(RespWire, CountsWhatSeveralKeysHad) {
  EXPECT_EQ(Said(AskReadMany, "*3\r\n$1\r\nx\r\n$-1\r\n$2\r\n\r\n\r\n"), "hit 2/1");
  EXPECT_EQ(Said(AskReadMany, "*3\r\n_\r\n$-1\r\n_\r\n"), "miss 0/3");
  EXPECT_EQ(Said(AskReadMany, "*3\r\n$1\r\nx\r\n$-1\r\n$2\r\n\r\n"), "more");
  EXPECT_EQ(Said(AskReadMany, "*2\r\n$1\r\nx\r\n$-1\r\n"), "broken");
  EXPECT_EQ(Said(AskReadMany, "*4\r\n"), "broken");
  EXPECT_EQ(Said(AskReadMany, "*-1\r\n"), "broken");
  EXPECT_EQ(Said(AskReadMany, "*3\r\n$1\r\nx\r\n:1\r\n"), "broken");
  EXPECT_EQ(Said(AskReadMany, "*3\r\n$1\r\nxyz"), "broken");
  EXPECT_EQ(Said(AskReadMany, "$1\r\nx\r\n"), "broken");
}

TEST(RespWire, CountsOfOneReplyDoNotLeakIntoTheNext) {
  const Ask twice = [](Wire& wire, base::Buffer& out) {
    AskReadMany(wire, out);
    AskReadMany(wire, out);
  };
  EXPECT_EQ(Said(twice, "*3\r\n$1\r\nx\r\n$-1\r\n$0\r\n\r\n*3\r\n$-1\r\n$-1\r\n$1\r\ny\r\n"),
            "hit 2/1; hit 1/2");
}

TEST(RespWire, AServersErrorLeavesTheStreamWhole) {
  for (const Ask ask :
       {AskRead, AskReadMany, AskWrite, AskWriteMany, AskDelete, AskExpire, AskRaw}) {
    const auto twice = [&](Wire& wire, base::Buffer& out) {
      ask(wire, out);
      AskWrite(wire, out);
    };
    EXPECT_EQ(Said(twice, "-ERR no\r\n+OK\r\n"), "error ERR no; ok");
    EXPECT_EQ(Said(twice, "!9\r\nOOM \r\n no\r\n+OK\r\n"), "error OOM \r\n no; ok");
    EXPECT_EQ(Said(twice, "-\r\n+OK\r\n"), "error ; ok");
  }
}

TEST(RespWire, AReplyOfAnotherKindBreaksTheConnection) {
  for (const std::string_view stream : {"+OK\r\n",
                                        ":1\r\n",
                                        "*0\r\n",
                                        "%0\r\n",
                                        "#t\r\n",
                                        "x",
                                        "\r\n",
                                        "$",
                                        "$x",
                                        "$-2\r\n",
                                        "$-\r\n",
                                        "$1\n",
                                        "$1x",
                                        "$1\r\nab\n",
                                        "$1\r\na\rb",
                                        "$1\r\nabc",
                                        "_x",
                                        "_\rx",
                                        "$0000000000000000001\r\n",
                                        "$536870913\r\n"}) {
    const bool may_go_on = stream == "$";
    EXPECT_EQ(Said(AskRead, stream), may_go_on ? "more" : "broken") << stream;
  }
  for (const std::string_view stream : {"+O", "+OK\r"}) EXPECT_EQ(Said(AskWrite, stream), "more");
  for (const std::string_view stream :
       {"+QUEUED\r\n", "+OKAY\r\n", "+OK\n", "$-1\r\n", ":1\r\n", "OK\r\n"}) {
    EXPECT_EQ(Said(AskWrite, stream), "broken") << stream;
  }
  for (const std::string_view stream : {"+OK\r\n", "$1\r\n1\r\n", ":\r\n", ":-1\r\n", ":1\n"}) {
    EXPECT_EQ(Said(AskDelete, stream), "broken") << stream;
    EXPECT_EQ(Said(AskExpire, stream), "broken") << stream;
  }
}

// The announcement is enough: nobody waits for what would never fit.
TEST(RespWire, AValueOverTheLimitIsRefusedFromItsLength) {
  const std::string longest = "$" + std::to_string(kValueBytesHardMax) + "\r\n";
  EXPECT_EQ(Said(AskRead, longest), "more");
  EXPECT_EQ(Said(AskReadMany, "*3\r\n" + longest), "more");
  const std::string longer = "$" + std::to_string(kValueBytesHardMax + 1) + "\r\n";
  EXPECT_EQ(Said(AskRead, longer), "broken");
  EXPECT_EQ(Said(AskReadMany, "*3\r\n" + longer), "broken");
  EXPECT_EQ(Said(AskRaw, longer), "broken");
}

TEST(RespWire, ARawCommandMayHaveAnyReply) {
  for (const std::string_view stream :
       {"+PONG\r\n", ":-5\r\n", "$-1\r\n", "$2\r\nab\r\n", "*-1\r\n",
        "*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", "%1\r\n+k\r\n,1.5\r\n", "#t\r\n", "_\r\n",
        "=7\r\ntxt:abc\r\n", "*1\r\n-ERR inside\r\n"}) {
    EXPECT_EQ(Said(AskRaw, stream), "ok") << stream;
  }
  EXPECT_EQ(Said(AskRaw, "*2\r\n:1\r\n"), "more");
  EXPECT_EQ(Said(AskRaw, "hello\r\n"), "broken");
}

TEST(RespWire, Resp3OpensWithHello) {
  const Ask open = [](Wire& wire, base::Buffer& out) {
    EXPECT_EQ(wire.Open(out), 1u);
    AskRead(wire, out);
  };
  EXPECT_EQ(RequestBytes(WireProtocol::kResp3, open),
            "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  const auto said = [&](std::string_view stream) {
    return Outcomes(WireProtocol::kResp3, open, stream);
  };
  EXPECT_EQ(said("%2\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n_\r\n"), "ok; miss 0/1");
  EXPECT_EQ(said("-ERR unknown command 'HELLO'\r\n$-1\r\n"),
            "error ERR unknown command 'HELLO'; miss 0/1");
  EXPECT_EQ(said("*2\r\n$5\r\nproto\r\n:2\r\n"), "broken");
}

TEST(RespWire, APipelineOfAllKinds) {
  const Ask all = [](Wire& wire, base::Buffer& out) {
    for (const Ask ask : {AskRead, AskReadMany, AskWrite, AskDelete, AskExpire, AskRaw, AskRead}) {
      ask(wire, out);
    }
  };
  EXPECT_EQ(Said(all,
                 "$1\r\nx\r\n*3\r\n$-1\r\n$1\r\ny\r\n$-1\r\n-MISCONF disk\r\n:0\r\n:1\r\n"
                 "*1\r\n+z\r\n$-1\r\n"),
            "hit 1/0 x; hit 1/2; error MISCONF disk; miss; ok; ok; miss 0/1");
}

}  // namespace
}  // namespace corelane::loadgen
