#include "shard/commands/float_text.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "base/random.h"

namespace corelane::shard {
namespace {

using Limits = std::numeric_limits<long double>;

std::string Format(long double number) {
  std::array<char, kFloatTextBytesMax + 1> scratch;
  return std::string(FormatFloat(number, scratch));
}

bool Parses(std::string_view text) {
  long double number = 0;
  return ParseFloat(text, number);
}

TEST(FloatText, ReadsWhatCReads) {
  long double number = 0;
  for (const std::string_view text : {"10.5", "+10.5", "1.05e1", "0x15p-1", "010.500"}) {
    ASSERT_TRUE(ParseFloat(text, number)) << text;
    EXPECT_EQ(number, 10.5L) << text;
  }
  ASSERT_TRUE(ParseFloat("-inf", number));
  EXPECT_EQ(number, -Limits::infinity());
  ASSERT_TRUE(ParseFloat(std::string(kFloatTextBytesMax - 1, '0') + "7", number));
  EXPECT_EQ(number, 7);
}

TEST(FloatText, RefusesTheRest) {
  for (const std::string_view text : {"", " 1", "\t1", "1 ", "1x", "nan", "-nan", ".", "e5", "1e",
                                      "1e5000", "-1e5000", "1e-5000", "0x"}) {
    EXPECT_FALSE(Parses(text)) << text;
  }
  EXPECT_FALSE(Parses(std::string_view("1\0", 2)));
  EXPECT_FALSE(Parses(std::string(kFloatTextBytesMax + 1, '0')));
}

TEST(FloatText, ReadsNumbersWithLessThanFullPrecision) {
  long double number = 0;
  ASSERT_TRUE(ParseFloat("1e-4940", number));
  EXPECT_GT(number, 0);
  EXPECT_LT(number, Limits::min());
}

TEST(FloatText, WritesNoExponentAndNoZerosBehind) {
  EXPECT_EQ(Format(3), "3");
  EXPECT_EQ(Format(100), "100");
  EXPECT_EQ(Format(0.5L), "0.5");
  EXPECT_EQ(Format(-0.25L), "-0.25");
  EXPECT_EQ(Format(0.1L + 0.2L), "0.3");
  EXPECT_EQ(Format(1e-17L), "0.00000000000000001");
  EXPECT_EQ(Format(-1e-18L), "0");
  EXPECT_EQ(Format(-0.0L), "0");
  EXPECT_EQ(Format(1e22L), "10000000000000000000000");
}

TEST(FloatText, TheLargestNumberFits) {
  const std::string text = Format(-Limits::max());
  EXPECT_EQ(text.size(), 1U + Limits::max_exponent10 + 1U);
  long double number = 0;
  ASSERT_TRUE(ParseFloat(text, number));
  EXPECT_EQ(number, -Limits::max());
}

// The C library's own text, with the zeros taken off by other means.
TEST(FloatText, AgreesWithTheCLibrary) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::Random random(seed);
  for (int i = 0; i < 20000; ++i) {
    const auto mantissa = static_cast<long double>(static_cast<int64_t>(random.Next()));
    const long double number = mantissa * std::pow(10.0L, random.Between(-40, 20));
    std::array<char, 200> expected;
    std::snprintf(expected.data(), expected.size(), "%.17Lf", number);
    std::string text = expected.data();
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    if (text == "-0") text = "0";
    ASSERT_EQ(Format(number), text);
  }
}

}  // namespace
}  // namespace corelane::shard
