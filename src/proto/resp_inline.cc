#include "proto/resp_inline.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace corelane::proto {
namespace {

// The blanks between words; inside a word only the first four end it, as in redis.
bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}
bool EndsWord(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

char Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads one escape inside "..." at `at`, which stands on the backslash, and returns where it ends.
size_t ReadEscape(std::string_view line, size_t at, std::string& word) {
  if (at + 3 < line.size() && line[at + 1] == 'x') {
    const int high = base::HexDigit(line[at + 2]);
    const int low = base::HexDigit(line[at + 3]);
    if (high >= 0 && low >= 0) {
      word.push_back(static_cast<char>(high * 16 + low));
      return at + 4;
    }
  }
  word.push_back(Unescaped(line[at + 1]));
  return at + 2;
}

// Reads the quoted piece whose quote is at `at`. Returns where the word ends, or nothing when the
// quote is not closed or something sticks to its end.
std::optional<size_t> ReadQuoted(std::string_view line, size_t at, std::string& word) {
  const char quote = line[at++];
  while (at < line.size()) {
    const bool more = at + 1 < line.size();
    if (line[at] == quote) {
      if (more && !IsBlank(line[at + 1])) return std::nullopt;
      return at + 1;
    }
    if (quote == '"' && line[at] == '\\' && more) {
      at = ReadEscape(line, at, word);
    } else if (quote == '\'' && line[at] == '\\' && more && line[at + 1] == '\'') {
      word.push_back('\'');
      at += 2;
    } else {
      word.push_back(line[at++]);
    }
  }
  return std::nullopt;
}

}  // namespace

bool SplitInline(std::string_view line, std::deque<std::string>& store,
                 std::vector<std::string_view>& words) {
  words.clear();
  size_t at = 0;
  while (true) {
    while (at < line.size() && IsBlank(line[at])) ++at;
    if (at == line.size()) return true;
    const size_t begin = at;
    while (at < line.size() && !EndsWord(line[at]) && line[at] != '"' && line[at] != '\'') ++at;
    if (at == line.size() || EndsWord(line[at])) {
      words.push_back(line.substr(begin, at - begin));
      continue;
    }
    std::string word(line.substr(begin, at - begin));
    const std::optional<size_t> end = ReadQuoted(line, at, word);
    if (!end.has_value()) return false;
    at = *end;
    words.push_back(store.emplace_back(std::move(word)));
  }
}

}  // namespace corelane::proto
