#include "loadgen/rate_profile.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/number_text.h"

namespace corelane::loadgen {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(NumberTextTest, RatesAndDurationsAndSizes) {
  EXPECT_EQ(*ParseRate("250"), 250);
  EXPECT_EQ(*ParseRate("2.5k"), 2500);
  EXPECT_EQ(*ParseRate("1m"), 1e6);
  EXPECT_EQ(*ParseRate("0"), 0);
  EXPECT_EQ(*ParseRate(".5"), 0.5);
  EXPECT_EQ(*ParseDurationNanos("500ms"), kSecond / 2);
  EXPECT_EQ(*ParseDurationNanos("10s"), 10 * kSecond);
  EXPECT_EQ(*ParseDurationNanos("1.5m"), 90 * kSecond);
  EXPECT_EQ(*ParseDurationNanos("24h"), kSecond * 3600 * 24);
  EXPECT_EQ(*ParseDurationNanos("0.1s"), kSecond / 10);
  EXPECT_EQ(*ParseValueBytes("100"), 100u);
  EXPECT_EQ(*ParseValueBytes("64b"), 64u);
  EXPECT_EQ(*ParseValueBytes("1.5kb"), 1536u);
  EXPECT_EQ(*ParseValueBytes("512mb"), uint32_t{512} << 20);
}

TEST(NumberTextTest, WhatIsNoNumberIsRefusedAndNamed) {
  for (const std::string_view text :
       {"", "-1", "+1", "x", "1x", "1 ", " 1", "inf", "nan", "1e3", "1..2", ".", "1K", "2000m"}) {
    const Result<double> rate = ParseRate(text);
    ASSERT_FALSE(rate.ok()) << text;
    EXPECT_EQ(rate.code(), StatusCode::kBadArgument);
    std::string quoted = "\"";
    quoted.append(text).append("\"");
    EXPECT_NE(rate.status().message().find(quoted), std::string::npos);
  }
  for (const std::string_view text : {"10", "0s", "1d", "745h", "0.0000001ms", "s"}) {
    EXPECT_FALSE(ParseDurationNanos(text).ok()) << text;
  }
  for (const std::string_view text : {"1.5", "513mb", "1gb", "k"}) {
    EXPECT_FALSE(ParseValueBytes(text).ok()) << text;
  }
}

TEST(RateProfileTest, OneRateTakesTheDefaultDuration) {
  const auto profile = ParseRateProfile("1000", 30 * kSecond);
  ASSERT_TRUE(profile.ok());
  ASSERT_EQ(profile->size(), 1u);
  EXPECT_EQ((*profile)[0].begin_per_s, 1000);
  EXPECT_EQ((*profile)[0].end_per_s, 1000);
  EXPECT_EQ((*profile)[0].duration_ns, 30 * kSecond);
  EXPECT_EQ(ExpectedArrivals(*profile), 30'000);
}

TEST(RateProfileTest, RampsAndSteps) {
  const auto profile = ParseRateProfile("1k-5k/10s,5k/30s,0/500ms,2.5k", 2 * kSecond);
  ASSERT_TRUE(profile.ok()) << profile.status().ToString();
  ASSERT_EQ(profile->size(), 4u);
  EXPECT_EQ((*profile)[0].begin_per_s, 1000);
  EXPECT_EQ((*profile)[0].end_per_s, 5000);
  EXPECT_EQ((*profile)[0].duration_ns, 10 * kSecond);
  EXPECT_EQ((*profile)[1].begin_per_s, 5000);
  EXPECT_EQ((*profile)[1].end_per_s, 5000);
  EXPECT_EQ((*profile)[2].begin_per_s, 0);
  EXPECT_EQ((*profile)[3].duration_ns, 2 * kSecond);
  EXPECT_EQ(DurationNanos(*profile), 42 * kSecond + kSecond / 2);
  EXPECT_EQ(ExpectedArrivals(*profile), 30'000 + 150'000 + 5000);
}

TEST(RateProfileTest, EachSecondHasItsShareOfTheArrivals) {
  // 1.5 s at 100, a ramp to 300 in 2 s, 0.7 s of nothing.
  const std::vector<RateSegment> profile = {
      {100, 100, 3 * kSecond / 2}, {100, 300, 2 * kSecond}, {0, 0, 7 * kSecond / 10}};
  const std::vector<double> all = ExpectedArrivalsBySecond(profile, 0, 100);
  // The ramp has risen to 150 after half a second, to 250 after one and a half.
  ASSERT_EQ(all.size(), 4U);
  EXPECT_NEAR(all[0], 100, 1e-9);
  EXPECT_NEAR(all[1], 50 + (100 + 150) / 2.0 / 2, 1e-9);
  EXPECT_NEAR(all[2], 200, 1e-9);
  EXPECT_NEAR(all[3], (250 + 300) / 2.0 / 2, 1e-9);
  EXPECT_EQ(ExpectedArrivalsBySecond(profile, kSecond, 2), (std::vector<double>{all[1], all[2]}));
  EXPECT_TRUE(ExpectedArrivalsBySecond(profile, 4 * kSecond, 100).empty());
  EXPECT_TRUE(ExpectedArrivalsBySecond({}, 0, 100).empty());
  // Near enough without an end: as many as were asked for.
  EXPECT_EQ(ExpectedArrivalsBySecond(std::vector<RateSegment>{{5, 5, kDurationNanosMax}}, 0, 3),
            (std::vector<double>{5, 5, 5}));
}

TEST(RateProfileTest, ErrorsSayWhatIsWrong) {
  const auto message = [](std::string_view text) {
    return ParseRateProfile(text, kSecond).status().message();
  };
  EXPECT_NE(message("1000-x/10s").find("\"x\" is no rate"), std::string::npos);
  EXPECT_NE(message("1000/10").find("\"10\" is no duration"), std::string::npos);
  EXPECT_NE(message("1000/").find("\"\" is no duration"), std::string::npos);
  EXPECT_NE(message("1000,,2000").find("\"\" is no rate"), std::string::npos);
  EXPECT_NE(message("1-2-3").find("\"2-3\" is no rate"), std::string::npos);
  EXPECT_NE(message("0").find("not one operation"), std::string::npos);
  EXPECT_NE(message("1/700h,1/700h").find("31 days"), std::string::npos);
  std::string many = "1";
  for (size_t i = 0; i < kRateSegmentsMax; ++i) many += ",1";
  EXPECT_NE(message(many).find("more than 1000"), std::string::npos);
}

}  // namespace
}  // namespace corelane::loadgen
