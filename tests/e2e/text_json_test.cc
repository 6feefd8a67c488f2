// The text and the JSON protocol on the wire of the real server, whole and in pieces, and typed
// values across all protocols. On both back ends, with one lane and with two.

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "protocol_fixture.h"

namespace corelane::e2e {
namespace {

using namespace std::string_literals;

class TextJsonTest : public ProtocolFixture {
 protected:
  // Sends `request` and expects `answer`, and nothing before it.
  static void Hears(RawClient& client, const std::string& request, const std::string& answer) {
    ASSERT_TRUE(client.Send(request));
    const std::string heard = client.Read(answer.size());
    EXPECT_TRUE(heard == answer) << request.substr(0, 100) << " hears " << heard.substr(0, 100);
  }
};

struct Exchange {
  std::string request;
  std::string answer;
};

std::string Requests(const std::vector<Exchange>& talk) {
  std::string requests;
  for (const Exchange& exchange : talk) requests += exchange.request;
  return requests;
}

std::string Answers(const std::vector<Exchange>& talk) {
  std::string answers;
  for (const Exchange& exchange : talk) answers += exchange.answer;
  return answers;
}

std::vector<Exchange> TextTalk() {
  const std::string longest_key(1024, 'k');
  return {
      {"SET key hello\n", "OK\n"},
      {"GET key\n", "String(\"hello\")\n"},
      {"\r\n  \r\n", ""},
      {"get key\r\n", "String(\"hello\")\n"},
      {" del \t key \n", "OK\n"},
      {"DEL key\n", "Key not found\n"},
      {"GET key\n", "Key not found\n"},
      {"PING\n", "Unknown command\n"},
      {"SET key\n", "Unknown command\n"},
      {"SETTYPED s String(\"a\\\"b \\n\\u{7f}\\xff\")\n", "OK\n"},
      {"GET s\n", "String(\"a\\\"b \\n\\u{7f}\\xff\")\n"},
      {"SETTYPED i Integer(10)\n", "OK\n"},
      {"INCR i\n", "Integer(11)\n"},
      {"DECR i\n", "Integer(10)\n"},
      {"GET i\n", "Integer(10)\n"},
      {"SETTYPED f Float(1.5)\n", "OK\n"},
      {"GET f\n", "Float(1.5)\n"},
      {"SETTYPED b Boolean(true)\n", "OK\n"},
      {"GET b\n", "Boolean(true)\n"},
      {"SETTYPED y Binary([1, 2, 255])\n", "OK\n"},
      {"GET y\n", "Binary([1, 2, 255])\n"},
      {"SETTYPED y Binary([256])\n", "Error: malformed value\n"},
      {"INCR s\n", "Error: value is not an integer or out of range\n"},
      {"GET " + longest_key + "\n", "Key not found\n"},
      {"GET k" + longest_key + "\n", "Error: key exceeds maximum size\n"},
      {"DEL s\nDEL i\nDEL f\nDEL b\nDEL y\n", "OK\nOK\nOK\nOK\nOK\n"},
  };
}

std::string Set(const std::string& value) { return R"({"Set":{"key":"k","value":)" + value + "}}"; }

std::vector<Exchange> JsonTalk() {
  const std::string get = R"({"Get":{"key":"k"}})";
  const std::string done = "{\"Ok\":null}\n";
  return {
      {R"({"Set":{"key":"user:1","value":"Alice"}})", done},
      {R"({"Get":{"key":"user:1"}})", "{\"Ok\":\"Alice\"}\n"},
      {"\n{ \"Remove\" : { \"key\" : \"user:1\" } }\r\n", done},
      {R"({"Remove":{"key":"user:1"}})", "{\"Err\":\"Key not found\"}\n"},
      {R"({"Get":{"key":"user:1"}})", done},
      {Set("10") + get, done + "{\"Ok\":10}\n"},
      {Set("-1.5") + " " + get, done + "{\"Ok\":-1.5}\n"},
      {Set("2.0") + get, done + "{\"Ok\":2.0}\n"},
      {Set("true") + get, done + "{\"Ok\":true}\n"},
      {Set(R"("\u00e4\n\"")") + get, done + "{\"Ok\":\"\xc3\xa4\\n\\\"\"}\n"},
      {Set(R"({"Binary":[1,2,255]})") + get, done + "{\"Ok\":{\"Binary\":[1,2,255]}}\n"},
      {Set(R"({"Integer":20})") + get, done + "{\"Ok\":20}\n"},
      {"{\"Frob\":1}", "{\"Err\":\"unknown request: expected one of Set, Get and Remove\"}\n"},
      {R"({"Get":{"key":")" + std::string(1025, 'k') + "\"}}",
       "{\"Err\":\"key exceeds maximum size\"}\n"},
      {R"({"Remove":{"key":"k"}})", done},
  };
}

TEST_P(TextJsonTest, AnswersEveryTextRequest) {
  Start({"auto", "text"});
  const std::vector<Exchange> talk = TextTalk();
  for (const uint16_t port : {PortOf("auto"), PortOf("text")}) {
    RawClient client(port);
    for (const Exchange& exchange : talk) Hears(client, exchange.request, exchange.answer);
    for (const bool slowly : {false, true}) {
      const std::string requests = Requests(talk);
      EXPECT_EQ(Answer(port, requests + "QUIT\nSET never 1\n", slowly), Answers(talk));
      EXPECT_EQ(AnswerToHalfClosed(port, requests + "SET never 1", slowly), Answers(talk));
    }
    EXPECT_EQ(Answer(port, "GET never\nQUIT\r\n", false), "Key not found\n");
  }
}

TEST_P(TextJsonTest, AnswersEveryJsonRequest) {
  Start({"auto", "json"});
  const std::vector<Exchange> talk = JsonTalk();
  const std::string never = R"({"Set":{"key":"never","value":1})";
  for (const uint16_t port : {PortOf("auto"), PortOf("json")}) {
    RawClient client(port);
    for (const Exchange& exchange : talk) Hears(client, exchange.request, exchange.answer);
    for (const bool slowly : {false, true}) {
      EXPECT_EQ(AnswerToHalfClosed(port, Requests(talk), slowly), Answers(talk));
      EXPECT_EQ(AnswerToHalfClosed(port, Requests(talk) + never, slowly), Answers(talk));
      EXPECT_EQ(AnswerToHalfClosed(port, R"({"Get":{"key":"never"}})", slowly), "{\"Ok\":null}\n");
    }
  }
  // White space in front is for a listener that need not guess.
  EXPECT_EQ(AnswerToHalfClosed(PortOf("json"), "\n {\"Get\":{\"key\":\"k\"}}", false),
            "{\"Ok\":null}\n");
  EXPECT_EQ(Answer(PortOf("auto"), " {}", false), NativeReply(2, "unknown command"));
}

TEST_P(TextJsonTest, AnswersWhatCannotBeTrustedOnceAndCloses) {
  Start({"auto", "text", "json", "resp", "native"});
  const std::string malformed = "{\"Err\":\"malformed JSON at byte ";
  const std::string not_an_object = malformed + "0: a request is an object, expected '{'\"}\n";
  const std::string unknown = "Unknown command\n";
  const std::string no_command = "-ERR Protocol error: expected '*' or an inline command\r\n";
  const std::string get_native = Native(kGet, "k");
  const std::string get_json = R"({"Get":{"key":"k"}})";
  const std::vector<std::pair<std::string, Exchange>> cases = {
      {"auto", {get_json + "x", "{\"Ok\":null}\n" + not_an_object}},
      {"auto", {get_json + "GET k\n", "{\"Ok\":null}\n" + not_an_object}},
      {"auto", {"{\"Get\":}", malformed + "7: expected a value\"}\n"}},
      {"auto",
       {"{\"Get\n", malformed + "5: a control character inside of a string must be escaped\"}\n"}},
      {"auto", {"GET k\n" + get_json, "Key not found\n" + unknown}},
      {"auto", {"GET k\n" + Resp({"GET", "k"}), "Key not found\n" + unknown}},
      {"auto", {"GET k\n" + get_native, "Key not found\n" + unknown}},
      {"auto", {Resp({"GET", "k"}) + get_json, "$-1\r\n" + no_command}},
      {"auto", {get_native + get_json, NativeReply(1) + NativeReply(2, "unknown command")}},
      {"text", {get_native, unknown}},
      {"text", {Resp({"GET", "k"}), unknown}},
      {"text", {get_json, unknown}},
      {"json", {get_native, not_an_object}},
      {"json", {Resp({"GET", "k"}), not_an_object}},
      {"json", {"GET k\n", not_an_object}},
      {"resp", {get_native, no_command}},
      {"resp", {get_json, no_command}},
      {"native", {"GET k\n", NativeReply(2, "unknown command")}},
      {"native", {get_json, NativeReply(2, "unknown command")}},
      {"auto", {"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET browser 1\n", ""}},
      {"auto", {"GET / HTTP/1.1\r\nHost: x\r\n\r\nSET browser 1\n", unknown}},
  };
  for (const auto& [scheme, exchange] : cases) {
    EXPECT_EQ(Answer(PortOf(scheme), exchange.request, false), exchange.answer)
        << scheme << " " << exchange.request;
    EXPECT_EQ(Answer(PortOf(scheme), exchange.request, true), exchange.answer)
        << scheme << " " << exchange.request << " in pieces";
  }
  EXPECT_NE(server_->Errors().find("HTTP"), std::string::npos);
  EXPECT_EQ(Answer(port(), "GET browser\nQUIT\n", false), "Key not found\n");
}

// A `text` or `json` block of PROTOCOL.md: what is sent, and what comes back.
struct Block {
  std::string scheme;
  std::string requests;
  std::string answers;
};

std::vector<Block> ReadDocument() {
  std::vector<Block> blocks;
  std::istringstream document(ReadFile(PROTOCOL_DOCUMENT));
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line == "```text" || line == "```json") {
      blocks.push_back({line.substr(3), "", ""});
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      const std::string rest = line.substr(2) + "\n";
      (line[0] == '>' ? blocks.back().requests : blocks.back().answers) += rest;
    }
  }
  return blocks;
}

TEST_P(TextJsonTest, DoesWhatTheDocumentSays) {
  Start({"text", "json"});
  const std::vector<Block> blocks = ReadDocument();
  EXPECT_GE(blocks.size(), 7u);
  for (const Block& block : blocks) {
    EXPECT_EQ(AnswerToHalfClosed(PortOf(block.scheme), block.requests, false), block.answers);
  }
}

TEST_P(TextJsonTest, LimitsALine) {
  Start({"auto"}, {"--max-value-bytes=2000"});
  RawClient client(port());
  const std::string longest(2000, 'v');
  Hears(client, "SET k " + longest + "\nSET k v" + longest + "\n",
        "OK\nError: value exceeds maximum size\n");
  EXPECT_EQ(Answer(port(), std::string(20'000, 'a'), false), "Error: line exceeds maximum size\n");
}

TEST_P(TextJsonTest, KeepsTypesAcrossProtocols) {
  Start({"auto"});
  RawClient text(port());
  RawClient resp(port());
  RawClient json(port());
  RawClient native(port());
  const std::string json_get = R"({"Get":{"key":"n"}})";
  constexpr uint8_t kGetTyped = 0x12;
  constexpr size_t kTypeAt = 5;
  constexpr size_t kBytesAt = 22;

  Hears(text, "SETTYPED n Integer(10)\n", "OK\n");
  Hears(resp, Resp({"INCR", "n"}), ":11\r\n");
  Hears(json, json_get, "{\"Ok\":11}\n");
  ASSERT_TRUE(native.Send(Native(kGetTyped, "n")));
  const std::string typed = native.ReadNative();
  ASSERT_EQ(typed.size(), kBytesAt + 8);
  EXPECT_EQ(typed[kTypeAt], 1);
  EXPECT_EQ(typed.substr(kBytesAt), "\x0b\0\0\0\0\0\0\0"s);

  // The other way: JSON names the type, everybody else reads it.
  Hears(json, R"({"Set":{"key":"n","value":{"Float":2}}})", "{\"Ok\":null}\n");
  Hears(text, "GET n\n", "Float(2.0)\n");
  Hears(resp, Resp({"GET", "n"}), Bulk("2"));

  // Bytes that are no UTF-8 came as a string, and JSON can only say them as a list.
  Hears(resp, Resp({"SET", "n", "\xff\x01"}), "+OK\r\n");
  Hears(json, json_get, "{\"Ok\":{\"Binary\":[255,1]}}\n");
  Hears(text, "GET n\n", "String(\"\\xff\\u{1}\")\n");
}

TEST_P(TextJsonTest, TakesTheLongestValueInEitherProtocol) {
  Start({"auto"});
  const std::string value((size_t{1} << 20) - 1, 'v');
  RawClient text(port());
  Hears(text, "SET big v" + value + "\nGET big\n", "OK\nString(\"v" + value + "\")\n");
  RawClient json(port());
  Hears(json, R"({"Set":{"key":"big","value":"\n)" + value + R"("}}{"Get":{"key":"big"}})",
        "{\"Ok\":null}\n{\"Ok\":\"\\n" + value + "\"}\n");
}

// One write of 100,000 requests; the replies are taken only when the server has had to stop.
TEST_P(TextJsonTest, AnswersALongPipelineInOrderWithBoundedMemory) {
  Start({"auto"}, {"--output-buffer-limit=64kb", "--output-buffer-grace=60s"});
  constexpr int kRequests = 100'000;
  std::string lines;
  std::string text_answers;
  std::string objects;
  std::string json_answers;
  for (int i = 0; i < kRequests; ++i) {
    const std::string key = "key-" + std::to_string(i % 100);
    const std::string number = std::to_string(i);
    if (i / 100 % 2 == 0) {
      lines += "SETTYPED " + key + " Integer(" + number + ")\n";
      text_answers += "OK\n";
      objects += R"({"Set":{"key":")" + key + R"(","value":)" + number + "}}";
      json_answers += "{\"Ok\":null}\n";
    } else {
      const std::string stored = std::to_string(i - 100);
      lines += "GET " + key + "\n";
      text_answers += "Integer(" + stored + ")\n";
      objects += R"({"Get":{"key":")" + key + "\"}}\n";
      json_answers += "{\"Ok\":" + stored + "}\n";
    }
  }
  const size_t resident_before = server_->ResidentBytes();
  for (const auto& [requests, answers] :
       {std::pair(lines, text_answers), std::pair(objects, json_answers)}) {
    RawClient client(port());
    std::thread sender([&client, &bytes = requests] { EXPECT_TRUE(client.Send(bytes)); });
    const std::string answer = client.Read(answers.size());
    sender.join();
    EXPECT_TRUE(answer == answers);
  }
  constexpr size_t kGrowthBytesMax = size_t{16} << 20;
  EXPECT_TRUE(kSanitized || server_->ResidentBytes() < resident_before + kGrowthBytesMax);
}

TEST_P(TextJsonTest, ForgetsAClientThatClosesInMidMessage) {
  Start({"auto"});
  const std::vector<std::string> messages = {"SET partial value\n", Set("\"partial\"")};
  RawClient observer(port());
  for (const std::string& message : messages) {
    for (size_t cut = 1; cut < message.size(); ++cut) {
      RawClient client(port());
      ASSERT_TRUE(client.Send(std::string_view(message).substr(0, cut)));
      if (cut % 2 == 1) client.Reset();
    }
  }
  EXPECT_TRUE(Eventually([&] {
    return observer.Ask(Resp({"INFO", "clients"})).find("connected_clients:1\r") !=
           std::string::npos;
  }));
  EXPECT_EQ(observer.Ask(Resp({"DBSIZE"})), ":0\r\n");
}

TEST_P(TextJsonTest, TellsAClientOverTheLimitWhy) {
  Start({"auto"}, {"--max-connections=1"});
  RawClient first(port());
  EXPECT_EQ(first.Ask(Resp({"PING"})), "+PONG\r\n");
  EXPECT_EQ(Answer(port(), "GET k\n", false), "Error: max number of clients reached\n");
  EXPECT_EQ(Answer(port(), R"({"Get":{"key":"k"}})", false),
            "{\"Err\":\"max number of clients reached\"}\n");
}

INSTANTIATE_TEST_SUITE_P(BackEndsAndLanes, TextJsonTest, testing::ValuesIn(Settings({1, 2})),
                         SettingName);

}  // namespace
}  // namespace corelane::e2e
