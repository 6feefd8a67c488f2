#include "proto/memcache_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace corelane::proto {
namespace {

std::string Write(MemcacheShape shape, const auto& say, bool quiet = false) {
  base::Buffer out;
  MemcacheWriter writer;
  writer.Begin(MemcacheTag(shape, quiet), out);
  say(writer);
  writer.End();
  return std::string(out.view());
}

kv::ValueView Text(std::string_view bytes, uint32_t flags = 0, uint64_t version = 0) {
  kv::ValueView value;
  value.bytes = bytes;
  value.client_flags = flags;
  value.version = version;
  return value;
}

void SayValues(kv::ReplyWriter& out) {
  out.Array(3);
  out.Array(2);
  out.Bulk("a");
  out.Value(Text("hello", 4294967295, 18446744073709551615U));
  out.Nil();
  out.Array(2);
  out.Bulk("b");
  out.Value(Text(""));
}

TEST(MemcacheWriter, Lines) {
  EXPECT_EQ(Write(MemcacheShape::kLine, [](auto& out) { out.Ok(); }), "OK\r\n");
  EXPECT_EQ(Write(MemcacheShape::kLine, [](auto& out) { out.Simple("STORED"); }), "STORED\r\n");
  EXPECT_EQ(Write(MemcacheShape::kLine, [](auto& out) { out.Bulk("ERROR"); }), "ERROR\r\n");
  EXPECT_EQ(Write(MemcacheShape::kLine, [](auto& out) { out.Integer(-5); }), "-5\r\n");
}

TEST(MemcacheWriter, ValuesEndWithEnd) {
  EXPECT_EQ(Write(MemcacheShape::kValues, SayValues),
            "VALUE a 4294967295 5\r\nhello\r\nVALUE b 0 0\r\n\r\nEND\r\n");
  EXPECT_EQ(Write(MemcacheShape::kValuesWithCas, SayValues),
            "VALUE a 4294967295 5 18446744073709551615\r\nhello\r\nVALUE b 0 0 0\r\n\r\nEND\r\n");
}

TEST(MemcacheWriter, TypedValuesReadAsTheirText) {
  const kv::ScalarBytes number(int64_t{-42});
  kv::ValueView value = Text(number.view());
  value.type = kv::ValueType::kInteger;
  EXPECT_EQ(Write(MemcacheShape::kValues,
                  [&](auto& out) {
                    out.Array(1);
                    out.Array(2);
                    out.Bulk("n");
                    out.Value(value);
                  }),
            "VALUE n 0 3\r\n-42\r\nEND\r\n");
}

TEST(MemcacheWriter, MetaReplies) {
  EXPECT_EQ(Write(MemcacheShape::kMeta,
                  [](auto& out) {
                    out.Array(2);
                    out.Simple("HD");
                    out.Bulk(" t-1 Oabc");
                  }),
            "HD t-1 Oabc\r\n");
  EXPECT_EQ(Write(MemcacheShape::kMeta,
                  [](auto& out) {
                    out.Array(4);
                    out.Simple("VA");
                    out.Integer(3);
                    out.Bulk(" f1");
                    out.Value(Text("abc"));
                  }),
            "VA 3 f1\r\nabc\r\n");
  EXPECT_EQ(Write(MemcacheShape::kMeta, [](auto& out) { out.Array(0); }), "");
}

TEST(MemcacheWriter, Statistics) {
  EXPECT_EQ(Write(MemcacheShape::kStats,
                  [](auto& out) {
                    out.Map(2);
                    out.Bulk("pid");
                    out.Bulk("7");
                    out.Bulk("version");
                    out.Bulk("1.6.18");
                  }),
            "STAT pid 7\r\nSTAT version 1.6.18\r\nEND\r\n");
  EXPECT_EQ(Write(MemcacheShape::kStats, [](auto& out) { out.Simple("RESET"); }), "RESET\r\n");
}

TEST(MemcacheWriter, QuietSaysNothing) {
  EXPECT_EQ(Write(MemcacheShape::kValues, SayValues, true), "");
  EXPECT_EQ(Write(
                MemcacheShape::kLine, [](auto& out) { out.Simple("STORED"); }, true),
            "");
  EXPECT_EQ(
      Write(
          MemcacheShape::kLine, [](auto& out) { out.Error(StatusCode::kBadArgument, "x"); }, true),
      "");
}

TEST(MemcacheWriter, ErrorsHaveTheirPrefixesInEveryShape) {
  for (const auto shape : {MemcacheShape::kLine, MemcacheShape::kValues, MemcacheShape::kMeta,
                           MemcacheShape::kStats}) {
    const auto error = [shape](StatusCode code) {
      return Write(shape, [code](auto& out) { out.Error(code, "why"); });
    };
    EXPECT_EQ(error(StatusCode::kUnknownCommand), "ERROR\r\n");
    EXPECT_EQ(error(StatusCode::kBadArgument), "CLIENT_ERROR why\r\n");
    EXPECT_EQ(error(StatusCode::kProtocolError), "CLIENT_ERROR why\r\n");
    EXPECT_EQ(error(StatusCode::kDiskFull), "SERVER_ERROR why\r\n");
    EXPECT_EQ(error(StatusCode::kBusy), "SERVER_ERROR why\r\n");
    EXPECT_EQ(error(StatusCode::kValueTooLarge), "SERVER_ERROR object too large for cache\r\n");
    EXPECT_EQ(error(StatusCode::kOutOfMemory), "SERVER_ERROR out of memory storing object\r\n");
  }
}

}  // namespace
}  // namespace corelane::proto
