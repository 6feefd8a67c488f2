#include "loadgen/payload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

namespace corelane::loadgen {
namespace {

double ShareOfZeros(std::string_view bytes) {
  return static_cast<double>(std::count(bytes.begin(), bytes.end(), '\0')) /
         static_cast<double>(bytes.size());
}

TEST(PayloadTest, PlainValuesHaveTheirLengthAndDiffer) {
  Payload payload({.bytes_max = 100});
  std::set<std::string> seen;
  for (uint32_t bytes = 0; bytes <= 100; ++bytes) {
    const std::string_view value = payload.Next(bytes);
    ASSERT_EQ(value.size(), bytes);
    if (bytes >= 16) seen.emplace(value);
  }
  EXPECT_EQ(seen.size(), 85u);
}

TEST(PayloadTest, SameSeedSameValues) {
  Payload first({.bytes_max = 64, .seed = 3});
  Payload second({.bytes_max = 64, .seed = 3});
  Payload other({.bytes_max = 64, .seed = 4});
  const std::string value(first.Next(64));
  EXPECT_EQ(second.Next(64), value);
  EXPECT_NE(other.Next(64), value);
}

TEST(PayloadTest, TheCompressibleShareIsZeros) {
  for (const double share : {0.0, 0.25, 0.5, 1.0}) {
    Payload payload({.bytes_max = 1 << 20, .compressible = share});
    // Of random bytes one in 256 is a zero as well.
    EXPECT_NEAR(ShareOfZeros(payload.Next(1 << 20)), share + (1 - share) / 256, 0.005);
    EXPECT_NEAR(ShareOfZeros(payload.Next(640)), share + (1 - share) / 256, 0.05);
  }
}

TEST(PayloadTest, SealedBytesAreThoseOfTheDescription) {
  std::string value(kSealedBytesMin, '\0');
  value += "ab";
  Seal(7, 3, 26, value.data());
  const std::string_view expected(
      "\x7e\x91\x80\xb1\x1a\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00"
      "\x03\x00\x00\x00\x00\x00\x00\x00"
      "ab",
      26);
  EXPECT_EQ(value, expected) << testing::PrintToString(value);
  EXPECT_EQ(CheckSealed(expected, 7).state, SealState::kSound);
}

TEST(PayloadTest, SealedValuesReadBack) {
  Payload payload({.bytes_max = 5000});
  std::string values;
  size_t begin = 0;
  for (const uint32_t bytes : {24u, 25u, 64u, 300u, 5000u}) {
    const uint64_t key = uint64_t{bytes} * 1000;
    payload.AppendSealed(key, bytes + 1, bytes, values);
    const std::string_view value = std::string_view(values).substr(begin);
    ASSERT_EQ(value.size(), bytes);
    const SealCheck check = CheckSealed(value, key);
    EXPECT_EQ(check.state, SealState::kSound);
    EXPECT_EQ(check.sequence, bytes + 1);
    EXPECT_EQ(CheckSealed(value, bytes).state, SealState::kOtherKey);
    begin = values.size();
  }
}

TEST(PayloadTest, AnyChangedByteIsFound) {
  Payload payload({.bytes_max = 80});
  std::string value;
  payload.AppendSealed(5, 6, 80, value);
  for (size_t at = 0; at < value.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = value;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      ASSERT_EQ(CheckSealed(changed, 5).state, SealState::kCorrupt) << at;
    }
  }
}

TEST(PayloadTest, CutAndLengthenedAndForeignValuesAreFound) {
  Payload payload({.bytes_max = 80});
  std::string value;
  payload.AppendSealed(5, 6, 80, value);
  for (size_t bytes = 0; bytes < value.size(); ++bytes) {
    ASSERT_EQ(CheckSealed(value.substr(0, bytes), 5).state, SealState::kCorrupt) << bytes;
  }
  EXPECT_EQ(CheckSealed(value + '\0', 5).state, SealState::kCorrupt);
  EXPECT_EQ(CheckSealed(value + value, 5).state, SealState::kCorrupt);
  EXPECT_EQ(CheckSealed(std::string(80, '\0'), 0).state, SealState::kCorrupt);
}

}  // namespace
}  // namespace corelane::loadgen
