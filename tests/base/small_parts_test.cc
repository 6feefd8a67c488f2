// The small parts of base: little-endian coding, hashes, the string_view bridge, log lines, CHECK.

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/absl_view.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"

namespace corelane::base {
namespace {

TEST(BytesTest, LittleEndianAtAnyAddress) {
  std::array<char, 16> bytes{};
  StoreLittle<uint32_t>(bytes.data() + 1, 0x04030201u);
  EXPECT_EQ(std::string_view(bytes.data() + 1, 4), std::string_view("\x01\x02\x03\x04", 4));
  EXPECT_EQ(LoadLittle<uint32_t>(bytes.data() + 1), 0x04030201u);
  StoreLittle<int64_t>(bytes.data() + 3, -2);
  EXPECT_EQ(LoadLittle<int64_t>(bytes.data() + 3), -2);
  StoreLittle<uint16_t>(bytes.data(), 0xbeef);
  EXPECT_EQ(LoadLittle<uint16_t>(bytes.data()), 0xbeef);
  EXPECT_EQ(LoadLittle<uint8_t>(bytes.data()), 0xef);
}

// Placement and checksums are on disk: these numbers can never change. The first is XXH3's
// published hash of nothing; the others are what libxxhash 0.8.1 gave when the formats were fixed.
TEST(HashTest, StandsStill) {
  EXPECT_EQ(KeyHash("", 0), 0x2d06800538d394c2u);
  EXPECT_EQ(Checksum32("", 0), 0x38d394c2u);
  EXPECT_EQ(KeyHash("corelane", 7), 0x4edeb824d04eb7d5u);
  EXPECT_EQ(Checksum32("a frame on disk", 0x1234), 0x66e49aa5u);
  EXPECT_EQ(KeyHash("corelane", 7), KeyHash(std::string("core") + "lane", 7));
  EXPECT_NE(KeyHash("corelane", 7), KeyHash("corelane", 8));
  EXPECT_NE(Checksum32("corelane", 7), Checksum32("corelanf", 7));
}

TEST(AbslViewTest, ThereAndBack) {
  const std::string_view text("a\0b", 3);
  EXPECT_EQ(FromAbsl(ToAbsl(text)), text);
  EXPECT_EQ(ToAbsl(text).data(), text.data());
  EXPECT_EQ(FromAbsl(ToAbsl({})), "");
}

TEST(LogTest, OneLineWithTimeSeverityAndText) {
  testing::internal::CaptureStderr();
  Log(Severity::kWarning, "lane %d: %s", 3, "slow disk");
  const std::string line = testing::internal::GetCapturedStderr();
  ASSERT_EQ(line.size(), std::string("2026-11-20T12:00:00.123Z").size() +
                             std::string(" warning: lane 3: slow disk\n").size());
  EXPECT_EQ(line.substr(24), " warning: lane 3: slow disk\n");
  EXPECT_EQ(line[4], '-');
  EXPECT_EQ(line[10], 'T');
  EXPECT_EQ(line[19], '.');
  EXPECT_EQ(line[23], 'Z');
}

TEST(CheckTest, HoldsQuietly) {
  int evaluated = 0;
  CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, SaysWhereAndWhat) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "small_parts_test.cc:[0-9]+: CHECK failed: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace corelane::base
