#include "loadgen/rate_list.h"

#include <gtest/gtest.h>

namespace corelane::loadgen {
namespace {

TEST(RateList, IsReadAsItIsWritten) {
  EXPECT_EQ(*ParseRateList("10k"), (std::vector<double>{10'000}));
  EXPECT_EQ(*ParseRateList("20k,5,1.5k"), (std::vector<double>{5, 1500, 20'000}));
  EXPECT_EQ(*ParseRateList("1k-8k:4"), (std::vector<double>{1000, 2000, 4000, 8000}));
  EXPECT_EQ(*ParseRateList("8k-1k:4"), (std::vector<double>{1000, 2000, 4000, 8000}));
  EXPECT_EQ(ParseRateList("1-1m:1000").status().code(), StatusCode::kBadArgument);  // 1, 1, 1, ...
}

TEST(RateList, WhatIsNoneIsRefused) {
  for (const char* text : {"", "0", "1k,0", "x", "1k,", "1k-2k", "1k-2k:1", "1k-2k:1.5", "1k:3-2k",
                           "0-2k:3", "1k-2k:1001", "1k,1k", "1k-1k:2", "-1", "2k-0:3"}) {
    EXPECT_EQ(ParseRateList(text).status().code(), StatusCode::kBadArgument) << text;
  }
}

}  // namespace
}  // namespace corelane::loadgen
