#include "kv/value.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "base/random.h"

namespace corelane::kv {
namespace {

std::string Text(ValueType type, std::string_view bytes) {
  std::array<char, kScalarTextBytesMax> scratch;
  return std::string(TextOf({.type = type, .bytes = bytes}, scratch));
}
std::string Text(int64_t integer) { return Text(ValueType::kInteger, ScalarBytes(integer).view()); }
std::string Text(double real) { return Text(ValueType::kFloat, ScalarBytes(real).view()); }

TEST(ValueTest, TypeNumbersStandStill) {
  EXPECT_EQ(static_cast<int>(ValueType::kString), 0);
  EXPECT_EQ(static_cast<int>(ValueType::kInteger), 1);
  EXPECT_EQ(static_cast<int>(ValueType::kFloat), 2);
  EXPECT_EQ(static_cast<int>(ValueType::kBoolean), 3);
  EXPECT_EQ(static_cast<int>(ValueType::kBinary), 4);
  EXPECT_EQ(kValueTypeMax, 4);
}

TEST(ValueTest, ScalarsAreLittleEndianBytes) {
  EXPECT_EQ(ScalarBytes(int64_t{0x0102}).view(), std::string_view("\x02\x01\0\0\0\0\0\0", 8));
  EXPECT_EQ(ScalarBytes(int64_t{-1}).view(),
            std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff", 8));
  EXPECT_EQ(ScalarBytes(1.5).view(), std::string_view("\0\0\0\0\0\0\xf8\x3f", 8));
  for (const int64_t integer : {int64_t{0}, int64_t{-7}, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(IntegerOf(ScalarBytes(integer).view()), integer);
  }
  for (const double real : {0.0, -0.0, 1e300, 5e-324}) {
    EXPECT_EQ(FloatOf(ScalarBytes(real).view()), real);
  }
}

TEST(ValueTest, WellFormed) {
  const std::string eight(8, 'x');
  for (const ValueType type : {ValueType::kString, ValueType::kBinary}) {
    EXPECT_TRUE(IsWellFormed(type, ""));
    EXPECT_TRUE(IsWellFormed(type, eight));
  }
  for (const ValueType type : {ValueType::kInteger, ValueType::kFloat}) {
    EXPECT_TRUE(IsWellFormed(type, eight));
    EXPECT_FALSE(IsWellFormed(type, ""));
    EXPECT_FALSE(IsWellFormed(type, "1234567"));
    EXPECT_FALSE(IsWellFormed(type, "123456789"));
  }
  EXPECT_TRUE(IsWellFormed(ValueType::kBoolean, std::string_view("\0", 1)));
  EXPECT_TRUE(IsWellFormed(ValueType::kBoolean, "\x01"));
  EXPECT_FALSE(IsWellFormed(ValueType::kBoolean, "\x02"));
  EXPECT_FALSE(IsWellFormed(ValueType::kBoolean, "1"));
  EXPECT_FALSE(IsWellFormed(ValueType::kBoolean, ""));
  EXPECT_FALSE(IsWellFormed(static_cast<ValueType>(kValueTypeMax + 1), eight));
}

TEST(ValueTest, TextOfIntegers) {
  EXPECT_EQ(Text(int64_t{0}), "0");
  EXPECT_EQ(Text(int64_t{-42}), "-42");
  EXPECT_EQ(Text(INT64_MAX), "9223372036854775807");
  EXPECT_EQ(Text(INT64_MIN), "-9223372036854775808");
}

TEST(ValueTest, TextOfFloatsIsTheShortestThatReadsBack) {
  EXPECT_EQ(Text(0.1), "0.1");
  EXPECT_EQ(Text(1.0), "1");
  EXPECT_EQ(Text(-2.5), "-2.5");
  EXPECT_EQ(Text(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(Text(1e100), "1e+100");
  EXPECT_EQ(Text(-0.0), "-0");
  EXPECT_EQ(Text(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(Text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(Text(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(Text(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308");
  EXPECT_EQ(Text(-std::numeric_limits<double>::denorm_min()), "-5e-324");
}

TEST(ValueTest, TextOfAnyFloatReadsBackTheSame) {
  base::Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto real = std::bit_cast<double>(random.Next());
    if (!std::isfinite(real)) continue;
    const std::string text = Text(real);
    ASSERT_FALSE(text.empty());
    ASSERT_EQ(std::bit_cast<uint64_t>(std::strtod(text.c_str(), nullptr)),
              std::bit_cast<uint64_t>(real))
        << text;
  }
}

TEST(ValueTest, TextOfTheOthers) {
  EXPECT_EQ(Text(ValueType::kBoolean, std::string_view("\0", 1)), "0");
  EXPECT_EQ(Text(ValueType::kBoolean, "\x01"), "1");
  EXPECT_EQ(Text(ValueType::kString, "as is"), "as is");
  EXPECT_EQ(Text(ValueType::kBinary, std::string_view("a\0b", 3)), std::string("a\0b", 3));
}

TEST(ParseIntegerTest, Accepts) {
  const struct {
    std::string_view text;
    int64_t integer;
  } cases[] = {
      {"0", 0},
      {"1", 1},
      {"-1", -1},
      {"10", 10},
      {"100", 100},
      {"-9", -9},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"9223372036854775806", INT64_MAX - 1},
      {"-9223372036854775807", INT64_MIN + 1},
  };
  for (const auto& [text, integer] : cases) {
    int64_t parsed = 77;
    EXPECT_TRUE(ParseInteger(text, parsed)) << text;
    EXPECT_EQ(parsed, integer) << text;
  }
}

TEST(ParseIntegerTest, Refuses) {
  for (const std::string_view text : {"",
                                      "-",
                                      "+",
                                      "+1",
                                      "-0",
                                      "00",
                                      "01",
                                      "-01",
                                      " 1",
                                      "1 ",
                                      "1\n",
                                      "\t1",
                                      "--1",
                                      "-+1",
                                      "1.0",
                                      "1e3",
                                      "0x1",
                                      "one",
                                      "1a",
                                      "a1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "18446744073709551616",
                                      "99999999999999999999999999"}) {
    int64_t parsed = 0;
    EXPECT_FALSE(ParseInteger(text, parsed)) << '"' << text << '"';
  }
  int64_t parsed = 0;
  EXPECT_FALSE(ParseInteger(std::string_view("1\0", 2), parsed));
}

TEST(ParseIntegerTest, ReadsBackEveryText) {
  base::Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    const auto integer = static_cast<int64_t>(random.Next() >> random.Uniform(64));
    int64_t parsed = 0;
    ASSERT_TRUE(ParseInteger(Text(integer), parsed)) << integer;
    ASSERT_EQ(parsed, integer);
  }
}

TEST(ValueTest, NoExpirySortsLast) {
  EXPECT_EQ(ValueView().expires_at, kNoExpiry);
  EXPECT_GT(kNoExpiry, ExpiryMillis{1} << 62);
}

}  // namespace
}  // namespace corelane::kv
