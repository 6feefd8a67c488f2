// Runs the worked examples of PROTOCOL.md against the server's and the client's half, so that
// document and code cannot drift.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "codec_testing.h"
#include "proto/native_client.h"
#include "proto/native_codec.h"

namespace corelane::proto {
namespace {

using namespace std::string_literals;

struct Example {
  std::string title;
  bool refused = false;
  std::string request;
  std::vector<std::string> means;
  std::vector<std::vector<std::string>> answer;
  std::string reply;
};

std::string FromHex(std::string_view text) {
  std::string bytes;
  std::istringstream in{std::string(text)};
  for (std::string byte; in >> byte;) {
    EXPECT_EQ(byte.size(), 2u) << text;
    bytes.push_back(static_cast<char>(std::stoi(byte, nullptr, 16)));
  }
  return bytes;
}

// Words and "quoted words" in which \xHH is the only escape.
std::vector<std::string> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  for (size_t at = 0; at < line.size();) {
    if (line[at] == ' ') {
      ++at;
      continue;
    }
    const bool quoted = line[at] == '"';
    std::string word;
    for (at += quoted ? 1 : 0; at < line.size() && line[at] != (quoted ? '"' : ' ');) {
      if (quoted && line[at] == '\\') {
        word += FromHex(line.substr(at + 2, 2));
        at += 4;
      } else {
        word.push_back(line[at++]);
      }
    }
    at += quoted ? 1 : 0;
    words.push_back(word);
  }
  return words;
}

std::vector<Example> ReadExamples() {
  std::ifstream file(PROTOCOL_DOCUMENT);
  EXPECT_TRUE(file.is_open()) << PROTOCOL_DOCUMENT;
  std::vector<Example> examples;
  bool inside = false;
  std::string field;
  for (std::string line; std::getline(file, line);) {
    if (line == "```example" || line == "```refused") {
      examples.emplace_back().refused = line == "```refused";
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside && line[0] == '#') {
      examples.back().title = line.substr(2);
    } else if (inside) {
      if (line[0] != ' ') field = line.substr(0, line.find(' '));
      const std::string rest = line.substr(8);
      Example& example = examples.back();
      if (field == "request") example.request += FromHex(rest);
      if (field == "means") example.means = SplitWords(rest);
      if (field == "answer") example.answer.push_back(SplitWords(rest));
      if (field == "reply") example.reply += FromHex(rest);
    }
  }
  return examples;
}

void Say(const std::vector<std::string>& element, kv::ReplyWriter& out) {
  const auto number = [&](size_t index) { return std::stoll(element.at(index), nullptr, 0); };
  const std::string& kind = element.at(0);
  if (kind == "Ok") return out.Ok();
  if (kind == "Nil") return out.Nil();
  if (kind == "Integer") return out.Integer(number(1));
  if (kind == "Simple") return out.Simple(element.at(1));
  if (kind == "Bulk") return out.Bulk(element.at(1));
  if (kind == "Array") return out.Array(static_cast<size_t>(number(1)));
  if (kind == "Error") return out.Error(static_cast<StatusCode>(number(1)), element.at(2));
  ASSERT_EQ(kind, "Value");
  kv::ValueView value{.type = static_cast<kv::ValueType>(number(1)), .bytes = element.at(2)};
  if (element.size() > 3) {
    value.created_at_s = static_cast<uint32_t>(number(3));
    value.expires_at = number(4);
  }
  out.Value(value);
}

TEST(ProtocolDocument, HasAnExampleOfEveryCommand) {
  std::set<uint8_t> commands;
  for (const Example& example : ReadExamples()) {
    if (!example.refused) commands.insert(static_cast<uint8_t>(example.request.at(0)));
  }
  const std::set<uint8_t> expected = {0x01, 0x02, 0x03, 0x04, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
                                      0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};
  EXPECT_EQ(commands, expected);
}

TEST(ProtocolDocument, TheServerReadsAndAnswersTheExamples) {
  for (const Example& example : ReadExamples()) {
    if (example.refused) continue;
    for (const size_t piece : {size_t{0}, size_t{1}, size_t{7}}) {
      NativeCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, example.request, piece);
      ASSERT_EQ(seen.requests.size(), 1u) << example.title;
      EXPECT_EQ(seen.requests[0].words, example.means) << example.title;
      base::Buffer out;
      out.Append("before");
      kv::ReplyWriter& writer = codec.BeginReply(seen.requests[0].tag, kv::Session(), out);
      for (const auto& element : example.answer) Say(element, writer);
      codec.EndReply();
      EXPECT_EQ(out.view(), "before" + example.reply) << example.title;
    }
  }
}

TEST(ProtocolDocument, TheServerRefusesTheRefusedExamplesFromTheHeader) {
  size_t count = 0;
  for (const Example& example : ReadExamples()) {
    if (!example.refused) continue;
    ++count;
    for (const size_t piece : {size_t{0}, size_t{1}}) {
      NativeCodec codec((CodecLimits()));
      const Seen seen = DecodeInPieces(codec, example.request, piece);
      EXPECT_EQ(seen.state, DecodeState::kError) << example.title;
      EXPECT_TRUE(seen.requests.empty());
      EXPECT_EQ(ErrorReply(codec, seen), example.reply) << example.title;
    }
  }
  EXPECT_GE(count, 5u);
}

// The same requests, in the order of the document, written by the client.
void WriteDocument(NativeRequestWriter& client) {
  const std::string_view two_keys[] = {"a", "nobody"};
  const NativeRequestWriter::Pair pairs[] = {{"a", "one"}, {"b", ""}};
  client.Put("greeting", "hello world");
  client.Put("k", "v");
  client.Get("greeting");
  client.Get("nobody");
  client.Get("hits");
  client.Delete("greeting");
  client.Delete("nobody");
  client.Ping();
  client.PutTtl("k", 1500, "v");
  client.PutTtl("k", 1500, "v");
  client.PutTyped("n", kv::ValueType::kInteger, kNativeNoTtl, kv::ScalarBytes(int64_t{7}).view());
  client.PutTyped("n", kv::ValueType::kBoolean, kNativeNoTtl, "\x01\x01");
  client.GetTyped("n");
  client.MultiGet(two_keys);
  client.MultiPut(pairs);
  client.Contains("a");
  client.Contains("nobody");
  client.Count();
  client.List(0, 10);
  client.Stats();
  client.Increment("hits", -2);
  client.Increment("name", 1);
  client.Ttl("k");
  client.Ttl("n");
  client.Ttl("nobody");
  client.Expire("k", 250);
  client.Persist("k");
  client.MultiDelete(two_keys);
  client.Clear();
  client.Save();
}

TEST(ProtocolDocument, TheClientWritesTheExamples) {
  base::Buffer out;
  NativeRequestWriter client(out);
  WriteDocument(client);
  std::string_view rest = out.view();
  for (const Example& example : ReadExamples()) {
    if (example.refused) continue;
    ASSERT_EQ(rest.substr(0, example.request.size()), example.request) << example.title;
    rest.remove_prefix(example.request.size());
  }
  EXPECT_TRUE(rest.empty());
}

TEST(ProtocolDocument, TheClientReadsEveryReply) {
  for (const Example& example : ReadExamples()) {
    for (size_t size = 0; size < example.reply.size(); ++size) {
      const auto partial = DecodeNativeReply(std::string_view(example.reply).substr(0, size), 1024);
      EXPECT_EQ(partial.state, ReplyState::kNeedMore) << example.title;
      EXPECT_GT(partial.needed, size);
    }
    const std::string stream = example.reply + "next";
    const auto whole = DecodeNativeReply(stream, 1024);
    ASSERT_EQ(whole.state, ReplyState::kDone) << example.title;
    EXPECT_EQ(whole.consumed, example.reply.size());
    EXPECT_EQ(static_cast<char>(whole.reply.status), example.reply[0]);
    EXPECT_EQ(whole.reply.value, example.reply.substr(kNativeReplyHeaderBytes));
  }
}

}  // namespace
}  // namespace corelane::proto
