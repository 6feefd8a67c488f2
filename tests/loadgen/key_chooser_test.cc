#include "loadgen/key_chooser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "goodness_of_fit.h"

namespace corelane::loadgen {
namespace {

constexpr int kDraws = 100'000;
constexpr uint64_t kKeys = 500;

KeyChooserOptions Distribution(std::string_view text) {
  const Result<KeyChooserOptions> options = ParseKeyDistribution(text);
  EXPECT_TRUE(options.ok()) << options.status().ToString();
  return *options;
}

std::vector<uint64_t> Counts(KeyChooser& chooser, uint64_t seed) {
  base::Random random(seed);
  std::vector<uint64_t> counts(chooser.keys(), 0);
  for (int i = 0; i < kDraws; ++i) ++counts[chooser.Next(random)];
  return counts;
}

std::vector<double> ZipfCounts(double theta) {
  std::vector<double> expected;
  double sum = 0;
  for (uint64_t k = 1; k <= kKeys; ++k) {
    expected.push_back(std::pow(static_cast<double>(k), -theta));
    sum += expected.back();
  }
  for (double& count : expected) count *= kDraws / sum;
  return expected;
}

TEST(KeyChooserTest, UniformIsEven) {
  KeyChooser chooser(Distribution("uniform"), kKeys);
  const std::vector<double> expected(kKeys, static_cast<double>(kDraws) / kKeys);
  ExpectFit(Counts(chooser, 1), expected);
}

// The scrambler moves the ranks, each to a key of its own, so the counts by rank are Zipf's.
TEST(KeyChooserTest, ZipfianKeepsTheLawButNotTheOrder) {
  for (const std::string_view text : {"zipfian", "zipfian:1.4"}) {
    const KeyChooserOptions options = Distribution(text);
    KeyChooser chooser(options, kKeys);
    const KeyScrambler scrambler(kKeys);
    const std::vector<uint64_t> counts = Counts(chooser, 1);
    std::vector<uint64_t> by_rank;
    for (uint64_t rank = 0; rank < kKeys; ++rank) by_rank.push_back(counts[scrambler.Place(rank)]);
    ExpectFit(by_rank, ZipfCounts(options.theta));
    EXPECT_GT(ChiSquareOf(counts, ZipfCounts(options.theta)).statistic, 1000);
  }
}

TEST(KeyChooserTest, LatestIsZipfFromTheNewestBackwards) {
  KeyChooser chooser(Distribution("latest"), 10);
  chooser.Grow(kKeys);
  std::vector<uint64_t> counts = Counts(chooser, 1);
  std::reverse(counts.begin(), counts.end());
  ExpectFit(counts, ZipfCounts(0.99));
}

TEST(KeyChooserTest, HotspotGivesAShareOfKeysAShareOfOperations) {
  KeyChooser chooser(Distribution("hotspot:0.1:0.7"), kKeys);
  std::vector<double> expected(kKeys, 0.3 * kDraws / (0.9 * kKeys));
  std::fill(expected.begin(), expected.begin() + kKeys / 10, 0.7 * kDraws / (0.1 * kKeys));
  ExpectFit(Counts(chooser, 1), expected);

  KeyChooser all_hot(Distribution("hotspot:1:0.5"), kKeys);
  ExpectFit(Counts(all_hot, 1), std::vector<double>(kKeys, double{kDraws} / kKeys));
}

TEST(KeyChooserTest, SequentialTakesEachKeyOnceARound) {
  constexpr uint64_t kThreads = 3;
  base::Random random(1);
  std::vector<int> seen(10, 0);
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    KeyChooserOptions options = Distribution("sequential");
    options.begin = thread;
    options.step = kThreads;
    KeyChooser chooser(options, 10);
    // Of 10 keys the first thread has four, the others three.
    const uint64_t round = thread == 0 ? 4 : 3;
    for (uint64_t i = 0; i < 2 * round; ++i) ++seen[chooser.Next(random)];
  }
  EXPECT_EQ(seen, std::vector<int>(10, 2));
}

TEST(KeyChooserTest, GrownKeysAreChosenToo) {
  for (const std::string_view text : {"uniform", "zipfian:0.2", "latest:0.2", "hotspot"}) {
    KeyChooser chooser(Distribution(text), 1);
    base::Random random(1);
    EXPECT_EQ(chooser.Next(random), 0u);
    for (uint64_t keys = 2; keys <= 100; ++keys) {
      chooser.Grow(keys);
      ASSERT_LT(chooser.Next(random), keys);
    }
    std::set<uint64_t> seen;
    for (int i = 0; i < 20'000; ++i) seen.insert(chooser.Next(random));
    EXPECT_EQ(seen.size(), 100u) << text;
  }
}

TEST(KeyScramblerTest, IsAPermutationThatSpreadsNeighbours) {
  for (const uint64_t keys : {1u, 2u, 3u, 16u, 100u, 4096u, 4097u}) {
    const KeyScrambler scrambler(keys);
    std::set<uint64_t> places;
    for (uint64_t rank = 0; rank < keys; ++rank) places.insert(scrambler.Place(rank));
    EXPECT_EQ(places.size(), keys);
    EXPECT_LT(*places.rbegin(), keys);
  }
  // The ten favourites of a million are spread over all of it.
  const KeyScrambler scrambler(1'000'000);
  std::vector<uint64_t> favourites;
  for (uint64_t rank = 0; rank < 10; ++rank) favourites.push_back(scrambler.Place(rank));
  std::sort(favourites.begin(), favourites.end());
  for (size_t i = 1; i < favourites.size(); ++i) {
    EXPECT_GT(favourites[i] - favourites[i - 1], 1000u);
  }
}

TEST(KeyScramblerTest, HardlyAnyKeyMovesWhenTheSpaceGrows) {
  constexpr uint64_t kGrown = 1100;
  const KeyScrambler before(1000);
  KeyScrambler after(1000);
  after.Grow(kGrown);
  uint64_t moved = 0;
  std::set<uint64_t> places;
  for (uint64_t rank = 0; rank < kGrown; ++rank) {
    places.insert(after.Place(rank));
    if (rank < 1000 && before.Place(rank) != after.Place(rank)) ++moved;
  }
  EXPECT_EQ(places.size(), kGrown);
  EXPECT_LE(moved, kGrown - 1000);
}

TEST(KeyChooserTest, ParsesDistributionsAndSaysWhatIsWrong) {
  EXPECT_EQ(Distribution("zipfian").theta, 0.99);
  EXPECT_EQ(Distribution("latest:1.5").theta, 1.5);
  EXPECT_EQ(Distribution("hotspot:0.3:0.6").hot_keys, 0.3);
  EXPECT_EQ(Distribution("hotspot:0.3:0.6").hot_accesses, 0.6);
  const auto message = [](std::string_view text) {
    return ParseKeyDistribution(text).status().message();
  };
  EXPECT_NE(message("pareto").find("no such distribution"), std::string::npos);
  EXPECT_NE(message("zipfian:2").find("theta"), std::string::npos);
  EXPECT_NE(message("zipfian:x").find("\"x\" is no number"), std::string::npos);
  EXPECT_NE(message("uniform:1").find("count of numbers"), std::string::npos);
  EXPECT_NE(message("hotspot:0.1").find("count of numbers"), std::string::npos);
  EXPECT_NE(message("hotspot:0:0.5").find("hot keys"), std::string::npos);
  EXPECT_NE(message("hotspot:0.5:2").find("share of operations"), std::string::npos);
  EXPECT_NE(message("").find("no such distribution"), std::string::npos);
}

}  // namespace
}  // namespace corelane::loadgen
