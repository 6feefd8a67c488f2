#include "cli/words.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace corelane::cli {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Takes what stands behind a backslash; false at the end of the line.
bool TakeEscaped(std::string_view& rest, std::string& word) {
  if (rest.empty()) return false;
  const char c = rest.front();
  rest.remove_prefix(1);
  switch (c) {
    case 'n':
      word.push_back('\n');
      return true;
    case 'r':
      word.push_back('\r');
      return true;
    case 't':
      word.push_back('\t');
      return true;
    case '0':
      word.push_back('\0');
      return true;
    case 'x': {
      uint8_t byte = 0;
      const std::string_view digits = rest.substr(0, 2);
      const char* end = digits.data() + digits.size();
      const auto result = std::from_chars(digits.data(), end, byte, 16);
      if (digits.size() != 2 || result.ec != std::errc() || result.ptr != end) break;
      word.push_back(static_cast<char>(byte));
      rest.remove_prefix(2);
      return true;
    }
    default:
      break;
  }
  word.push_back(c);
  return true;
}

// Takes what stands between the quote that has been taken and its partner; false when there is
// none.
bool TakeQuoted(std::string_view& rest, char quote, std::string& word) {
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == quote) return true;
    if (c != '\\' || quote == '\'') {
      word.push_back(c);
    } else if (!TakeEscaped(rest, word)) {
      return false;
    }
  }
  return false;
}

}  // namespace

Result<std::vector<std::string>> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  while (!line.empty()) {
    const char c = line.front();
    line.remove_prefix(1);
    if (IsBlank(c)) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == '"' || c == '\'') {
      if (!TakeQuoted(line, c, words.back())) {
        return Status(StatusCode::kBadArgument, "a quote is not closed");
      }
    } else if (c != '\\') {
      words.back().push_back(c);
    } else if (!TakeEscaped(line, words.back())) {
      return Status(StatusCode::kBadArgument, "the line ends in a backslash");
    }
  }
  return words;
}

}  // namespace corelane::cli
