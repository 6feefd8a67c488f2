#include "proto/json_reader.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "proto/json_scanner.h"

namespace corelane::proto {
namespace {

using namespace std::string_literals;
using Form = JsonReader::Number::Form;

// Skips all of `text`; what is wrong with it, and where.
std::string Fault(std::string_view text) {
  std::deque<std::string> store;
  JsonReader in(text, store);
  in.Skip();
  if (in.ok()) return in.at_end() ? "" : "goes on";
  return std::to_string(in.error_at()) + " " + std::string(in.error());
}

TEST(JsonReader, TakesJson) {
  for (const std::string_view text :
       {"{}", "[]", "{\"a\":{}}", "[[],[{}]]", "{ \"a\" : [ 1 , 2 ] , \"b\" : null }",
        "\t\r\n {\"a\":true,\"a\":false}", "\"\"", "0", "-0", "-1.5e+10", "1E5", "0.0e-0", "1e999",
        "123456789012345678901234567890", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\"",
        "\"gr\xc3\xbc\xc3\x9f\"", "\"\x7f\"", "\"\\u0000\""}) {
    EXPECT_EQ(Fault(text), "") << text;
  }
}

TEST(JsonReader, RefusesEverythingElseAndSaysWhere) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "0 expected a value"},
      {"  ", "2 expected a value"},
      {"{", "1 expected a string"},
      {"{\"a\"}", "4 expected ':'"},
      {"{\"a\":}", "5 expected a value"},
      {"{\"a\":1,}", "7 expected a string"},
      {"{,}", "1 expected a string"},
      {"{a:1}", "1 expected a string"},
      {"{'a':1}", "1 expected a string"},
      {"{\"a\":1 \"b\":2}", "7 expected ',' or '}'"},
      {"{\"a\":1]", "6 expected ',' or '}'"},
      {"[1,]", "3 expected a value"},
      {"[,1]", "1 expected a value"},
      {"[1 2]", "3 expected ',' or ']'"},
      {"[1}", "2 expected ',' or ']'"},
      {"[", "1 expected a value"},
      {"]", "0 expected a value"},
      {"tru", "0 expected a value"},
      {"True", "0 expected a value"},
      {"falsy", "0 expected a value"},
      {"nul", "0 expected a value"},
      {"NaN", "0 expected a value"},
      {"+1", "0 expected a value"},
      {".5", "0 expected a value"},
      {"[01]", "2 expected ',' or ']'"},
      {"-", "1 expected a digit"},
      {"1.", "2 expected a digit"},
      {"1.e5", "2 expected a digit"},
      {"1e", "2 expected a digit"},
      {"1e+", "3 expected a digit"},
      {"[0x10]", "2 expected ',' or ']'"},
      {"[/**/]", "1 expected a value"},
      {"\"a", "2 the string does not end"},
      {"\"a\\", "2 no such escape"},
      {"\"\\q\"", "1 no such escape"},
      {"\"\\'\"", "1 no such escape"},
      {"\"\\x41\"", "1 no such escape"},
      {"\"\\u12\"", "5 expected four hexadecimal digits"},
      {"\"\\u00g0\"", "5 expected four hexadecimal digits"},
      {"\"\\ud800\"", "1 half of a surrogate pair"},
      {"\"\\udc00\"", "1 half of a surrogate pair"},
      {"\"\\ud800\\u0041\"", "1 half of a surrogate pair"},
      {"\"\\ud800\\ud800\"", "1 half of a surrogate pair"},
      {"\"\\ud800\\u00\"", "11 expected four hexadecimal digits"},
      {"\"a\nb\"", "2 a control character inside of a string must be escaped"},
      {"\"\0\""s, "1 a control character inside of a string must be escaped"},
      {"\"\xff\"", "1 invalid UTF-8"},
      {"\"\xc3\"", "1 invalid UTF-8"},
      {"\"\xed\xa0\x80\"", "1 invalid UTF-8"},
      {"\"\xc0\x80\"", "1 invalid UTF-8"},
      {"\"\\n\xff\"", "3 invalid UTF-8"},
      {"\v1", "0 expected a value"},
      {"1 1", "goes on"},
  };
  for (const auto& [text, fault] : cases) EXPECT_EQ(Fault(text), fault) << text;
}

TEST(JsonReader, SpellsStringsOut) {
  std::deque<std::string> store;
  const std::string text =
      R"(["plain", "\"\\\/\b\f\n\r\t", "\u0041\u00e4\u20AC\uD83D\uDE00\u0000."])";
  JsonReader in(text, store);
  in.EnterArray();
  ASSERT_TRUE(in.NextElement());
  const std::string_view plain = in.ReadString();
  EXPECT_EQ(plain, "plain");
  EXPECT_EQ(plain.data(), text.data() + 2);
  ASSERT_TRUE(in.NextElement());
  EXPECT_EQ(in.ReadString(), "\"\\/\b\f\n\r\t");
  ASSERT_TRUE(in.NextElement());
  EXPECT_EQ(in.ReadString(), "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\0."s);
  EXPECT_FALSE(in.NextElement());
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(JsonReader, TellsIntegersFromFloats) {
  const std::vector<std::tuple<std::string, Form, int64_t, double>> cases = {
      {"0", Form::kInteger, 0, 0.0},
      {"-0", Form::kInteger, 0, 0.0},
      {"-17", Form::kInteger, -17, -17.0},
      {"9223372036854775807", Form::kInteger, INT64_MAX, 9223372036854775807.0},
      {"-9223372036854775808", Form::kInteger, INT64_MIN, -9223372036854775808.0},
      {"9223372036854775808", Form::kFloat, 0, 9223372036854775808.0},
      {"1.0", Form::kFloat, 0, 1.0},
      {"1e2", Form::kFloat, 0, 100.0},
      {"-2.5E-1", Form::kFloat, 0, -0.25},
      {"0.1", Form::kFloat, 0, 0.1},
      {"1e309", Form::kTooLarge, 0, 0.0},
      {"-1" + std::string(400, '0'), Form::kTooLarge, 0, 0.0},
  };
  for (const auto& [text, form, integer, real] : cases) {
    std::deque<std::string> store;
    JsonReader in(text, store);
    const JsonReader::Number number = in.ReadNumber();
    EXPECT_TRUE(in.ok() && in.at_end()) << text;
    EXPECT_EQ(number.form, form) << text;
    EXPECT_EQ(number.integer, integer) << text;
    EXPECT_TRUE(form == Form::kTooLarge || number.real == real) << text;
  }
}

TEST(JsonReader, AFaultSticks) {
  std::deque<std::string> store;
  JsonReader in("[1, x, \"a\"]", store);
  in.EnterObject();
  EXPECT_EQ(in.error(), "expected '{'");
  EXPECT_EQ(in.error_at(), 0u);
  in.EnterArray();
  std::string_view name;
  EXPECT_FALSE(in.NextElement());
  EXPECT_FALSE(in.ReadMember(name));
  EXPECT_EQ(in.ReadString(), "");
  EXPECT_EQ(in.ReadNumber().form, Form::kTooLarge);
  EXPECT_FALSE(in.ReadBoolean());
  EXPECT_EQ(in.Peek(), JsonReader::Kind::kNone);
  in.Skip();
  EXPECT_EQ(in.error(), "expected '{'");
}

TEST(JsonReader, WantsTheTypeItIsAskedFor) {
  std::deque<std::string> store;
  JsonReader string("1", store);
  EXPECT_EQ(string.ReadString(), "");
  EXPECT_EQ(string.error(), "expected a string");
  JsonReader number("\"1\"", store);
  (void)number.ReadNumber();
  EXPECT_EQ(number.error(), "expected a number");
  JsonReader boolean("null", store);
  EXPECT_FALSE(boolean.ReadBoolean());
  EXPECT_EQ(boolean.error(), "expected true or false");
}

JsonScan ScanInPieces(std::string_view text, size_t piece, size_t& end) {
  JsonScanner scanner;
  JsonScan result = JsonScan::kNeedMore;
  for (size_t size = piece; result == JsonScan::kNeedMore; size += piece) {
    result = scanner.Resume(text.substr(0, size));
    if (size >= text.size()) break;
  }
  end = scanner.scanned();
  EXPECT_LE(scanner.bytes_scanned(), text.size());
  return result;
}

TEST(JsonScanner, FindsTheEndInWhateverPieces) {
  const std::string deepest =
      std::string(kJsonDepthMax - 1, '[') + std::string(kJsonDepthMax - 1, ']');
  const std::vector<std::tuple<std::string, JsonScan, size_t>> cases = {
      {"{}", JsonScan::kEnd, 2},
      {"{}{}", JsonScan::kEnd, 2},
      {"{\"}\":\"\\\"}\"} ", JsonScan::kEnd, 11},
      {"{\"\\\\\"}", JsonScan::kEnd, 6},
      {"{[{}]}x", JsonScan::kEnd, 6},
      {"{]", JsonScan::kEnd, 2},
      {"{\"a\":" + deepest + "}", JsonScan::kEnd, 2 * kJsonDepthMax + 4},
      {"{\"a\":[" + deepest + "]}", JsonScan::kTooDeep, kJsonDepthMax + 4},
      {"{\"a\":", JsonScan::kNeedMore, 5},
      {"{\"a\\", JsonScan::kNeedMore, 4},
      {"{\"a\n\"}", JsonScan::kBadByte, 3},
      {"{\"a\\\n\"}", JsonScan::kBadByte, 4},
      {"{\n\"a\"}", JsonScan::kEnd, 6},
  };
  for (const auto& [text, result, end] : cases) {
    for (const size_t piece : {text.size(), size_t{1}, size_t{2}, size_t{3}}) {
      size_t found = 0;
      EXPECT_EQ(ScanInPieces(text, piece, found), result) << text << " in pieces of " << piece;
      EXPECT_EQ(found, end) << text;
    }
  }
}

TEST(JsonScanner, BeginsAnewBehindAnEnd) {
  JsonScanner scanner;
  EXPECT_EQ(scanner.Resume("{\"a"), JsonScan::kNeedMore);
  EXPECT_EQ(scanner.Resume("{\"a\"}"), JsonScan::kEnd);
  EXPECT_EQ(scanner.Resume("{}"), JsonScan::kEnd);
  EXPECT_EQ(scanner.scanned(), 2u);
  EXPECT_EQ(scanner.bytes_scanned(), 7u);
}

}  // namespace
}  // namespace corelane::proto
