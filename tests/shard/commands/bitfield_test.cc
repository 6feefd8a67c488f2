#include "shard/commands/bitfield.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace corelane::shard {
namespace {

using Kind = FieldOperation::Kind;

std::string_view Parse(const std::vector<std::string_view>& words, FieldProgram& program) {
  program = {};
  return ParseFieldProgram(words, program);
}

std::string_view ErrorOf(const std::vector<std::string_view>& words) {
  FieldProgram program;
  return Parse(words, program);
}

// One write of `amount` to a field that holds `old`; what the client hears and what is stored.
struct Outcome {
  std::optional<int64_t> reply;
  int64_t stored = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome Write(FieldOperation operation, int64_t old) {
  std::string bytes(16, '\0');
  FieldOperation preset = operation;
  preset.kind = Kind::kSet;
  preset.amount = old;
  preset.overflow = FieldOverflow::kFail;
  EXPECT_TRUE(RunField(preset, bytes).has_value());
  Outcome outcome;
  outcome.reply = RunField(operation, bytes);
  outcome.stored = ReadField(bytes, operation);
  return outcome;
}

TEST(Bitfield, OffsetsEndWhereThoseOfRedisEnd) {
  EXPECT_EQ(ParseBitOffset("0"), 0U);
  EXPECT_EQ(ParseBitOffset("4294967295"), 4294967295U);
  EXPECT_EQ(ParseBitOffset("#3", 5), 15U);
  EXPECT_EQ(ParseBitOffset("3", 5), 3U);
  for (const std::string_view text :
       {"", "-1", "x", "#1", "01", "4294967296", " 1", "9223372036854775808"}) {
    EXPECT_EQ(ParseBitOffset(text), std::nullopt) << text;
  }
  for (const std::string_view text : {"#", "#-1", "#536870912", "#2305843009213693952"}) {
    EXPECT_EQ(ParseBitOffset(text, 8), std::nullopt) << text;
  }
}

TEST(Bitfield, ReadsAProgram) {
  FieldProgram program;
  ASSERT_EQ(Parse({"GET", "u8", "#1", "overflow", "SAT", "set", "i5", "7", "-3", "INCRBY", "u2",
                   "1", "9", "OVERFLOW", "fail"},
                  program),
            "");
  ASSERT_EQ(program.operations.size(), 3U);
  EXPECT_EQ(program.operations[0].kind, Kind::kGet);
  EXPECT_EQ(program.operations[0].offset_bits, 8U);
  EXPECT_EQ(program.operations[1].kind, Kind::kSet);
  EXPECT_TRUE(program.operations[1].type.is_signed);
  EXPECT_EQ(program.operations[1].amount, -3);
  EXPECT_EQ(program.operations[2].overflow, FieldOverflow::kSaturate);
  EXPECT_EQ(program.bytes_written, 2U);  // bits 7 to 11
  EXPECT_TRUE(program.Writes());
  ASSERT_EQ(Parse({"GET", "u8", "1000"}, program), "");
  EXPECT_FALSE(program.Writes());
  ASSERT_EQ(Parse({}, program), "");
  EXPECT_TRUE(program.operations.empty());
}

TEST(Bitfield, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorOf({"GET", "u8"}), "syntax error");
  EXPECT_EQ(ErrorOf({"SET", "u8", "0"}), "syntax error");
  EXPECT_EQ(ErrorOf({"OVERFLOW"}), "syntax error");
  EXPECT_EQ(ErrorOf({"OVERFLOW", "x"}), "Invalid OVERFLOW type specified");
  EXPECT_EQ(ErrorOf({"GET", "u8", "-1"}), "bit offset is not an integer or out of range");
  EXPECT_EQ(ErrorOf({"SET", "u8", "0", "x"}), "value is not an integer or out of range");
  for (const std::string_view type : {"u64", "i65", "u0", "U8", "8", "", "i", "i08"}) {
    EXPECT_TRUE(ErrorOf({"GET", type, "0"}).starts_with("Invalid bitfield type.")) << type;
  }
}

TEST(Bitfield, WrapsSaturatesAndFails) {
  FieldOperation add{Kind::kIncrement, FieldOverflow::kWrap, {false, 8}, 3, 10};
  EXPECT_EQ(Write(add, 250), (Outcome{4, 4}));
  add.overflow = FieldOverflow::kSaturate;
  EXPECT_EQ(Write(add, 250), (Outcome{255, 255}));
  add.overflow = FieldOverflow::kFail;
  EXPECT_EQ(Write(add, 250), (Outcome{std::nullopt, 250}));
  EXPECT_EQ(Write(add, 245), (Outcome{255, 255}));
  add.type = {true, 64};
  add.amount = INT64_MIN;
  EXPECT_EQ(Write(add, -1), (Outcome{std::nullopt, -1}));
  EXPECT_EQ(Write(add, 0), (Outcome{INT64_MIN, INT64_MIN}));
}

TEST(Bitfield, ASetThatDoesNotFitIsTreatedAlike) {
  FieldOperation set{Kind::kSet, FieldOverflow::kSaturate, {true, 8}, 5, 128};
  EXPECT_EQ(Write(set, 1), (Outcome{1, 127}));
  set.amount = INT64_MIN;
  EXPECT_EQ(Write(set, 1), (Outcome{1, -128}));
  set.type.is_signed = false;
  set.amount = -1;  // as unsigned: too large
  EXPECT_EQ(Write(set, 1), (Outcome{1, 255}));
  set.overflow = FieldOverflow::kFail;
  EXPECT_EQ(Write(set, 1), (Outcome{std::nullopt, 1}));
}

// Narrow fields, for which a counting loop over all the numbers can say what wrapping means.
TEST(Bitfield, AgreesWithCountingAround) {
  for (const bool is_signed : {false, true}) {
    for (uint32_t bits = 1; bits <= 5; ++bits) {
      const int64_t count = int64_t{1} << bits;
      const int64_t smallest = is_signed ? -count / 2 : 0;
      const int64_t largest = smallest + count - 1;
      for (int64_t old = smallest; old <= largest; ++old) {
        for (int64_t amount = -70; amount <= 70; ++amount) {
          int64_t around = old;
          for (int64_t i = 0; i < std::abs(amount); ++i) {
            around += amount > 0 ? 1 : -1;
            if (around > largest) around = smallest;
            if (around < smallest) around = largest;
          }
          const int64_t nearest = std::clamp(old + amount, smallest, largest);
          const bool fits = nearest == old + amount;
          FieldOperation add{Kind::kIncrement, FieldOverflow::kWrap, {is_signed, bits}, 6, amount};
          ASSERT_EQ(Write(add, old), (Outcome{around, around})) << old << " + " << amount;
          add.overflow = FieldOverflow::kSaturate;
          ASSERT_EQ(Write(add, old), (Outcome{nearest, nearest})) << old << " + " << amount;
          add.overflow = FieldOverflow::kFail;
          ASSERT_EQ(Write(add, old), fits ? (Outcome{nearest, nearest}) : (Outcome{{}, old}));
        }
      }
    }
  }
}

TEST(Bitfield, AWriteLeavesItsNeighboursAlone) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  base::Random random(seed);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes(24, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Next());
    const auto bits = static_cast<uint32_t>(random.Between(1, 63));
    const auto offset = static_cast<uint64_t>(random.Between(64, 120));
    const FieldOperation before{Kind::kGet, {}, {true, 64}, offset - 64, 0};
    const FieldOperation behind{Kind::kGet, {}, {true, 8}, offset + bits, 0};
    const FieldOperation set{
        Kind::kSet, {}, {true, bits}, offset, static_cast<int64_t>(random.Next())};
    const int64_t left = ReadField(bytes, before);
    const int64_t right = ReadField(bytes, behind);
    const int64_t old = ReadField(bytes, set);
    ASSERT_EQ(RunField(set, bytes), old);
    ASSERT_EQ(ReadField(bytes, before), left);
    ASSERT_EQ(ReadField(bytes, behind), right);
    ASSERT_EQ((ReadField(bytes, set) ^ set.amount) & ((int64_t{1} << (bits - 1)) - 1), 0);
  }
}

}  // namespace
}  // namespace corelane::shard
