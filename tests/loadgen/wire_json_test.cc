#include "loadgen/wire_json.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "wire_requests.h"
#include "wire_testing.h"

namespace corelane::loadgen {
namespace {

std::string Said(const Ask& ask, std::string_view stream) {
  return Outcomes(WireProtocol::kJson, ask, stream);
}

std::string WriteBytes(std::string_view key, std::string_view value) {
  return RequestBytes(WireProtocol::kJson,
                      [&](Wire& wire, base::Buffer& out) { wire.Write(key, value, 0, out); });
}

TEST(JsonWire, WritesRequests) {
  const auto bytes = [](const Ask& ask) { return RequestBytes(WireProtocol::kJson, ask); };
  EXPECT_EQ(bytes(AskRead), R"({"Get":{"key":"k"}})");
  EXPECT_EQ(bytes(AskWrite), R"({"Set":{"key":"k","value":"value"}})");
  EXPECT_EQ(bytes(AskDelete), R"({"Remove":{"key":"k"}})");
}

TEST(JsonWire, SpellsStringsAsJsonWantsThem) {
  EXPECT_EQ(WriteBytes("", ""), R"({"Set":{"key":"","value":""}})");
  EXPECT_EQ(WriteBytes("a\"b", "c\\d\n"), R"({"Set":{"key":"a\"b","value":"c\\d\n"}})");
  EXPECT_EQ(WriteBytes("\xc3\xbc", "\xc3\xbc"),
            "{\"Set\":{\"key\":\"\xc3\xbc\",\"value\":\"\xc3\xbc\"}}");
  EXPECT_EQ(WriteBytes("k", std::string_view("\x00\xff", 2)),
            R"({"Set":{"key":"k","value":{"Binary":[0,255]}}})");
}

TEST(JsonWire, ReadsRepliesInAnyPieces) {
  EXPECT_EQ(Said(AskRead, "{\"Ok\":\"hello\"}\n"), "hit 1/0 hello");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":\"\"}\n"), "hit 1/0");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":null}\n"), "miss 0/1");
  EXPECT_EQ(Said(AskWrite, "{\"Ok\":null}\n"), "ok");
  EXPECT_EQ(Said(AskDelete, "{\"Ok\":null}\n"), "ok");
  EXPECT_EQ(Said(AskDelete, "{\"Err\":\"Key not found\"}\n"), "miss");
  EXPECT_EQ(Said(AskRead, "{\"Err\":\"Key not found\"}\n"), "error Key not found");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":\"hello\"}"), "more");
}

TEST(JsonWire, ReadsWhateverJsonTheyAre) {
  EXPECT_EQ(Said(AskRead, " { \"Ok\" : \"a\\u0041\\n\" } \r\n"), "hit 1/0 aA\n");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":\"a\\\"}\"}\n"), "hit 1/0 a\"}");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":\"\xc3\xbc\"}\n"), "hit 1/0 \xc3\xbc");
  EXPECT_EQ(Said(AskRead, "{\"Ok\": null }\n"), "miss 0/1");
  EXPECT_EQ(Said(AskWrite, "{ \"Ok\":null}\n"), "ok");
  EXPECT_EQ(Said(AskDelete, "{\"Err\": \"Key not\\u0020found\"}\n"), "miss");
  EXPECT_EQ(Said(AskWrite, "{\"Err\":\"disk \\\"full\\\"\"}\n"), "error disk \"full\"");
}

TEST(JsonWire, ReadsValuesOfAnyType) {
  EXPECT_EQ(Said(AskRead, "{\"Ok\":42}\n"), "hit 1/0 42");
  EXPECT_EQ(Said(AskRead, "{\"Ok\": 1.5 }\n"), "hit 1/0 1.5");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":true}\n"), "hit 1/0 true");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":{\"Float\":\"inf\"}}\n"), "hit 1/0 {\"Float\":\"inf\"}");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":{\"Binary\":[104, 105]}}\n"), "hit 1/0 hi");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":{\"Binary\":[]}}\n"), "hit 1/0");
  EXPECT_EQ(Said(AskRead, "{\"Ok\":{\"Binary\":[256]}}\n"), "hit 1/0 {\"Binary\":[256]}");
}

TEST(JsonWire, AServersErrorLeavesTheStreamWhole) {
  for (const Ask ask : {AskRead, AskWrite, AskDelete}) {
    const auto twice = [&](Wire& wire, base::Buffer& out) {
      ask(wire, out);
      AskWrite(wire, out);
    };
    EXPECT_EQ(Said(twice, "{\"Err\":\"disk full\"}\n{\"Ok\":null}\n"), "error disk full; ok");
  }
}

TEST(JsonWire, WhatIsNoReplyBreaksTheConnection) {
  for (const std::string_view line : {"",
                                      "x",
                                      "null",
                                      "[]",
                                      "{}",
                                      "{\"Ok\"}",
                                      "{\"Ok\":}",
                                      "{\"Ok\":\"a",
                                      "{\"Ok\":\"a\"",
                                      "{\"Ok\":\"a\"}}",
                                      "{\"Ok\":\"a\"}x",
                                      "{\"Ok\":\"a\",\"Ok\":\"b\"}",
                                      "{\"ok\":\"a\"}",
                                      "{\"Ok\":\"a\" \"b\"}",
                                      "{\"Ok\":\"a\"]",
                                      "{\"Err\":5}",
                                      "{\"Ok\":\"\xff\"}",
                                      "{\"Ok\":\"\\q\"}",
                                      "{\"Ok\":\"\"\"}",
                                      "{\"Ok\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}"}) {
    EXPECT_EQ(Said(AskRead, std::string(line) + "\n"), "broken") << line;
  }
  for (const Ask ask : {AskWrite, AskDelete}) {
    EXPECT_EQ(Said(ask, "{\"Ok\":\"a\"}\n"), "broken");
    EXPECT_EQ(Said(ask, "{\"Ok\":1}\n"), "broken");
  }
}

// The view of a value that was spelled out belongs to the wire, and lives until its next reply.
TEST(JsonWire, SpelledOutValuesFollowEachOther) {
  const Ask thrice = [](Wire& wire, base::Buffer& out) {
    for (int i = 0; i < 3; ++i) AskRead(wire, out);
  };
  EXPECT_EQ(Said(thrice, "{\"Ok\":\"\\u0041\"}\n{\"Ok\":\"\\u0042\"}\n{\"Ok\":\"c\"}\n"),
            "hit 1/0 A; hit 1/0 B; hit 1/0 c");
}

}  // namespace
}  // namespace corelane::loadgen
