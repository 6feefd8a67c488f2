#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace corelane::base {
namespace {

TEST(Utf8, TakesWhatIsUtf8) {
  for (const std::string_view text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << testing::PrintToString(text);
    EXPECT_EQ(Utf8CharacterBytes(text), text.size());
  }
  EXPECT_TRUE(IsUtf8("gr\xc3\xbc\xc3\x9f dich \xe4\xb8\xad \xf0\x9f\x98\x80"));
  EXPECT_TRUE(IsUtf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesWhatIsNot) {
  for (const std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe0\xa0",
        "\xe1\x80\x41", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(Utf8CharacterBytes(text), 0u) << testing::PrintToString(text);
    EXPECT_FALSE(IsUtf8(text));
    EXPECT_FALSE(IsUtf8("a" + std::string(text)));
  }
}

TEST(Utf8, WritesEveryCharacterSoThatItReadsAsOne) {
  for (uint32_t code_point = 0; code_point <= kCodePointMax; ++code_point) {
    if (IsSurrogate(code_point)) continue;
    std::string text;
    AppendUtf8(code_point, text);
    ASSERT_EQ(Utf8CharacterBytes(text), text.size()) << code_point;
  }
  std::string text;
  for (const uint32_t code_point : {0x24U, 0xa3U, 0x20acU, 0x1f600U}) AppendUtf8(code_point, text);
  EXPECT_EQ(text, "$\xc2\xa3\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(Utf8, HexDigits) {
  int digits = 0;
  for (int byte = 0; byte < 256; ++byte) {
    if (HexDigit(static_cast<char>(byte)) >= 0) ++digits;
  }
  EXPECT_EQ(digits, 22);
  EXPECT_EQ(HexDigit('7'), 7);
  EXPECT_EQ(HexDigit('a'), 10);
  EXPECT_EQ(HexDigit('F'), 15);
}

}  // namespace
}  // namespace corelane::base
