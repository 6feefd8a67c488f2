#include "loadgen/key_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace corelane::loadgen {
namespace {

TEST(KeyTextTest, DigitsAfterThePrefix) {
  const KeyText text{KeyTextOptions()};
  std::string key;
  EXPECT_EQ(text.bytes(), 20u);
  EXPECT_EQ(text.number_max(), 9'999'999'999'999'999u);
  EXPECT_EQ(text.Write(0, key), "key:0000000000000000");
  EXPECT_EQ(text.Write(42, key), "key:0000000000000042");
  EXPECT_EQ(text.Write(text.number_max(), key), "key:9999999999999999");
}

TEST(KeyTextTest, EveryNumberReadsBack) {
  const KeyText text({"", 20});
  EXPECT_EQ(text.number_max(), UINT64_MAX);
  base::Random random(1);
  std::string key;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t number = random.Next() >> random.Uniform(64);
    ASSERT_EQ(std::stoull(std::string(text.Write(number, key))), number);
  }
  EXPECT_EQ(text.Write(UINT64_MAX, key), "18446744073709551615");
}

TEST(KeyTextTest, AnyLengthWithRoomForADigit) {
  std::string key;
  EXPECT_EQ(KeyText({"k", 2}).Write(9, key), "k9");
  EXPECT_EQ(KeyText({"k", 2}).number_max(), 9u);
  EXPECT_EQ(KeyText({"", 3}).Write(7, key), "007");
  EXPECT_EQ(KeyText({"", 19}).number_max(), 9'999'999'999'999'999'999u);
  const KeyText wide({"user", 40});
  EXPECT_EQ(wide.number_max(), UINT64_MAX);
  EXPECT_EQ(wide.Write(123, key), "user" + std::string(33, '0') + "123");
}

TEST(KeyTextTest, WhatIsNoKeyIsRefused) {
  EXPECT_TRUE(CheckKeyText(KeyTextOptions()).ok());
  EXPECT_TRUE(CheckKeyText({"\xc3\xa4", 65'535}).ok());
  EXPECT_FALSE(CheckKeyText({"key:", 4}).ok());
  EXPECT_FALSE(CheckKeyText({"key:", 65'536}).ok());
  EXPECT_FALSE(CheckKeyText({"a key:", 20}).ok());
  EXPECT_FALSE(CheckKeyText({"key\n", 20}).ok());
}

}  // namespace
}  // namespace corelane::loadgen
