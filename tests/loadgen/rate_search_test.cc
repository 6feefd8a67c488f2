#include "loadgen/rate_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace corelane::loadgen {
namespace {

// Searches a system that holds up to `limit`; the rates that were tried.
std::vector<double> Search(RateSearch& search, double limit) {
  std::vector<double> tried;
  while (const auto rate = search.Next()) {
    tried.push_back(*rate);
    search.Tell(*rate <= limit);
    if (tried.size() > 100) break;
  }
  return tried;
}

TEST(RateSearch, FindsTheLimitWhereverItIs) {
  for (const double limit : {2.0, 20.0, 999.0, 1000.0, 1001.0, 12'345.0, 777'777.0}) {
    RateSearch search({.from_per_s = 1000, .to_per_s = 1e7, .precision = 0.02});
    const std::vector<double> tried = Search(search, limit);
    ASSERT_TRUE(search.held_per_s()) << limit;
    EXPECT_LE(*search.held_per_s(), limit);
    // As close as asked for, or as close as whole operations come.
    EXPECT_GE(std::max(*search.held_per_s() * 1.0201, *search.held_per_s() + 1), limit);
    EXPECT_LT(tried.size(), 35U) << limit;
  }
}

TEST(RateSearch, EndsAtTheHighestRateThatIsAllowed) {
  RateSearch search({.from_per_s = 1000, .to_per_s = 5000, .precision = 0.05});
  EXPECT_EQ(Search(search, 1e9), (std::vector<double>{1000, 2000, 4000, 5000}));
  EXPECT_EQ(search.held_per_s(), 5000);
  EXPECT_FALSE(search.failed_per_s());
}

TEST(RateSearch, GivesUpWhereNothingHolds) {
  RateSearch search({.from_per_s = 1000, .to_per_s = 5000, .precision = 0.05});
  const std::vector<double> tried = Search(search, 0);
  EXPECT_FALSE(search.held_per_s());
  EXPECT_LT(tried.size(), 25U);
}

TEST(RateSearch, LooksForNothingBelowTheLowest) {
  RateSearch search({.from_per_s = 150, .to_per_s = 5000, .lowest_per_s = 100});
  EXPECT_EQ(Search(search, 50), (std::vector<double>{150, 150, 100, 100}));
}

TEST(RateSearch, OneFailureIsTriedAgain) {
  RateSearch search({.from_per_s = 1000, .to_per_s = 4000, .precision = 0.05});
  search.Tell(false);  // a stall of the machine
  EXPECT_EQ(search.Next(), 1000);
  search.Tell(true);
  EXPECT_EQ(search.Next(), 2000);
  search.Tell(false);
  search.Tell(false);
  ASSERT_TRUE(search.Next());
  EXPECT_EQ(*search.Next(), 1415);
}

}  // namespace
}  // namespace corelane::loadgen
