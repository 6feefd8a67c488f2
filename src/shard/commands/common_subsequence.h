#pragma once

// The longest common subsequence of two strings, as LCS wants it: its length, its text, and the
// ranges it is made of, which are those that redis finds where there are several of that length.
//
// The work is done for 64 bytes of the second string at a time (Hyyro, "Bit-parallel LCS-length
// computation revisited", 2004): a row of bits a byte of the first string says where the length
// grows along the second. Those bits are also all that the way back needs, so that they are kept
// instead of a matrix of numbers.
//
// A plain object; one thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corelane::shard {

// What a matrix of numbers of 32 bits for both strings may take, in bytes: beyond it redis refuses.
// The rows here take less.
inline constexpr uint64_t kSubsequenceMatrixBytesMax = uint64_t{512} << 20;

class CommonSubsequence {
 public:
  // kLength forgets the way: only length() may be asked.
  enum class Want : uint8_t { kLength, kWay };

  // Bytes [a_first, a_last] of one string are bytes [b_first, b_last] of the other.
  struct Match {
    size_t a_first = 0;
    size_t a_last = 0;
    size_t b_first = 0;
    size_t b_last = 0;
    [[nodiscard]] size_t length() const { return a_last - a_first + 1; }
    bool operator==(const Match&) const = default;
  };

  // False: the work would be too much.
  [[nodiscard]] static bool Fits(std::string_view a, std::string_view b);

  // The strings must outlive this object, and fit.
  CommonSubsequence(std::string_view a, std::string_view b, Want want);

  [[nodiscard]] size_t length() const { return length_; }
  // From the last to the first.
  [[nodiscard]] std::vector<Match> Matches() const;
  [[nodiscard]] std::string Text() const;

 private:
  void Compute(Want want);
  // Whether the length for the first `a_bytes` of one string grows with byte `b_index` of the
  // other.
  [[nodiscard]] bool Grows(size_t a_bytes, size_t b_index) const;

  const std::string_view a_;
  const std::string_view b_;
  const size_t row_words_;
  std::vector<uint64_t> rows_;  // of kWay: row_words_ for each byte of a_; a clear bit: grows
  size_t length_ = 0;
};

}  // namespace corelane::shard
