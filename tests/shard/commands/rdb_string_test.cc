#include "shard/commands/rdb_string.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/crc64.h"

namespace corelane::shard {
namespace {

constexpr uint64_t kBytesMax = 1 << 20;

std::string Bytes(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// A payload around these fields, with a good footer.
std::string Sealed(std::string_view fields, uint16_t version = kRdbVersion) {
  std::string payload(fields);
  std::array<char, sizeof(version)> low_first{};
  base::StoreLittle(low_first.data(), version);
  payload.append(low_first.data(), low_first.size());
  std::array<char, sizeof(uint64_t)> checksum{};
  base::StoreLittle(checksum.data(), base::Crc64(payload));
  return payload.append(checksum.data(), checksum.size());
}

std::optional<std::string> Restored(std::string_view hex_fields) {
  const std::string payload = Sealed(Bytes(hex_fields));
  EXPECT_TRUE(IsDumpSound(payload));
  return RestoreString(payload, kBytesMax);
}

// Written by redis 7.0.15.
struct Golden {
  std::string_view text;
  std::string_view hex;
};
constexpr Golden kGoldens[] = {
    {"5", "00c0050a00632f5f66832fb351"},
    {"-1", "00c0ff0a000c937e2485089dc5"},
    {"-129", "00c17fff0a001760822854808480"},
    {"32768", "00c2008000000a0045d82eedd5bda910"},
    {"2147483648", "000a323134373438333634380a00e7b129a34c1d76ee"},
    {"hello", "000568656c6c6f0a006372df766534200a"},
    {"aaaaaaaaaaaaaaaaaaaa", "001461616161616161616161616161616161616161610a0083b46b5e1b11acf1"},
};

TEST(RdbString, WritesAndReadsWhatRedisWrites) {
  for (const Golden& golden : kGoldens) {
    EXPECT_EQ(DumpString(golden.text), Bytes(golden.hex)) << golden.text;
    EXPECT_TRUE(IsDumpSound(Bytes(golden.hex))) << golden.text;
    EXPECT_EQ(RestoreString(Bytes(golden.hex), kBytesMax), golden.text);
  }
}

TEST(RdbString, ReadsWhatRedisCompressed) {
  const std::string twenty_one = Bytes("00c30615016161e00a000a00fd0cb36807413f68");
  EXPECT_TRUE(IsDumpSound(twenty_one));
  EXPECT_EQ(RestoreString(twenty_one, kBytesMax), std::string(21, 'a'));
  EXPECT_EQ(AnnouncedStringBytes(twenty_one), 21U);
  const std::string long_one = Bytes("00c30c412c016161e0ff00e017000161610a004b1bc2625246e713");
  EXPECT_TRUE(IsDumpSound(long_one));
  EXPECT_EQ(RestoreString(long_one, kBytesMax), std::string(300, 'a'));
  EXPECT_EQ(RestoreString(long_one, 299), std::nullopt);
}

TEST(RdbString, ComesBackAtEveryLengthOfALength) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{16383},
                            size_t{16384}, size_t{100'000}}) {
    const std::string text(size, 'x');
    const std::string payload = DumpString(text);
    EXPECT_TRUE(IsDumpSound(payload)) << size;
    EXPECT_EQ(AnnouncedStringBytes(payload), size);
    EXPECT_EQ(RestoreString(payload, kBytesMax), text);
  }
  EXPECT_EQ(Restored("0081000000000000000161"), "a");  // eight bytes of length
}

TEST(RdbString, IntegersAtTheirBounds) {
  for (const std::string_view text :
       {"0", "127", "128", "-128", "-129", "32767", "-32768", "-32769", "2147483647", "-2147483648",
        "-2147483649", "007", "+1", "-0", "", "-"}) {
    EXPECT_EQ(RestoreString(DumpString(text), kBytesMax), text);
  }
  EXPECT_EQ(DumpString("-2147483648").size(), 1U + 5 + 10);
  EXPECT_EQ(DumpString("007").size(), 1U + 4 + 10);
}

TEST(RdbString, RefusesWhatIsNotSound) {
  const std::string good = DumpString("hello");
  EXPECT_FALSE(IsDumpSound(""));
  EXPECT_FALSE(IsDumpSound(good.substr(2)));
  EXPECT_FALSE(IsDumpSound(good.substr(0, 9)));
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(IsDumpSound(bad)) << i;
  }
  EXPECT_TRUE(IsDumpSound(Sealed(Bytes("000161"), 6)));
  EXPECT_FALSE(IsDumpSound(Sealed(Bytes("000161"), kRdbVersion + 1)));
}

TEST(RdbString, RefusesSoundPayloadsThatHoldNoString) {
  for (const std::string_view fields :
       {"", "00", "010161", "0002 61", "000261", "00016162", "00c0", "00c10102ff", "00c201", "00c4",
        "00ff", "0040", "0080000001", "00810000000000000001",
        // Compressed: shorter than announced; a piece cut off; more than announced; a repetition
        // from before the beginning, or cut off; an announcement that cannot be true.
        "00c302030061", "00c3020201 61", "00c3020201", "00c303010161", "00c303010161 62",
        "00c304050061 2001", "00c30405006120ff", "00c303050061e0", "00c3020061 00",
        "00c302810fffffffffffffff0061"}) {
    std::string hex(fields);
    std::erase(hex, ' ');
    EXPECT_EQ(Restored(hex), std::nullopt) << fields;
  }
  EXPECT_EQ(Restored("00c304040061 2000").has_value(), false);
  EXPECT_EQ(Restored("00c3040400612000"), "aaaa");
}

TEST(RdbString, AnnouncesOnlyWhatItCanHold) {
  EXPECT_EQ(AnnouncedStringBytes(""), 0U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("00")), 0U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("00c007")), 0U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("0080")), 0U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("000161")), 1U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("000261")), 0U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("00817fffffffffffffff")), 0U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("00c3040400612000")), 4U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("00c30404006120")), 0U);
  EXPECT_EQ(AnnouncedStringBytes(Bytes("00c3045fff00612000")), 0U);
}

}  // namespace
}  // namespace corelane::shard
