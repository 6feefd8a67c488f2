#include "shard/commands/common_subsequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace corelane::shard {
namespace {

using Want = CommonSubsequence::Want;
using Match = CommonSubsequence::Match;

// The same from the whole matrix of lengths, by the rule that the replies go by: where the bytes
// differ, back along the first string only if that keeps more.
struct Slow {
  size_t length = 0;
  std::string text;
  std::vector<Match> matches;
};

Slow FromMatrix(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> best(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      best[i][j] =
          a[i - 1] == b[j - 1] ? best[i - 1][j - 1] + 1 : std::max(best[i - 1][j], best[i][j - 1]);
    }
  }
  Slow slow;
  slow.length = best[a.size()][b.size()];
  size_t i = a.size();
  size_t j = b.size();
  while (i > 0 && j > 0) {
    if (a[i - 1] != b[j - 1]) {
      --(best[i - 1][j] > best[i][j - 1] ? i : j);
      continue;
    }
    --i;
    --j;
    slow.text.insert(slow.text.begin(), a[i]);
    std::vector<Match>& matches = slow.matches;
    const bool goes_on =
        !matches.empty() && matches.back().a_first == i + 1 && matches.back().b_first == j + 1;
    if (!goes_on) matches.push_back({i, i, j, j});
    matches.back().a_first = i;
    matches.back().b_first = j;
  }
  return slow;
}

TEST(CommonSubsequence, TheExampleOfTheManual) {
  const CommonSubsequence common("ohmytext", "mynewtext", Want::kWay);
  EXPECT_EQ(common.length(), 6U);
  EXPECT_EQ(common.Text(), "mytext");
  EXPECT_EQ(common.Matches(), (std::vector<Match>{{4, 7, 5, 8}, {2, 3, 0, 1}}));
}

TEST(CommonSubsequence, NothingInCommon) {
  for (const std::string_view b : {"", "xyz"}) {
    const CommonSubsequence common("abc", b, Want::kWay);
    EXPECT_EQ(common.length(), 0U);
    EXPECT_EQ(common.Text(), "");
    EXPECT_TRUE(common.Matches().empty());
  }
  EXPECT_EQ(CommonSubsequence("", "abc", Want::kWay).Text(), "");
}

TEST(CommonSubsequence, AgreesWithTheWholeMatrix) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::Random random(seed);
  for (int round = 0; round < 600; ++round) {
    const uint64_t letters = random.OneIn(4) ? 256 : 1 + random.Uniform(4);
    std::string strings[2];
    for (std::string& text : strings) {
      text.resize(random.Uniform(random.OneIn(2) ? 200 : 12));
      for (char& byte : text) byte = static_cast<char>(random.Uniform(letters));
    }
    const Slow slow = FromMatrix(strings[0], strings[1]);
    const CommonSubsequence fast(strings[0], strings[1], Want::kWay);
    ASSERT_EQ(fast.length(), slow.length);
    ASSERT_EQ(fast.Text(), slow.text);
    ASSERT_EQ(fast.Matches(), slow.matches);
    ASSERT_EQ(CommonSubsequence(strings[0], strings[1], Want::kLength).length(), slow.length);
  }
}

TEST(CommonSubsequence, FitsAsLongAsTheMatrixOfRedisDoes) {
  // 4 bytes * 16384 * 8192 are the bound exactly.
  const std::string a(16383, 'a');
  const std::string b(8191, 'b');
  EXPECT_TRUE(CommonSubsequence::Fits(a, b));
  EXPECT_FALSE(CommonSubsequence::Fits(a + 'a', b));
  EXPECT_FALSE(CommonSubsequence::Fits(a, b + 'b'));
  EXPECT_TRUE(CommonSubsequence::Fits(a, ""));
}

}  // namespace
}  // namespace corelane::shard
