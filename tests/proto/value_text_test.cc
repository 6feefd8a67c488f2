#include "proto/value_text.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <deque>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace corelane::proto {
namespace {

using namespace std::string_literals;
using kv::ValueType;

struct Typed {
  ValueType type = ValueType::kString;
  std::string bytes;
  bool operator==(const Typed&) const = default;
};

Typed Integer(int64_t integer) {
  return {ValueType::kInteger, std::string(kv::ScalarBytes(integer).view())};
}
Typed Float(double real) { return {ValueType::kFloat, std::string(kv::ScalarBytes(real).view())}; }
Typed Boolean(bool boolean) { return {ValueType::kBoolean, std::string(1, boolean ? 1 : 0)}; }
Typed String(std::string bytes) { return {ValueType::kString, std::move(bytes)}; }
Typed Binary(std::string bytes) { return {ValueType::kBinary, std::move(bytes)}; }

std::string Print(const Typed& value) {
  base::Buffer out;
  AppendValueText({.type = value.type, .bytes = value.bytes}, out);
  return std::string(out.view());
}

std::string FloatText(double real) {
  std::array<char, kv::kScalarTextBytesMax> scratch;
  return std::string(proto::FloatText(real, scratch));
}

bool Read(std::string_view text, Typed& value) {
  std::deque<std::string> store;
  kv::ValueView view;
  const bool good = ParseValueText(text, store, view);
  value = {view.type, std::string(view.bytes)};
  return good;
}

struct Case {
  Typed value;
  std::string text;
};

std::vector<Case> Cases() {
  return {
      {String("hello"), "String(\"hello\")"},
      {String(""), "String(\"\")"},
      {String("a\"b"), "String(\"a\\\"b\")"},
      {String("a\\b'c"), "String(\"a\\\\b'c\")"},
      {String("\n\r\t"), "String(\"\\n\\r\\t\")"},
      {String("\x7f\x1b\0 \x01"s), "String(\"\\u{7f}\\u{1b}\\u{0} \\u{1}\")"},
      {String("\xc2\x80\xc2\x9f\xc2\xa0"), "String(\"\\u{80}\\u{9f}\xc2\xa0\")"},
      {String("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"),
       "String(\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\")"},
      {String("\xff\x80 \xc3"), "String(\"\\xff\\x80 \\xc3\")"},
      {Integer(10), "Integer(10)"},
      {Integer(INT64_MIN), "Integer(-9223372036854775808)"},
      {Integer(INT64_MAX), "Integer(9223372036854775807)"},
      {Float(1.5), "Float(1.5)"},
      {Float(2), "Float(2.0)"},
      {Float(-0.0), "Float(-0.0)"},
      {Float(1e15), "Float(1000000000000000.0)"},
      {Float(1e16), "Float(1e16)"},
      {Float(-1.25e300), "Float(-1.25e300)"},
      {Float(1e-5), "Float(0.00001)"},
      {Float(1e-7), "Float(1e-7)"},
      {Float(1e100), "Float(1e100)"},
      {Float(std::numeric_limits<double>::infinity()), "Float(inf)"},
      {Float(-std::numeric_limits<double>::infinity()), "Float(-inf)"},
      {Float(std::numeric_limits<double>::quiet_NaN()), "Float(NaN)"},
      {Boolean(true), "Boolean(true)"},
      {Boolean(false), "Boolean(false)"},
      {Binary("\x01\x02\xff"), "Binary([1, 2, 255])"},
      {Binary("\0"s), "Binary([0])"},
      {Binary(""), "Binary([])"},
  };
}

TEST(ValueText, PrintsAndReadsBack) {
  for (const Case& one : Cases()) {
    EXPECT_EQ(Print(one.value), one.text);
    Typed read;
    ASSERT_TRUE(Read(one.text, read)) << one.text;
    EXPECT_EQ(read, one.value) << one.text;
  }
}

TEST(ValueText, ReadsOtherSpellings) {
  const std::vector<Case> cases = {
      {String("a \t b"), " String( \"a \t b\" ) "},
      {String("\xe2\x82\xac"), "String(\"\\u{20ac}\")"},
      {String("\xe2\x82\xac"), "String(\"\\xe2\\x82\\xAC\")"},
      {String("A"), "String(\"\\u{000041}\")"},
      {String(")"), "String(\")\")"},
      {Integer(-7), "Integer( -7 )"},
      {Float(3), "Float(3)"},
      {Float(0.5), "Float(.5)"},
      {Float(1500), "Float(1.5E+3)"},
      {Boolean(true), "Boolean( true )"},
      {Binary("\x01\x02"), "Binary([1,2])"},
      {Binary("\x01\x02"), "Binary( [ 1 , 2 ] )"},
      {Binary(""), "Binary([ ])"},
  };
  for (const Case& one : cases) {
    Typed read;
    ASSERT_TRUE(Read(one.text, read)) << one.text;
    EXPECT_EQ(read, one.value) << one.text;
  }
}

TEST(ValueText, RefusesWhatIsNoTypedValue) {
  for (const std::string text : {"",
                                 "hello",
                                 "10",
                                 "String",
                                 "String()",
                                 "String(a)",
                                 "String(\")",
                                 "String(\"a\"b\")",
                                 "String(\"a\") x",
                                 "String(\"\\\")",
                                 "String(\"\\q\")",
                                 "String(\"\\x1\")",
                                 "String(\"\\xgg\")",
                                 "String(\"\\u{}\")",
                                 "String(\"\\u{d800}\")",
                                 "String(\"\\u{110000}\")",
                                 "String(\"\\u{1234567}\")",
                                 "String(\"\\u41\")",
                                 "String(\"\\u{41\")",
                                 "string(\"a\")",
                                 "Integer()",
                                 "Integer(1.5)",
                                 "Integer(+1)",
                                 "Integer(01)",
                                 "Integer(9223372036854775808)",
                                 "Integer(1",
                                 "Integer 1",
                                 "Float()",
                                 "Float(x)",
                                 "Float(1e999)",
                                 "Float(nan)",
                                 "Float(infinity)",
                                 "Float(0x10)",
                                 "Float(1 2)",
                                 "Boolean()",
                                 "Boolean(True)",
                                 "Boolean(1)",
                                 "Binary()",
                                 "Binary(1)",
                                 "Binary([256])",
                                 "Binary([-1])",
                                 "Binary([1,])",
                                 "Binary([,1])",
                                 "Binary([1 2])",
                                 "Binary([1.0])",
                                 "Binary([1)"}) {
    Typed read;
    EXPECT_FALSE(Read(text, read)) << text;
  }
}

TEST(ValueText, FloatsReadBackToTheBitBySeed) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    // Bits at random are nearly always very large or very small; the others are neither.
    const double real = i % 2 == 0 ? std::bit_cast<double>(random())
                                   : std::ldexp(static_cast<double>(random()), -60);
    if (std::isnan(real)) continue;
    const std::string text = FloatText(real);
    EXPECT_NE(text.find_first_of(".en"), std::string::npos) << text;
    double read = 0;
    ASSERT_TRUE(ParseFloat(text, read)) << text;
    ASSERT_EQ(std::bit_cast<uint64_t>(read), std::bit_cast<uint64_t>(real)) << text;
  }
}

TEST(ValueText, BytesReadBackBySeed) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % (i % 2 == 0 ? 256 : 128));
    for (const Typed& value : {String(bytes), Binary(bytes)}) {
      const std::string text = Print(value);
      EXPECT_EQ(text.find_first_of("\n\r"), std::string::npos);
      EXPECT_LE(text.size(), bytes.size() * kValueTextBytesPerByteMax + 16);
      Typed read;
      ASSERT_TRUE(Read(text, read)) << text;
      ASSERT_EQ(read, value) << text;
    }
  }
}

}  // namespace
}  // namespace corelane::proto
