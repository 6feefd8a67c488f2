#include "shard/commands/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace corelane::shard {
namespace {

bool Matches(std::string_view pattern, std::string_view text) {
  return GlobMatches(pattern, text, GlobCase::kExact);
}

TEST(Glob, Literals) {
  EXPECT_TRUE(Matches("", ""));
  EXPECT_FALSE(Matches("", "a"));
  EXPECT_TRUE(Matches("abc", "abc"));
  EXPECT_FALSE(Matches("abc", "abcd"));
  EXPECT_FALSE(Matches("abcd", "abc"));
  EXPECT_FALSE(Matches("abc", "ABC"));
  EXPECT_TRUE(GlobMatches("aBc", "AbC", GlobCase::kFold));
}

TEST(Glob, StarsAndQuestionMarks) {
  EXPECT_TRUE(Matches("*", ""));
  EXPECT_TRUE(Matches("a*c", "abbbc"));
  EXPECT_TRUE(Matches("a**c", "ac"));
  EXPECT_FALSE(Matches("a*c", "abbb"));
  EXPECT_TRUE(Matches("*a*b*", "xxaxxbxx"));
  EXPECT_TRUE(Matches("h?llo", "hello"));
  EXPECT_FALSE(Matches("h?llo", "hllo"));
}

TEST(Glob, Classes) {
  EXPECT_TRUE(Matches("h[ae]llo", "hallo"));
  EXPECT_FALSE(Matches("h[ae]llo", "hillo"));
  EXPECT_TRUE(Matches("h[^e]llo", "hallo"));
  EXPECT_FALSE(Matches("h[^e]llo", "hello"));
  EXPECT_TRUE(Matches("[a-c]", "b"));
  EXPECT_TRUE(Matches("[c-a]", "b"));
  EXPECT_TRUE(Matches("[\\a-c]", "-"));  // an escaped byte begins no range
  EXPECT_FALSE(Matches("[\\a-c]", "b"));
  EXPECT_FALSE(Matches("[a-c]", "d"));
  EXPECT_TRUE(Matches("[\\]]", "]"));
  EXPECT_TRUE(GlobMatches("[A-C]", "b", GlobCase::kFold));
}

TEST(Glob, EscapesAndUnfinishedPatterns) {
  EXPECT_TRUE(Matches("a\\*c", "a*c"));
  EXPECT_FALSE(Matches("a\\*c", "abc"));
  EXPECT_TRUE(Matches("a\\", "a\\"));
  EXPECT_TRUE(Matches("[abc", "b"));
  EXPECT_FALSE(Matches("[", "x"));
}

// Nested stars would take exponential time in a matcher that tries every split.
TEST(Glob, ManyStarsStayCheap) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(Matches(pattern + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace corelane::shard
