#include "loadgen/wire.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "wire_requests.h"
#include "wire_testing.h"

namespace corelane::loadgen {
namespace {

constexpr WireProtocol kProtocols[] = {WireProtocol::kNative,       WireProtocol::kResp2,
                                       WireProtocol::kResp3,        WireProtocol::kMemcacheText,
                                       WireProtocol::kMemcacheMeta, WireProtocol::kJson};

TEST(Wire, SchemesReadBackAsTheirProtocol) {
  std::set<std::string_view> schemes;
  for (const WireProtocol protocol : kProtocols) {
    const std::string_view scheme = WireScheme(protocol);
    EXPECT_TRUE(schemes.insert(scheme).second) << scheme;
    const Result<WireProtocol> read = WireProtocolOf(scheme);
    ASSERT_TRUE(read.ok()) << scheme;
    EXPECT_EQ(*read, protocol) << scheme;
  }
  EXPECT_EQ(WireScheme(WireProtocol::kMemcacheMeta), "memcache-meta");
}

TEST(Wire, AnUnknownSchemeIsNamedBesideTheKnownOnes) {
  const Result<WireProtocol> read = WireProtocolOf("resp4");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().message(),
            "unknown protocol \"resp4\": it is one of native, resp, resp3, memcache, "
            "memcache-meta, json");
}

TEST(Wire, SaysWhatItsProtocolHas) {
  struct Row {
    WireProtocol protocol;
    bool read_many, write_many, expire, raw;
  };
  const Row rows[] = {
      {WireProtocol::kNative, true, true, true, false},
      {WireProtocol::kResp2, true, true, true, true},
      {WireProtocol::kResp3, true, true, true, true},
      {WireProtocol::kMemcacheText, true, false, true, false},
      {WireProtocol::kMemcacheMeta, true, true, true, false},
      {WireProtocol::kJson, false, false, false, false},
  };
  for (const Row& row : rows) {
    const std::unique_ptr<Wire> wire = MakeWire(row.protocol);
    EXPECT_EQ(wire->CanReadMany(), row.read_many) << WireScheme(row.protocol);
    EXPECT_EQ(wire->CanWriteMany(), row.write_many) << WireScheme(row.protocol);
    EXPECT_EQ(wire->CanExpire(), row.expire) << WireScheme(row.protocol);
    EXPECT_EQ(wire->CanRaw(), row.raw) << WireScheme(row.protocol);
  }
}

TEST(WireDeathTest, WhatItHasNotMustNotBeCalled) {
  base::Buffer out;
  const std::unique_ptr<Wire> json = MakeWire(WireProtocol::kJson);
  EXPECT_DEATH(AskReadMany(*json, out), "CanReadMany");
  EXPECT_DEATH(AskWriteMany(*json, out), "CanWriteMany");
  EXPECT_DEATH(AskExpire(*json, out), "CanExpire");
  EXPECT_DEATH(AskWriteWithTtl(*json, out), "ttl_ms == 0");
  const std::unique_ptr<Wire> native = MakeWire(WireProtocol::kNative);
  EXPECT_DEATH(AskRaw(*native, out), "CanRaw");
}

TEST(Wire, OnlyResp3HasAnOpening) {
  for (const WireProtocol protocol : kProtocols) {
    base::Buffer out;
    const bool is_resp3 = protocol == WireProtocol::kResp3;
    EXPECT_EQ(MakeWire(protocol)->Open(out), is_resp3 ? 1u : 0u) << WireScheme(protocol);
    EXPECT_EQ(out.empty(), !is_resp3) << WireScheme(protocol);
  }
}

TEST(Wire, WhatNobodyAskedForBreaksTheConnection) {
  for (const WireProtocol protocol : kProtocols) {
    EXPECT_EQ(Outcomes(protocol, AskNothing, ""), "") << WireScheme(protocol);
    EXPECT_EQ(Outcomes(protocol, AskNothing, "x"), "broken") << WireScheme(protocol);
  }
}

// Deeper than the ring of pending requests begins, and around its end.
TEST(Wire, RemembersADeepPipelineInOrder) {
  const std::unique_ptr<Wire> wire = MakeWire(WireProtocol::kResp2);
  base::Buffer out;
  std::string stream;
  std::string expected;
  const auto ask = [&](int requests) {
    for (int i = 0; i < requests; ++i) {
      i % 3 == 0 ? AskWrite(*wire, out) : AskRead(*wire, out);
      stream += i % 3 == 0 ? "+OK\r\n" : "$1\r\nx\r\n";
      expected += std::string(expected.empty() ? "" : "; ") + (i % 3 == 0 ? "ok" : "hit 1/0 x");
    }
  };
  ask(10);
  EXPECT_EQ(Describe(FeedWire(*wire, stream, 0)), expected);
  stream.clear();
  expected.clear();
  ask(100);
  EXPECT_EQ(Describe(FeedWire(*wire, stream, 7)), expected);
}

}  // namespace
}  // namespace corelane::loadgen
