#include "shard/commands/glob.h"

#include <cstddef>
#include <string_view>
#include <utility>

namespace corelane::shard {
namespace {

char Fold(char byte, GlobCase fold) {
  return fold == GlobCase::kFold && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32)
                                                               : byte;
}

// Matches the class that starts behind the '[' at `at`; moves `at` behind its ']' (or to the end of
// a pattern that forgot it).
bool ClassMatches(std::string_view pattern, size_t& at, char byte, GlobCase fold) {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool matched = false;
  while (at < pattern.size() && pattern[at] != ']') {
    const bool escaped = pattern[at] == '\\' && at + 1 < pattern.size();
    if (escaped) ++at;
    char low = pattern[at++];
    char high = low;
    // An escaped byte stands for itself alone: it begins no range.
    if (!escaped && at + 1 < pattern.size() && pattern[at] == '-') {
      high = pattern[at + 1];
      at += 2;
    }
    low = Fold(low, fold);
    high = Fold(high, fold);
    if (low > high) std::swap(low, high);
    matched |= byte >= low && byte <= high;
  }
  if (at < pattern.size()) ++at;
  return matched != negated;
}

// Matches one element of the pattern other than '*' against `byte`; moves `at` behind the element.
bool ElementMatches(std::string_view pattern, size_t& at, char byte, GlobCase fold) {
  byte = Fold(byte, fold);
  switch (pattern[at]) {
    case '?':
      ++at;
      return true;
    case '[':
      ++at;
      return ClassMatches(pattern, at, byte, fold);
    case '\\':
      if (at + 1 < pattern.size()) ++at;
      break;
    default:
      break;
  }
  return Fold(pattern[at++], fold) == byte;
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text, GlobCase fold) {
  size_t in_pattern = 0;
  size_t in_text = 0;
  size_t star = std::string_view::npos;  // where to go back to: behind the latest '*'
  size_t star_text = 0;                  // how much text that '*' has eaten
  while (in_text < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = ++in_pattern;
      star_text = in_text;
      continue;
    }
    if (in_pattern < pattern.size() && ElementMatches(pattern, in_pattern, text[in_text], fold)) {
      ++in_text;
      continue;
    }
    if (star == std::string_view::npos) return false;
    in_pattern = star;
    in_text = ++star_text;
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
  return in_pattern == pattern.size();
}

}  // namespace corelane::shard
