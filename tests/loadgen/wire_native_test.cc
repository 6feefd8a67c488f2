#include "loadgen/wire_native.h"

#include <corelane/limits.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "wire_requests.h"
#include "wire_testing.h"

namespace corelane::loadgen {
namespace {

using namespace std::string_literals;

std::string Said(const Ask& ask, std::string_view stream) {
  return Outcomes(WireProtocol::kNative, ask, stream);
}

std::string Little32(size_t number) {
  std::string bytes(sizeof(uint32_t), '\0');
  base::StoreLittle(bytes.data(), static_cast<uint32_t>(number));
  return bytes;
}

// A reply, or an item of a list of them: both are a status, a length and so many bytes.
std::string Reply(char status, const std::string& value = "") {
  return std::string(1, status) + Little32(value.size()) + value;
}

TEST(NativeWire, WritesRequests) {
  const auto bytes = [](const Ask& ask) { return RequestBytes(WireProtocol::kNative, ask); };
  EXPECT_EQ(bytes(AskRead), "\x02\x01\0\0\0\0\0\0\0k"s);
  EXPECT_EQ(bytes(AskWrite), "\x01\x01\0\0\0\x05\0\0\0kvalue"s);
  EXPECT_EQ(bytes(AskWriteWithTtl), "\x10\x01\0\0\0\x0d\0\0\0k\xdc\x05\0\0\0\0\0\0value"s);
  EXPECT_EQ(bytes(AskDelete), "\x03\x01\0\0\0\0\0\0\0k"s);
  EXPECT_EQ(bytes(AskExpire), "\x1b\x01\0\0\0\x08\0\0\0k\xfa\0\0\0\0\0\0\0"s);
  EXPECT_EQ(bytes(AskReadMany),
            "\x13\0\0\0\0\x16\0\0\0\x03\0\0\0\x01\0\0\0a\x02\0\0\0bb\x03\0\0\0ccc"s);
  EXPECT_EQ(bytes(AskWriteMany),
            "\x14\0\0\0\0\x1a\0\0\0\x02\0\0\0\x01\0\0\0a\x03\0\0\0one\x02\0\0\0bb\0\0\0\0"s);
}

TEST(NativeWire, ReadsRepliesInAnyPieces) {
  EXPECT_EQ(Said(AskRead, Reply(0, "hello")), "hit 1/0 hello");
  EXPECT_EQ(Said(AskRead, Reply(0)), "hit 1/0");
  EXPECT_EQ(Said(AskRead, Reply(1)), "miss 0/1");
  EXPECT_EQ(Said(AskWrite, Reply(0)), "ok");
  EXPECT_EQ(Said(AskDelete, Reply(0)), "ok");
  EXPECT_EQ(Said(AskDelete, Reply(1)), "miss");
  EXPECT_EQ(Said(AskExpire, Reply(0)), "ok");
  EXPECT_EQ(Said(AskExpire, Reply(1)), "miss");
}

TEST(NativeWire, CountsWhatSeveralKeysHad) {
  const std::string items = Reply(0, "x") + Reply(1) + Reply(0);
  EXPECT_EQ(Said(AskReadMany, Reply(0, Little32(3) + items)), "hit 2/1");
  EXPECT_EQ(Said(AskReadMany, Reply(0, Little32(3) + Reply(1) + Reply(1) + Reply(1))), "miss 0/3");
  EXPECT_EQ(Said(AskReadMany, Reply(0, Little32(3) + Reply(0) + Reply(0x18, "busy") + Reply(0))),
            "error busy");
  EXPECT_EQ(Said(AskReadMany, Reply(0, Little32(2) + Reply(0) + Reply(0))), "broken");
  EXPECT_EQ(Said(AskReadMany, Reply(0, Little32(3) + items + "x")), "broken");
  EXPECT_EQ(Said(AskReadMany, Reply(0)), "broken");
  EXPECT_EQ(Said(AskReadMany, Reply(1)), "broken");
}

// MULTI_PUT does what it can, and says how much that was.
TEST(NativeWire, SomePairsWrittenIsAnError) {
  EXPECT_EQ(Said(AskWriteMany, Reply(0, Little32(2))), "ok");
  EXPECT_EQ(Said(AskWriteMany, Reply(0, Little32(1))), "error not all pairs were written");
  EXPECT_EQ(Said(AskWriteMany, Reply(0, Little32(3))), "broken");
  EXPECT_EQ(Said(AskWriteMany, Reply(0)), "broken");
  EXPECT_EQ(Said(AskWriteMany, Reply(1)), "broken");
}

TEST(NativeWire, AServersErrorLeavesTheStreamWhole) {
  for (const Ask ask :
       {AskRead, AskReadMany, AskWrite, AskWriteWithTtl, AskWriteMany, AskDelete, AskExpire}) {
    const auto twice = [&](Wire& wire, base::Buffer& out) {
      ask(wire, out);
      AskWrite(wire, out);
    };
    for (const char status : {'\x02', '\x12', '\x7f'}) {
      EXPECT_EQ(Said(twice, Reply(status, "disk full") + Reply(0)), "error disk full; ok");
    }
  }
}

TEST(NativeWire, AReplyOfAnotherKindBreaksTheConnection) {
  EXPECT_EQ(Said(AskRead, "\x03"), "broken");
  EXPECT_EQ(Said(AskRead, "+OK\r\n"), "more");  // 0x2b is a status to come
  EXPECT_EQ(Said(AskRead, Reply(1, "x")), "broken");
  EXPECT_EQ(Said(AskWrite, Reply(1)), "broken");
  EXPECT_EQ(Said(AskWrite, Reply(0, "x")), "broken");
  EXPECT_EQ(Said(AskDelete, Reply(0, "x")), "broken");
  EXPECT_EQ(Said(AskExpire, Reply(1, "x")), "broken");
}

TEST(NativeWire, AValueOverTheLimitIsRefusedFromItsLength) {
  const std::string ok(1, '\0');
  EXPECT_EQ(Said(AskRead, ok + Little32(kValueBytesHardMax)), "more");
  EXPECT_EQ(Said(AskRead, ok + Little32(kValueBytesHardMax + 1)), "broken");
  // Of several keys each may have that much.
  EXPECT_EQ(Said(AskReadMany, ok + Little32(3 * kValueBytesHardMax + 19)), "more");
  EXPECT_EQ(Said(AskReadMany, ok + Little32(3 * kValueBytesHardMax + 20)), "broken");
}

TEST(NativeWire, APipelineOfAllKinds) {
  const Ask all = [](Wire& wire, base::Buffer& out) {
    for (const Ask ask : {AskRead, AskWrite, AskReadMany, AskDelete, AskExpire, AskWriteMany}) {
      ask(wire, out);
    }
  };
  EXPECT_EQ(
      Said(all, Reply(0, "x") + Reply(0) + Reply(0, Little32(3) + Reply(1) + Reply(0) + Reply(1)) +
                    Reply(1) + Reply(0) + Reply(0, Little32(2))),
      "hit 1/0 x; ok; hit 1/2; miss; ok; ok");
}

}  // namespace
}  // namespace corelane::loadgen
