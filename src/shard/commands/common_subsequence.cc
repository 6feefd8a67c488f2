#include "shard/commands/common_subsequence.h"

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace corelane::shard {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr size_t kWordBits = 64;

// For each byte value that the first string has: where the second string has it, a bit a byte.
class Places {
 public:
  Places(std::string_view a, std::string_view b, size_t words) : words_(words) {
    size_t rows = 0;
    for (const char byte : a) {
      uint16_t& row = row_of_[static_cast<uint8_t>(byte)];
      if (row == 0) row = static_cast<uint16_t>(++rows);
    }
    bits_.resize(rows * words);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t row = row_of_[static_cast<uint8_t>(b[j])];
      if (row == 0) continue;
      bits_[(row - 1) * words + j / kWordBits] |= uint64_t{1} << (j % kWordBits);
    }
  }
  // Only of a byte that the first string has.
  [[nodiscard]] const uint64_t* Of(char byte) const {
    return bits_.data() + (row_of_[static_cast<uint8_t>(byte)] - size_t{1}) * words_;
  }

 private:
  const size_t words_;
  std::array<uint16_t, 256> row_of_{};  // plus one; 0: none
  std::vector<uint64_t> bits_;
};

}  // namespace

bool CommonSubsequence::Fits(std::string_view a, std::string_view b) {
  const Wide cells = (Wide{a.size()} + 1) * (Wide{b.size()} + 1);
  return cells * sizeof(uint32_t) <= kSubsequenceMatrixBytesMax;
}

CommonSubsequence::CommonSubsequence(std::string_view a, std::string_view b, Want want)
    : a_(a), b_(b), row_words_((b.size() + kWordBits - 1) / kWordBits) {
  CHECK(Fits(a, b));
  if (!a.empty() && !b.empty()) Compute(want);
}

// Each row follows from the one before by an addition over its whole width, whose carries move the
// places where the length grows to the next byte that matches. Bits beyond the second string match
// nothing and stay set.
void CommonSubsequence::Compute(Want want) {
  const Places places(a_, b_, row_words_);
  std::vector<uint64_t> row(row_words_, ~uint64_t{0});
  if (want == Want::kWay) rows_.reserve(a_.size() * row_words_);
  for (const char byte : a_) {
    const uint64_t* const matches = places.Of(byte);
    uint64_t carry = 0;
    for (size_t word = 0; word < row_words_; ++word) {
      const uint64_t before = row[word];
      const Wide sum = Wide{before} + (before & matches[word]) + carry;
      carry = static_cast<uint64_t>(sum >> kWordBits);
      row[word] = static_cast<uint64_t>(sum) | (before & ~matches[word]);
    }
    if (want == Want::kWay) rows_.insert(rows_.end(), row.begin(), row.end());
  }
  for (const uint64_t word : row) length_ += static_cast<size_t>(std::popcount(~word));
}

bool CommonSubsequence::Grows(size_t a_bytes, size_t b_index) const {
  const uint64_t word = rows_[(a_bytes - 1) * row_words_ + b_index / kWordBits];
  return (word >> (b_index % kWordBits) & 1) == 0;
}

// The way back through the matrix from its end. Where the bytes differ it goes to the neighbour
// with the longer subsequence, and along the second string when both are as long: if the length
// grows with the second string's byte, that neighbour is shorter and the other is not.
std::vector<CommonSubsequence::Match> CommonSubsequence::Matches() const {
  std::vector<Match> matches;
  CHECK(length_ == 0 || !rows_.empty());
  size_t i = length_ == 0 ? 0 : a_.size();
  size_t j = b_.size();
  bool in_match = false;
  while (i > 0 && j > 0) {
    if (a_[i - 1] == b_[j - 1]) {
      --i;
      --j;
      if (!in_match) matches.push_back({i, i, j, j});
      matches.back().a_first = i;
      matches.back().b_first = j;
      in_match = true;
    } else {
      --(Grows(i, j - 1) ? i : j);
      in_match = false;
    }
  }
  return matches;
}

std::string CommonSubsequence::Text() const {
  const std::vector<Match> matches = Matches();
  std::string text;
  text.reserve(length_);
  for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
    text.append(a_.substr(match->a_first, match->length()));
  }
  return text;
}

}  // namespace corelane::shard
