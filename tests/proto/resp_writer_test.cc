#include "proto/resp_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace corelane::proto {
namespace {

using namespace std::string_literals;

std::string Write(int resp_version, const auto& say) {
  base::Buffer out;
  RespWriter writer;
  writer.Begin(resp_version, out);
  say(writer);
  return std::string(out.view());
}

void ExpectBoth(const auto& say, std::string_view resp2, std::string_view resp3) {
  EXPECT_EQ(Write(2, say), resp2);
  EXPECT_EQ(Write(3, say), resp3);
}

TEST(RespWriter, Scalars) {
  ExpectBoth([](auto& out) { out.Ok(); }, "+OK\r\n", "+OK\r\n");
  ExpectBoth([](auto& out) { out.Nil(); }, "$-1\r\n", "_\r\n");
  ExpectBoth([](auto& out) { out.Simple("PONG"); }, "+PONG\r\n", "+PONG\r\n");
  ExpectBoth([](auto& out) { out.Boolean(true); }, ":1\r\n", "#t\r\n");
  ExpectBoth([](auto& out) { out.Boolean(false); }, ":0\r\n", "#f\r\n");
}

TEST(RespWriter, Integers) {
  for (const int64_t number :
       {int64_t{0}, int64_t{7}, int64_t{10}, int64_t{99}, int64_t{100}, int64_t{-1}, int64_t{-10},
        std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    const std::string line = ":" + std::to_string(number) + "\r\n";
    ExpectBoth([&](auto& out) { out.Integer(number); }, line, line);
  }
}

// The texts are what redis 7.0.15 answers to ZSCORE.
TEST(RespWriter, Doubles) {
  const auto both = [](double real, const std::string& text) {
    ExpectBoth([&](auto& out) { out.Double(real); },
               "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n", "," + text + "\r\n");
  };
  both(0.1, "0.10000000000000001");
  both(3, "3");
  both(-1.5, "-1.5");
  both(1e22, "1e+22");
  both(1e-7, "9.9999999999999995e-08");
  both(0, "0");
  both(std::numeric_limits<double>::infinity(), "inf");
  both(-std::numeric_limits<double>::infinity(), "-inf");
  both(std::numeric_limits<double>::quiet_NaN(), "nan");
  both(-std::numeric_limits<double>::max(), "-1.7976931348623157e+308");
}

TEST(RespWriter, BulksOfEveryLengthOfLength) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{9}, size_t{10}, size_t{99}, size_t{100}, size_t{12345}}) {
    const std::string bytes(size, '\n');
    const std::string bulk = "$" + std::to_string(size) + "\r\n" + bytes + "\r\n";
    ExpectBoth([&](auto& out) { out.Bulk(bytes); }, bulk, bulk);
    ExpectBoth([&](auto& out) { out.Value({.bytes = bytes}); }, bulk, bulk);
  }
}

TEST(RespWriter, StoredNumbersAreText) {
  const kv::ScalarBytes integer(int64_t{-42});
  const kv::ScalarBytes real(1.5);
  const auto say = [&](auto& out) {
    out.Value({.type = kv::ValueType::kInteger, .bytes = integer.view()});
    out.Value({.type = kv::ValueType::kFloat, .bytes = real.view()});
    out.Value({.type = kv::ValueType::kBoolean, .bytes = "\x01"});
    out.Value({.type = kv::ValueType::kBinary, .bytes = "\0\r"s});
  };
  const std::string text = "$3\r\n-42\r\n$3\r\n1.5\r\n$1\r\n1\r\n$2\r\n\0\r\r\n"s;
  ExpectBoth(say, text, text);
}

TEST(RespWriter, Aggregates) {
  const auto say = [](auto& out) {
    out.Map(2);
    out.Bulk("a");
    out.Array(0);
    out.Bulk("b");
    out.Array(12);
  };
  ExpectBoth(say, "*4\r\n$1\r\na\r\n*0\r\n$1\r\nb\r\n*12\r\n",
             "%2\r\n$1\r\na\r\n*0\r\n$1\r\nb\r\n*12\r\n");
}

TEST(RespWriter, SetsAndTextsAreKindsOfResp3) {
  const auto say = [](auto& out) {
    out.Set(1);
    out.Text("a\nb");
  };
  ExpectBoth(say, "*1\r\n$3\r\na\nb\r\n", "~1\r\n=7\r\ntxt:a\nb\r\n");
}

TEST(RespWriter, TheVersionIsThatOfTheMomentOfWriting) {
  base::Buffer out;
  RespWriter writer;
  int resp_version = 2;
  writer.Begin(resp_version, out);
  resp_version = 3;
  writer.Map(1);
  EXPECT_EQ(out.view(), "%1\r\n");
}

TEST(RespWriter, ErrorsHaveThePrefixOfTheirCode) {
  const auto both = [](StatusCode code, const std::string& text) {
    ExpectBoth([&](auto& out) { out.Error(code, "m"); }, text, text);
  };
  both(StatusCode::kError, "-ERR m\r\n");
  both(StatusCode::kWrongType, "-WRONGTYPE m\r\n");
  both(StatusCode::kUnauthorized, "-NOAUTH m\r\n");
  both(StatusCode::kReadOnly, "-READONLY m\r\n");
  both(StatusCode::kOutOfMemory, "-OOM m\r\n");
  both(StatusCode::kWalWriteFailed, "-MISCONF m\r\n");
  both(StatusCode::kDiskFull, "-MISCONF m\r\n");
  both(StatusCode::kBusy, "-ERR m\r\n");
  both(StatusCode::kProtocolError, "-ERR Protocol error: m\r\n");
  both(StatusCode::kKeyTooLarge, "-ERR m\r\n");
  both(StatusCode::kUnknownCommand, "-ERR m\r\n");
  ExpectBoth([](auto& out) { out.Error(StatusCode::kError, "a\r\nb"); }, "-ERR a  b\r\n",
             "-ERR a  b\r\n");
}

}  // namespace
}  // namespace corelane::proto
