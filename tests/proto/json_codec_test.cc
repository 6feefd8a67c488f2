#include "proto/json_codec.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "codec_testing.h"
#include "proto/json_reader.h"

namespace corelane::proto {
namespace {

using namespace std::string_literals;
using Words = std::vector<std::vector<std::string>>;

const std::string kNoTtl(8, '\xff');
const std::string kTen = "\x0a\0\0\0\0\0\0\0"s;
const std::string kOneAndAHalf = "\0\0\0\0\0\0\xf8\x3f"s;

std::string Set(const std::string& value) { return R"({"Set":{"key":"k","value":)" + value + "}}"; }
std::vector<std::string> Put(const std::string& type, const std::string& bytes) {
  return {"CL.PUT", "k", type, kNoTtl, bytes};
}

struct Accepted {
  std::string bytes;
  Words words;
};

std::vector<Accepted> AcceptedCases() {
  const std::vector<std::string> get = {"GET", "k"};
  const std::string get_text = R"({"Get":{"key":"k"}})";
  return {
      {R"({"Set":{"key":"user:1","value":"Alice"}})", {{"SET", "user:1", "Alice"}}},
      {R"({"Get":{"key":"user:1"}})", {{"GET", "user:1"}}},
      {R"({"Remove":{"key":"user:1"}})", {{"DEL", "user:1"}}},
      {R"({"Set":{"value":"Alice","key":"user:1"}})", {{"SET", "user:1", "Alice"}}},
      {get_text + get_text, {get, get}},
      {" \n\t\r " + get_text + "\r\n\n" + get_text + " \n", {get, get}},
      {"{ \"Get\" : { \"key\" : \"k\" } }\n", {get}},
      {R"({"Get":{"key":"\u006b"}})", {get}},
      {R"({"\u0047et":{"k\u0065y":"k"}})", {get}},
      {R"({"Get":{"key":""}})", {{"GET", ""}}},
      {Set(R"("\n\u0000\uD83D\uDE00}")"), {{"SET", "k", "\n\0\xf0\x9f\x98\x80}"s}}},
      {Set("10"), {Put("\x01", kTen)}},
      {Set("1.5"), {Put("\x02", kOneAndAHalf)}},
      {Set("15e-1"), {Put("\x02", kOneAndAHalf)}},
      {Set("true"), {Put("\x03", "\x01")}},
      {Set("false"), {Put("\x03", "\0"s)}},
      {Set(R"({"String":"x"})"), {{"SET", "k", "x"}}},
      {Set(R"({"Integer":10})"), {Put("\x01", kTen)}},
      {Set(R"({"Float":1.5})"), {Put("\x02", kOneAndAHalf)}},
      {Set(R"({"Float":0})"), {Put("\x02", std::string(8, '\0'))}},
      {Set(R"({"Float":"inf"})"), {Put("\x02", "\0\0\0\0\0\0\xf0\x7f"s)}},
      {Set(R"({"Boolean":true})"), {Put("\x03", "\x01")}},
      {Set(R"({"Binary":[1, 2,255]})"), {Put("\x04", "\x01\x02\xff")}},
      {Set(R"({"Binary":[]})"), {Put("\x04", "")}},
  };
}

TEST(JsonCodec, ReadsRequests) {
  for (const Accepted& accepted : AcceptedCases()) {
    for (const size_t piece : {size_t{0}, size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
      JsonCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, accepted.bytes, piece, 2);
      EXPECT_EQ(seen.words(), accepted.words) << accepted.bytes << " in pieces of " << piece;
      EXPECT_EQ(seen.state, DecodeState::kDone) << accepted.bytes;
    }
  }
}

// What the codec answers to the only request in `bytes` when the command table says `say`.
template <typename Say>
std::string Answer(std::string_view bytes, Say say) {
  JsonCodec codec((CodecLimits()));
  const Seen seen = DecodeInPieces(codec, bytes, 0);
  EXPECT_EQ(seen.requests.size(), 1u) << bytes;
  base::Buffer out;
  say(codec.BeginReply(seen.requests.at(0).tag, kv::Session(), out));
  codec.EndReply();
  return std::string(out.view());
}

TEST(JsonCodec, JsonThatIsNoRequestIsAnsweredInItsTurn) {
  const std::string unknown = "unknown request: expected one of Set, Get and Remove";
  const std::string value =
      R"(\"value\" is no string, number, true, false, or object that names its type)";
  const std::string member =
      R"(unknown member: a request has \"key\", and \"value\" if it is a Set)";
  const std::string key = R"(there is no \"key\" that is a string)";
  const std::string misfit = "a number does not fit its type";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{}", unknown},
      {R"({"get":{"key":"k"}})", unknown},
      {R"({"Frob":{"key":"k"}})", unknown},
      {R"({"Get":"k"})", unknown},
      {R"({"Get":null})", unknown},
      {R"({"Get":{"key":"k"},"Get":{"key":"k"}})", unknown},
      {R"({"Get":{"key":"k"},"id":1})", unknown},
      {R"({"Get":{}})", key},
      {R"({"Get":{"key":1}})", key},
      {R"({"Get":{"key":"k","key":"k"}})", "a member comes twice"},
      {R"({"Get":{"key":"k","value":"v"}})", member},
      {R"({"Remove":{"key":"k","ttl":[{}]}})", member},
      {R"({"Set":{"key":"k"}})", R"(there is no \"value\")"},
      {R"({"Set":{"value":"v"}})", key},
      {R"({"Set":{"key":"k","value":1,"value":2}})", "a member comes twice"},
      {Set("null"), value},
      {Set("[1]"), value},
      {Set("{}"), value},
      {Set(R"({"Integer":1,"Float":1})"), value},
      {Set(R"({"Integer":1.5})"), misfit},
      {Set(R"({"Integer":"1"})"), value},
      {Set(R"({"Integer":1e400})"), misfit},
      {Set(R"({"Integer":9223372036854775808})"), misfit},
      {Set(R"({"Float":1e400})"), misfit},
      {Set(R"({"Float":"fast"})"), value},
      {Set(R"({"Boolean":1})"), value},
      {Set(R"({"String":1})"), value},
      {Set(R"({"Binary":[256]})"), value},
      {Set(R"({"Binary":[-1]})"), value},
      {Set(R"({"Binary":[1.0]})"), value},
      {Set(R"({"Binary":["1"]})"), value},
      {Set(R"({"Binary":"AQ=="})"), value},
      {Set(R"({"Date":1})"), value},
      {Set("1e400"), misfit},
  };
  for (const auto& [text, message] : cases) {
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      JsonCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, text + R"({"Get":{"key":"k"}})", piece);
      EXPECT_EQ(seen.words(), (Words{{""}, {"GET", "k"}})) << text;
    }
    EXPECT_EQ(Answer(text,
                     [](kv::ReplyWriter& reply) {
                       reply.Error(StatusCode::kUnknownCommand, "unknown command ''");
                     }),
              "{\"Err\":\"" + message + "\"}\n")
        << text;
  }
}

TEST(JsonCodec, WhatIsNoJsonIsAnsweredWithItsPositionAndCloses) {
  const std::string get = R"({"Get":{"key":"k"}})";
  const std::string brackets(kJsonDepthMax, '[');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"x", "0: a request is an object, expected '{'"},
      {"GET k\n", "0: a request is an object, expected '{'"},
      {"*1\r\n", "0: a request is an object, expected '{'"},
      {"\x01"s, "0: a request is an object, expected '{'"},
      {"\0"s, "0: a request is an object, expected '{'"},
      {"[]", "0: a request is an object, expected '{'"},
      {"\"Get\"", "0: a request is an object, expected '{'"},
      {",{}", "0: a request is an object, expected '{'"},
      {R"({"Get":{"key":"k",}})", "18: expected a string"},
      {R"({"Get":{"key":"k"]})", "17: expected ',' or '}'"},
      {R"({"Frob":{"key":tru}})", "15: expected a value"},
      {R"({"Get":{"key":"\ud800"}})", "15: half of a surrogate pair"},
      {"{\"Get\":{\"key\":\"\xff\"}}", "15: invalid UTF-8"},
      {"{\"Get\":{\"key\":\"a\nb\"}}",
       "16: a control character inside of a string must be escaped"},
      {"{\"Get\":{\"key\":\"a\\\n", "17: a control character inside of a string must be escaped"},
      {"{\"a\":" + brackets, "20: too many brackets within brackets"},
  };
  for (const auto& [text, message] : cases) {
    for (const size_t piece : {size_t{0}, size_t{1}, size_t{5}}) {
      JsonCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, get + "\n" + text, piece);
      EXPECT_EQ(seen.words(), (Words{{"GET", "k"}})) << text;
      ASSERT_EQ(seen.state, DecodeState::kError) << text;
      EXPECT_EQ(ErrorReply(codec, seen), "{\"Err\":\"malformed JSON at byte " + message + "\"}\n");
    }
  }
}

TEST(JsonCodec, AnswersEveryTypeOfValue) {
  const auto answer = [](kv::ValueType type, const std::string& bytes) {
    return Answer(R"({"Get":{"key":"k"}})",
                  [&](kv::ReplyWriter& reply) { reply.Value({.type = type, .bytes = bytes}); });
  };
  const auto of_float = [&](double real) {
    return answer(kv::ValueType::kFloat, std::string(kv::ScalarBytes(real).view()));
  };
  EXPECT_EQ(answer(kv::ValueType::kString, "Alice"), "{\"Ok\":\"Alice\"}\n");
  EXPECT_EQ(answer(kv::ValueType::kString, "\"\\/\b\f\n\r\t\x01\x1f\x7f\0"s),
            "{\"Ok\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000\"}\n");
  EXPECT_EQ(answer(kv::ValueType::kString, "gr\xc3\xbc\xc3\x9f"),
            "{\"Ok\":\"gr\xc3\xbc\xc3\x9f\"}\n");
  EXPECT_EQ(answer(kv::ValueType::kString, "\xff\x01"), "{\"Ok\":{\"Binary\":[255,1]}}\n");
  EXPECT_EQ(answer(kv::ValueType::kInteger, kTen), "{\"Ok\":10}\n");
  EXPECT_EQ(of_float(1.5), "{\"Ok\":1.5}\n");
  EXPECT_EQ(of_float(2), "{\"Ok\":2.0}\n");
  EXPECT_EQ(of_float(1e300), "{\"Ok\":1e300}\n");
  EXPECT_EQ(of_float(-std::numeric_limits<double>::infinity()), "{\"Ok\":{\"Float\":\"-inf\"}}\n");
  EXPECT_EQ(of_float(std::numeric_limits<double>::quiet_NaN()), "{\"Ok\":{\"Float\":\"NaN\"}}\n");
  EXPECT_EQ(answer(kv::ValueType::kBoolean, "\x01"), "{\"Ok\":true}\n");
  EXPECT_EQ(answer(kv::ValueType::kBoolean, "\0"s), "{\"Ok\":false}\n");
  EXPECT_EQ(answer(kv::ValueType::kBinary, "\x01\x02\xff"), "{\"Ok\":{\"Binary\":[1,2,255]}}\n");
  EXPECT_EQ(answer(kv::ValueType::kBinary, ""), "{\"Ok\":{\"Binary\":[]}}\n");
}

TEST(JsonCodec, Answers) {
  const std::string get = R"({"Get":{"key":"k"}})";
  const std::string remove = R"({"Remove":{"key":"k"}})";
  using Reply = kv::ReplyWriter;
  EXPECT_EQ(Answer(Set("1"), [](Reply& reply) { reply.Ok(); }), "{\"Ok\":null}\n");
  EXPECT_EQ(Answer(get, [](Reply& reply) { reply.Nil(); }), "{\"Ok\":null}\n");
  EXPECT_EQ(Answer(remove, [](Reply& reply) { reply.Integer(1); }), "{\"Ok\":null}\n");
  EXPECT_EQ(Answer(remove, [](Reply& reply) { reply.Integer(0); }),
            "{\"Err\":\"Key not found\"}\n");
  EXPECT_EQ(Answer(Set("1"),
                   [](Reply& reply) { reply.Error(StatusCode::kDiskFull, "no \"room\"\n\xff"); }),
            "{\"Err\":\"no \\\"room\\\"\\n\xef\xbf\xbd\"}\n");
  EXPECT_EQ(Answer(get, [](Reply& reply) { reply.Integer(-3); }), "{\"Ok\":-3}\n");
  EXPECT_EQ(Answer(get, [](Reply& reply) { reply.Boolean(false); }), "{\"Ok\":false}\n");
  EXPECT_EQ(Answer(get, [](Reply& reply) { reply.Double(0.5); }), "{\"Ok\":0.5}\n");
  EXPECT_EQ(Answer(get, [](Reply& reply) { reply.Simple("PONG"); }), "{\"Ok\":\"PONG\"}\n");
  EXPECT_EQ(Answer(get, [](Reply& reply) { reply.Bulk("x"); }), "{\"Ok\":\"x\"}\n");
  const std::string mismatch = "{\"Err\":\"the reply has no form in this protocol\"}\n";
  EXPECT_EQ(Answer(get, [](Reply& reply) { reply.Map(0); }), mismatch);
  EXPECT_EQ(Answer(get,
                   [](Reply& reply) {
                     reply.Array(2);
                     reply.Integer(1);
                     reply.Bulk("x");
                   }),
            mismatch);
}

TEST(JsonCodec, ARequestIsTooLongWhateverItsPieces) {
  CodecLimits limits;
  limits.key_bytes_max = 100;
  limits.value_bytes_max = 1000;
  limits.request_bytes_max = 1;  // raised to what one key and one value need
  const size_t longest = JsonRequestBytesMax(limits);
  const std::string begin = R"({"Get":{"key":")";
  const std::string end = R"("}})";
  const std::string key(longest - begin.size() - end.size(), 'k');
  for (const size_t piece : {size_t{0}, size_t{1}, longest, longest + 1}) {
    JsonCodec fits(limits);
    EXPECT_EQ(DecodeInPieces(fits, begin + key + end, piece).requests.size(), 1u);
    JsonCodec over(limits);
    const Seen seen = DecodeInPieces(over, begin + key + "k" + end, piece);
    ASSERT_EQ(seen.state, DecodeState::kError);
    EXPECT_EQ(ErrorReply(over, seen), "{\"Err\":\"request exceeds maximum size\"}\n");
  }
}

TEST(JsonCodec, SmallPiecesCostLinearTime) {
  const std::string request = Set("\"" + std::string(20'000, 'v') + "\\n\"");
  JsonCodec codec((CodecLimits()));
  EXPECT_EQ(DecodeInPieces(codec, request, 1).requests.size(), 1u);
  EXPECT_EQ(codec.bytes_scanned(), request.size());
}

TEST(JsonCodec, StopsAtAFullBatchAndGoesOnThere) {
  JsonCodec codec((CodecLimits()));
  const std::string get = R"({"Get":{"key":"k"}})";
  kv::RequestBatch batch;
  const std::string bytes = get + "\n" + get + "\n" + get;
  const DecodeResult result = codec.Decode(bytes, 2, batch);
  EXPECT_EQ(result.state, DecodeState::kFull);
  EXPECT_EQ(result.consumed, 2 * get.size() + 1);
  // A string without escapes points into the received bytes.
  EXPECT_EQ(batch[1].args[0].data(), bytes.data() + get.size() + 1 + 15);
}

TEST(JsonCodec, WaitsForTheRestOfAnObject) {
  JsonCodec codec((CodecLimits()));
  kv::RequestBatch batch;
  const DecodeResult result = codec.Decode(" {\"Get\":", 8, batch);
  EXPECT_EQ(result.state, DecodeState::kNeedMore);
  EXPECT_EQ(result.consumed, 1u);
  EXPECT_EQ(result.needed, 8u);
}

TEST(JsonString, WritesWhatTheReaderReads) {
  std::string text;
  for (uint32_t code_point = 0; code_point < 0x800; ++code_point)
    base::AppendUtf8(code_point, text);
  base::Buffer out;
  AppendJsonString(text, out);
  std::deque<std::string> store;
  JsonReader in(out.view(), store);
  EXPECT_EQ(in.ReadString(), text);
  EXPECT_TRUE(in.ok() && in.at_end());
}

}  // namespace
}  // namespace corelane::proto
