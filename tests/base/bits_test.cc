#include "base/bits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace corelane::base {
namespace {

// The same by the definition, a bit at a time.
bool BitAt(std::string_view bytes, uint64_t bit) {
  return bit / 8 < bytes.size() && ((static_cast<uint8_t>(bytes[bit / 8]) >> (7 - bit % 8)) & 1);
}

uint64_t SlowCount(std::string_view bytes, uint64_t first, uint64_t last) {
  uint64_t count = 0;
  for (uint64_t bit = first; bit <= last; ++bit) count += BitAt(bytes, bit) ? 1 : 0;
  return count;
}

std::optional<uint64_t> SlowFind(std::string_view bytes, bool set, uint64_t first, uint64_t last) {
  for (uint64_t bit = first; bit <= last; ++bit) {
    if (BitAt(bytes, bit) == set) return bit;
  }
  return std::nullopt;
}

uint64_t SlowLoad(std::string_view bytes, uint64_t first, uint32_t width) {
  uint64_t number = 0;
  for (uint32_t i = 0; i < width; ++i) number = number << 1 | (BitAt(bytes, first + i) ? 1 : 0);
  return number;
}

class BitsTest : public ::testing::Test {
 protected:
  BitsTest() : seed_(std::random_device{}()), random_(seed_) {}

  // Random bytes, or long runs of one bit with little between them.
  std::string Bytes(size_t bytes_max) {
    std::string bytes(random_.Uniform(bytes_max + 1), random_.OneIn(2) ? '\0' : '\xff');
    const uint64_t every = random_.OneIn(2) ? 1 : 40;
    for (char& byte : bytes) {
      if (random_.OneIn(every)) byte = static_cast<char>(random_.Next());
    }
    return bytes;
  }
  [[nodiscard]] std::string Seed() const { return "seed " + std::to_string(seed_); }

  uint64_t seed_;
  Random random_;
};

TEST_F(BitsTest, CountsAndFindsInRanges) {
  SCOPED_TRACE(Seed());
  for (int i = 0; i < 4000; ++i) {
    const std::string bytes = Bytes(600) + static_cast<char>(random_.Next());
    uint64_t first = random_.Uniform(bytes.size() * 8);
    uint64_t last = random_.Uniform(bytes.size() * 8);
    if (first > last) std::swap(first, last);
    ASSERT_EQ(CountBits(bytes, first, last), SlowCount(bytes, first, last));
    ASSERT_EQ(CountBits(bytes), SlowCount(bytes, 0, bytes.size() * 8 - 1));
    ASSERT_EQ(FindBit(bytes, true, first, last), SlowFind(bytes, true, first, last));
    ASSERT_EQ(FindBit(bytes, false, first, last), SlowFind(bytes, false, first, last));
  }
}

TEST_F(BitsTest, CountsFullStringsOfEveryLength) {
  EXPECT_EQ(CountBits(""), 0U);
  for (size_t length = 1; length < 600; ++length) {
    const std::string bytes(length, '\xff');
    ASSERT_EQ(CountBits(bytes), length * 8);
    ASSERT_EQ(CountBits(bytes, length - 1, length * 8 - 1), length * 7 + 1);
    ASSERT_EQ(FindBit(bytes, false, 0, length * 8 - 1), std::nullopt);
    ASSERT_EQ(FindBit(bytes, true, length, length * 8 - 1), length);
  }
}

TEST_F(BitsTest, FieldsReadAsTheirBits) {
  SCOPED_TRACE(Seed());
  EXPECT_EQ(LoadBits("\x12\x34", 4, 8), 0x23U);
  EXPECT_EQ(LoadBits("\xff", 4, 8), 0xf0U);
  EXPECT_EQ(LoadBits("", 1000, 64), 0U);
  for (int i = 0; i < 20000; ++i) {
    const std::string bytes = Bytes(20);
    const auto width = static_cast<uint32_t>(random_.Between(1, 64));
    const uint64_t first = random_.Uniform(200);
    ASSERT_EQ(LoadBits(bytes, first, width), SlowLoad(bytes, first, width));
  }
}

TEST_F(BitsTest, StoringAFieldChangesNothingElse) {
  SCOPED_TRACE(Seed());
  for (int i = 0; i < 20000; ++i) {
    const std::string before = Bytes(20) + std::string(8, static_cast<char>(random_.Next()));
    const auto width = static_cast<uint32_t>(random_.Between(1, 64));
    const uint64_t first = random_.Uniform(before.size() * 8 - width + 1);
    const uint64_t number = random_.Next();
    std::string after = before;
    StoreBits(after, first, width, number);
    for (uint64_t bit = 0; bit < before.size() * 8; ++bit) {
      const bool inside = bit >= first && bit < first + width;
      const bool expected =
          inside ? (number >> (first + width - 1 - bit) & 1) != 0 : BitAt(before, bit);
      ASSERT_EQ(BitAt(after, bit), expected) << "bit " << bit;
    }
  }
}

TEST_F(BitsTest, CombinesStringsOfDifferentLengths) {
  SCOPED_TRACE(Seed());
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::string> strings;
    size_t longest = 0;
    for (uint64_t n = random_.Uniform(5) + 1; n > 0; --n) {
      strings.push_back(Bytes(100));
      longest = std::max(longest, strings.back().size());
    }
    const std::vector<std::string_view> sources(strings.begin(), strings.end());
    std::string all_and;
    std::string all_or;
    std::string all_xor;
    CombineBits(BitOperation::kAnd, sources, all_and);
    CombineBits(BitOperation::kOr, sources, all_or);
    CombineBits(BitOperation::kXor, sources, all_xor);
    ASSERT_EQ(all_and.size(), longest);
    ASSERT_EQ(all_or.size(), longest);
    ASSERT_EQ(all_xor.size(), longest);
    for (uint64_t bit = 0; bit < longest * 8; ++bit) {
      uint64_t set = 0;
      for (const std::string_view source : sources) set += BitAt(source, bit) ? 1 : 0;
      ASSERT_EQ(BitAt(all_and, bit), set == sources.size());
      ASSERT_EQ(BitAt(all_or, bit), set > 0);
      ASSERT_EQ(BitAt(all_xor, bit), set % 2 == 1);
    }
  }
}

TEST_F(BitsTest, NotTurnsEveryBit) {
  const std::vector<std::string_view> source = {std::string_view("\x00\xff\x55", 3)};
  std::string result = "what was there before";
  CombineBits(BitOperation::kNot, source, result);
  EXPECT_EQ(result, std::string("\xff\x00\xaa", 3));
}

}  // namespace
}  // namespace corelane::base
