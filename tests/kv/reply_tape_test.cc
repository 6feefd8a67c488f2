#include "kv/reply_tape.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace corelane::kv {
namespace {

// Writes every call down as text, so that two replies can be compared and a difference read.
class Transcript final : public ReplyWriter {
 public:
  void Ok() override { text_ += "ok;"; }
  void Nil() override { text_ += "nil;"; }
  void Integer(int64_t integer) override { Add("integer", std::to_string(integer)); }
  void Boolean(bool boolean) override { Add("boolean", boolean ? "true" : "false"); }
  void Double(double real) override { Add("double", std::to_string(real)); }
  void Simple(std::string_view word) override { Add("simple", word); }
  void Bulk(std::string_view bytes) override { Add("bulk", bytes); }
  void Value(const ValueView& value) override {
    Add("value", std::to_string(static_cast<int>(value.type)) + "," +
                     std::to_string(value.created_at_s) + "," + std::to_string(value.expires_at) +
                     "," + std::to_string(value.client_flags) + "," +
                     std::to_string(value.version) + "," + std::to_string(value.marks) + "," +
                     std::string(value.bytes));
  }
  void Array(size_t count) override { Add("array", std::to_string(count)); }
  void Map(size_t pairs) override { Add("map", std::to_string(pairs)); }
  void Set(size_t count) override { Add("set", std::to_string(count)); }
  void Text(std::string_view text) override { Add("text", text); }
  void Error(StatusCode code, std::string_view message) override {
    Add("error", std::string(StatusCodeName(code)) + "," + std::string(message));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void Add(std::string_view kind, std::string_view what) {
    text_.append(kind).append("=").append(what).append(";");
  }
  std::string text_;
};

// Plays one element and says how it reads.
std::string PlayOne(ReplyTape::Reader& reader) {
  Transcript transcript;
  reader.PlayElement(transcript);
  return transcript.text();
}

TEST(ReplyTapeTest, EveryElementComesBackAsItWas) {
  ReplyTape tape;
  EXPECT_TRUE(tape.empty());
  tape.Ok();
  tape.Nil();
  tape.Integer(INT64_MIN);
  tape.Boolean(true);
  tape.Boolean(false);
  tape.Double(-2.5);
  tape.Simple("PONG");
  tape.Bulk(std::string_view("a\0b", 3));
  tape.Bulk("");
  tape.Value({.type = ValueType::kBinary,
              .bytes = "xyz",
              .expires_at = 77,
              .created_at_s = 88,
              .client_flags = 99,
              .version = 111,
              .marks = kMarkStale});
  tape.Error(StatusCode::kWrongType, "not a number");
  tape.Array(0);
  tape.Map(0);
  EXPECT_FALSE(tape.empty());

  ReplyTape::Reader reader(tape);
  EXPECT_EQ(PlayOne(reader), "ok;");
  EXPECT_EQ(PlayOne(reader), "nil;");
  EXPECT_EQ(PlayOne(reader), "integer=-9223372036854775808;");
  EXPECT_EQ(PlayOne(reader), "boolean=true;");
  EXPECT_EQ(PlayOne(reader), "boolean=false;");
  EXPECT_EQ(PlayOne(reader), "double=-2.500000;");
  EXPECT_EQ(PlayOne(reader), "simple=PONG;");
  EXPECT_EQ(PlayOne(reader), std::string("bulk=a\0b;", 9));
  EXPECT_EQ(PlayOne(reader), "bulk=;");
  EXPECT_EQ(PlayOne(reader), "value=4,88,77,99,111,32,xyz;");
  EXPECT_FALSE(reader.done());
  EXPECT_TRUE(reader.AtError());
  EXPECT_EQ(PlayOne(reader), "error=wrong type,not a number;");
  EXPECT_FALSE(reader.AtError());
  EXPECT_EQ(PlayOne(reader), "array=0;");
  EXPECT_EQ(PlayOne(reader), "map=0;");
  EXPECT_TRUE(reader.done());
  EXPECT_FALSE(reader.AtError());
}

TEST(ReplyTapeTest, AnElementIsPlayedWithAllThatIsNestedInIt) {
  ReplyTape tape;
  tape.Array(3);
  tape.Integer(1);
  tape.Map(1);
  tape.Text("key");
  tape.Set(2);
  tape.Nil();
  tape.Ok();
  tape.Bulk("last");
  tape.Integer(9);

  ReplyTape::Reader reader(tape);
  EXPECT_EQ(PlayOne(reader), "array=3;integer=1;map=1;text=key;set=2;nil;ok;bulk=last;");
  EXPECT_EQ(PlayOne(reader), "integer=9;");
  EXPECT_TRUE(reader.done());
}

TEST(ReplyTapeTest, StepsIntoArraysAndTakesIntegers) {
  ReplyTape tape;
  tape.Array(2);
  tape.Integer(5);
  tape.Bulk("x");

  ReplyTape::Reader reader(tape);
  int64_t integer = 0;
  EXPECT_FALSE(reader.TakeInteger(integer));
  EXPECT_EQ(reader.EnterArray(), 2);
  EXPECT_EQ(reader.EnterArray(), -1);
  EXPECT_TRUE(reader.TakeInteger(integer));
  EXPECT_EQ(integer, 5);
  EXPECT_FALSE(reader.TakeInteger(integer));
  EXPECT_EQ(PlayOne(reader), "bulk=x;");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.EnterArray(), -1);
  EXPECT_FALSE(reader.TakeInteger(integer));
}

TEST(ReplyTapeTest, IsReusedAfterClear) {
  ReplyTape tape;
  tape.Bulk(std::string(1000, 'x'));
  EXPECT_GT(tape.size_bytes(), 1000u);
  tape.Clear();
  EXPECT_TRUE(tape.empty());
  EXPECT_TRUE(ReplyTape::Reader(tape).done());
  tape.Ok();
  ReplyTape::Reader reader(tape);
  EXPECT_EQ(PlayOne(reader), "ok;");
}

TEST(ReplyTapeTest, PlaysOntoAnotherTape) {
  ReplyTape first;
  first.Array(1);
  first.Error(StatusCode::kBusy, "later");
  ReplyTape second;
  ReplyTape::Reader from_first(first);
  from_first.PlayElement(second);
  ReplyTape::Reader from_second(second);
  EXPECT_EQ(PlayOne(from_second), "array=1;error=busy,later;");
}

TEST(ReplyTapeDeathTest, PlayingPastTheEndIsABug) {
  ReplyTape tape;
  tape.Array(2);
  tape.Ok();
  EXPECT_DEATH(
      {
        ReplyTape::Reader reader(tape);
        PlayOne(reader);
      },
      "CHECK failed");
}

std::string RandomBytes(base::Random& random) {
  std::string bytes(random.Uniform(random.OneIn(20) ? 5000 : 20), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.Uniform(256));
  return bytes;
}

// Writes one random element, nested ones included, to both writers.
void WriteRandomElement(base::Random& random, int depth, ReplyWriter& a, ReplyWriter& b) {
  const auto both = [&](const auto& write) {
    write(a);
    write(b);
  };
  const std::string bytes = RandomBytes(random);
  const uint64_t number = random.Next();
  switch (random.Uniform(depth > 0 ? 11 : 9)) {
    case 0:
      return both([](ReplyWriter& out) { out.Ok(); });
    case 1:
      return both([](ReplyWriter& out) { out.Nil(); });
    case 2:
      return both([&](ReplyWriter& out) { out.Integer(static_cast<int64_t>(number)); });
    case 3:
      return both([&](ReplyWriter& out) { out.Boolean(number % 2 == 0); });
    case 4:
      return both([&](ReplyWriter& out) { out.Double(static_cast<double>(number) / 3); });
    case 5:
      return both([&](ReplyWriter& out) { out.Simple(bytes); });
    case 6:
      return both([&](ReplyWriter& out) { out.Bulk(bytes); });
    case 7:
      return both([&](ReplyWriter& out) {
        out.Value({.type = static_cast<ValueType>(number % (kValueTypeMax + 1)),
                   .bytes = bytes,
                   .expires_at = static_cast<int64_t>(number),
                   .created_at_s = static_cast<uint32_t>(number)});
      });
    case 8:
      return both(
          [&](ReplyWriter& out) { out.Error(static_cast<StatusCode>(number % 0x1f), bytes); });
    default: {
      const bool map = number % 2 == 0;
      const uint64_t count = random.Uniform(5);
      both([&](ReplyWriter& out) { map ? out.Map(count) : out.Array(count); });
      for (uint64_t i = 0; i < (map ? 2 * count : count); ++i) {
        WriteRandomElement(random, depth - 1, a, b);
      }
    }
  }
}

TEST(ReplyTapeTest, RandomTreesComeBackAsTheyWere) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    base::Random random(seed);
    ReplyTape tape;
    Transcript expected;
    const uint64_t elements = 1 + random.Uniform(8);
    for (uint64_t i = 0; i < elements; ++i) WriteRandomElement(random, 5, tape, expected);
    Transcript played;
    ReplyTape::Reader reader(tape);
    for (uint64_t i = 0; i < elements; ++i) reader.PlayElement(played);
    ASSERT_TRUE(reader.done());
    ASSERT_EQ(played.text(), expected.text());
  }
}

}  // namespace
}  // namespace corelane::kv
