#include "kv/memcache.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace corelane::kv {
namespace {

using namespace std::string_literals;

template <typename T>
std::optional<T> Parse(std::string_view text) {
  T number{};
  return ParseMemcacheNumber(text, number) ? std::optional<T>(number) : std::nullopt;
}

TEST(MemcacheNumber, ReadsWhatTheCLibraryReads) {
  EXPECT_EQ(Parse<uint64_t>("0"), 0u);
  EXPECT_EQ(Parse<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(Parse<uint64_t>(" \t+7"), 7u);
  EXPECT_EQ(Parse<uint64_t>("007"), 7u);
  EXPECT_EQ(Parse<uint64_t>("12 and more"), 12u);
  EXPECT_EQ(Parse<uint64_t>("12\0and more"s), 12u);
  for (const char* text : {"", " ", "+", "-", "x", "1x", "1.5", "18446744073709551616",
                           "99999999999999999999999999", "0x10", "--1"}) {
    EXPECT_EQ(Parse<uint64_t>(text), std::nullopt) << text;
    EXPECT_EQ(Parse<uint32_t>(text), std::nullopt) << text;
  }
}

TEST(MemcacheNumber, ANegativeIsRefusedUnlessItWrapsToASmallOne) {
  EXPECT_EQ(Parse<uint64_t>("-1"), std::nullopt);
  EXPECT_EQ(Parse<uint64_t>("-0"), 0u);
  EXPECT_EQ(Parse<uint64_t>("-18446744073709551615"), 1u);
  EXPECT_EQ(Parse<uint64_t>("18446744073709551615 -"), std::nullopt);
  EXPECT_EQ(Parse<uint64_t>("5 -"), 5u);
}

TEST(MemcacheNumber, ThirtyTwoBitsKeepTheLowHalf) {
  EXPECT_EQ(Parse<uint32_t>("4294967295"), UINT32_MAX);
  EXPECT_EQ(Parse<uint32_t>("4294967299"), 3u);
  EXPECT_EQ(Parse<int32_t>("-1"), -1);
  EXPECT_EQ(Parse<int32_t>("4294967297"), 1);
  EXPECT_EQ(Parse<int32_t>("4294967295"), -1);
  EXPECT_EQ(Parse<int32_t>("9223372036854775807"), -1);
  EXPECT_EQ(Parse<int32_t>("-9223372036854775808"), 0);
  EXPECT_EQ(Parse<int32_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(Parse<int32_t>("-9223372036854775809"), std::nullopt);
}

TEST(MemcacheExpiry, IsRelativeUpToThirtyDays) {
  constexpr int64_t kNow = 1'700'000'000'123;
  EXPECT_EQ(MemcacheExpiry(0, kNow), kNoExpiry);
  EXPECT_EQ(MemcacheExpiry(-1, kNow), kNow);
  EXPECT_EQ(MemcacheExpiry(INT32_MIN, kNow), kNow);
  EXPECT_EQ(MemcacheExpiry(1, kNow), kNow + 1000);
  EXPECT_EQ(MemcacheExpiry(2'592'000, kNow), kNow + 2'592'000'000);
  EXPECT_EQ(MemcacheExpiry(2'592'001, kNow), 2'592'001'000);
  EXPECT_EQ(MemcacheExpiry(INT32_MAX, kNow), int64_t{INT32_MAX} * 1000);
}

TEST(MemcacheOptions, TravelAsBytesToAnyAddress) {
  MemcacheOptions options;
  options.cas = 1;
  options.client_flags = 2;
  options.mode = 'S';
  options.binary_key = true;
  const std::string odd = "x" + std::string(options.bytes());
  const MemcacheOptions got = MemcacheOptions::From(std::string_view(odd).substr(1));
  EXPECT_EQ(got.cas, 1u);
  EXPECT_EQ(got.client_flags, 2u);
  EXPECT_EQ(got.mode, 'S');
  EXPECT_TRUE(got.binary_key);
  EXPECT_FALSE(got.quiet);
}

}  // namespace
}  // namespace corelane::kv
