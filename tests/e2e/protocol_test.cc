// What a client sees on the wire of the real server, byte for byte: good requests, malformed ones
// whole and in pieces, endings of all kinds, long pipelines. On both back ends, with one lane and
// with several.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "protocol_fixture.h"

namespace corelane::e2e {
namespace {

class ProtocolTest : public ProtocolFixture {
 protected:
  void Start(const std::vector<std::string>& more = {}) {
    ProtocolFixture::Start({"auto", "resp"}, more);
  }
};

TEST_P(ProtocolTest, AnswersTheWorkedExample) {
  Start();
  const std::string put(
      "\x01\x08\x00\x00\x00\x0b\x00\x00\x00"
      "greeting"
      "hello world",
      9 + 8 + 11);
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(put));
  EXPECT_EQ(client.Read(5), std::string(5, '\0'));
  ASSERT_TRUE(client.SendSlowly(put));
  EXPECT_EQ(client.Read(5), std::string(5, '\0'));
  ASSERT_TRUE(client.Send(std::string("\x02\x08\x00\x00\x00\x00\x00\x00\x00greeting", 17)));
  EXPECT_EQ(client.Read(16), std::string("\x00\x0b\x00\x00\x00hello world", 16));
}

TEST_P(ProtocolTest, SpeaksVersionOne) {
  Start();
  RawClient client(server_->port());
  const std::string longest_key(1024, 'k');
  const std::string longest_value(size_t{1} << 20, 'v');
  const std::vector<std::pair<std::string, std::string>> talk = {
      {Native(kPing, ""), NativeReply(0, "PONG")},
      {Native(kGet, "a"), NativeReply(1)},
      {Native(kDelete, "a"), NativeReply(1)},
      {Native(kPut, "a", "1"), NativeReply(0)},
      {Native(kPut, "a", ""), NativeReply(0)},
      {Native(kGet, "a"), NativeReply(0)},
      {Native(kPut, "a", std::string("\0\r\n\xff", 4)), NativeReply(0)},
      {Native(kGet, "a"), NativeReply(0, std::string("\0\r\n\xff", 4))},
      {Native(kDelete, "a"), NativeReply(0)},
      {Native(kGet, "a"), NativeReply(1)},
      {Native(kPut, longest_key, longest_value), NativeReply(0)},
      {Native(kGet, longest_key), NativeReply(0, longest_value)},
  };
  for (const auto& [request, reply] : talk) {
    ASSERT_TRUE(client.Send(request));
    EXPECT_TRUE(client.ReadNative() == reply) << "request " << request.substr(0, 20);
  }
}

struct Malformed {
  const char* name;
  std::string bytes;
  std::string answer;
};

std::vector<Malformed> MalformedNative() {
  const std::string pong = NativeReply(0, "PONG");
  const std::string unknown = NativeReply(2, "unknown command");
  const std::string key = NativeReply(2, "key exceeds maximum size");
  const std::string value = NativeReply(2, "value exceeds maximum size");
  // Only headers: what they announce is refused before it is sent.
  return {
      {"zero", std::string(1, '\0'), unknown},
      {"five", "\x05", unknown},
      {"behind the last command", "\x20", unknown},
      {"garbage", "\xff\xfe\xfd", unknown},
      {"after a good one", Native(kPing, "") + "\x7f", pong + unknown},
      {"long key", std::string("\x01\x01\x04\x00\x00\x00\x00\x00\x00", 9), key},
      {"longest key", std::string("\x02\xff\xff\xff\xff\x00\x00\x00\x00", 9), key},
      {"long value", std::string("\x01\x01\x00\x00\x00\x01\x00\x10\x00", 9), value},
      {"longest value", std::string("\x01\x01\x00\x00\x00\xff\xff\xff\xff", 9), value},
      {"long both", std::string("\x01\xff\xff\xff\xff\xff\xff\xff\xff", 9), key},
  };
}

std::vector<Malformed> MalformedResp() {
  const auto error = [](const std::string& text) {
    return "-ERR Protocol error: " + text + "\r\n";
  };
  const std::string ping = Resp({"PING"});
  return {
      {"count of letters", "*abc\r\n", error("invalid multibulk length")},
      {"count too big", "*1000000000\r\n", error("invalid multibulk length")},
      {"count beyond int64", "*99999999999999999999\r\n", error("invalid multibulk length")},
      {"negative length", "*1\r\n$-5\r\n", error("invalid bulk length")},
      {"length too big", "*2\r\n$3\r\nGET\r\n$2000000000\r\n", error("invalid bulk length")},
      {"length of letters", "*1\r\n$x\r\n", error("invalid bulk length")},
      {"no length", "*1\r\nfoo\r\n", error("expected '$', got 'f'")},
      {"open quote", "SET \"a b\r\n", error("unbalanced quotes in request")},
      {"after a good one", ping + "*1\r\n$-5\r\n", "+PONG\r\n" + error("invalid bulk length")},
      {"browser", "POST / HTTP/1.1\r\n", ""},
      {"browser's second line", "Host: 127.0.0.1\r\n", ""},
  };
}

TEST_P(ProtocolTest, AnswersMalformedRequestsOnceAndCloses) {
  Start();
  for (const Malformed& one : MalformedNative()) {
    EXPECT_EQ(Answer(port(), one.bytes, false), one.answer) << one.name << ", whole";
    EXPECT_EQ(Answer(port(), one.bytes, true), one.answer) << one.name << ", in pieces";
  }
  const uint16_t resp = PortOf("resp");
  for (const Malformed& one : MalformedResp()) {
    EXPECT_EQ(Answer(resp, one.bytes, false), one.answer) << one.name << ", whole";
    EXPECT_EQ(Answer(resp, one.bytes, true), one.answer) << one.name << ", in pieces";
  }
  EXPECT_EQ(Answer(port(), "*" + std::string(70'000, '1'), false),
            "-ERR Protocol error: too big mbulk count string\r\n");
  EXPECT_EQ(Answer(resp, std::string(70'000, 'a'), false),
            "-ERR Protocol error: too big inline request\r\n");
  EXPECT_NE(server_->Errors().find("HTTP"), std::string::npos);
  RawClient other(server_->port());
  EXPECT_EQ(other.Ask(Resp({"PING"})), "+PONG\r\n");
}

TEST_P(ProtocolTest, GoesOnAfterOddButHarmlessRequests) {
  Start();
  RawClient client(PortOf("resp"));
  EXPECT_EQ(client.Ask("*0\r\n*-3\r\n\r\nPING\r\n"), "+PONG\r\n");
  EXPECT_EQ(client.Ask("NONSENSE\r\n").substr(0, 20), "-ERR unknown command");
  EXPECT_EQ(client.Ask(Resp({"SET", "key"})).substr(0, 4), "-ERR");
  EXPECT_EQ(client.Ask(Resp({"SET", std::string(1025, 'k'), "v"})),
            "-ERR key exceeds maximum size\r\n");
  EXPECT_EQ(client.Ask("PING\r\n"), "+PONG\r\n");
}

TEST_P(ProtocolTest, ExecutesNothingBehindQuit) {
  Start();
  EXPECT_EQ(
      Answer(port(), Resp({"SET", "a", "1"}) + Resp({"QUIT"}) + Resp({"SET", "a", "2"}), false),
      "+OK\r\n+OK\r\n");
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Resp({"GET", "a"})), Bulk("1"));
}

TEST_P(ProtocolTest, AnswersAClientThatClosesItsSide) {
  Start({"--output-buffer-limit=64kb"});
  constexpr int kRequests = 5'000;
  const std::string value(1000, 'v');
  std::string requests = Resp({"SET", "k", value});
  for (int i = 0; i < kRequests; ++i) requests += Resp({"GET", "k"});
  RawClient client(server_->port());
  // The server stops reading while its replies are not taken.
  std::thread sender([&] {
    EXPECT_TRUE(client.Send(requests));
    client.HalfClose();
  });
  const std::string answer = client.ReadToEnd();
  sender.join();
  ASSERT_EQ(answer.size(), 5 + kRequests * Bulk(value).size());
  EXPECT_TRUE(answer.ends_with(Bulk(value)));
  EXPECT_TRUE(client.ended());

  RawClient native(server_->port());
  ASSERT_TRUE(native.Send(Native(kPut, "n", "1") + Native(kGet, "n")));
  native.HalfClose();
  EXPECT_EQ(native.ReadToEnd(), NativeReply(0) + NativeReply(0, "1"));
}

TEST_P(ProtocolTest, ForgetsAClientThatClosesInMidMessage) {
  Start();
  const std::vector<std::string> messages = {Native(kPut, "partial", "value"),
                                             Resp({"SET", "partial", "value"})};
  RawClient observer(server_->port());
  for (const std::string& message : messages) {
    for (size_t cut = 1; cut < message.size(); ++cut) {
      RawClient client(server_->port());
      ASSERT_TRUE(client.Send(std::string_view(message).substr(0, cut)));
      if (cut % 2 == 1) client.Reset();
    }
  }
  // Once all are gone, whatever they could have left behind is there.
  EXPECT_TRUE(Eventually([&] {
    return observer.Ask(Resp({"INFO", "clients"})).find("connected_clients:1\r") !=
           std::string::npos;
  }));
  EXPECT_EQ(observer.Ask(Resp({"DBSIZE"})), ":0\r\n");
  EXPECT_EQ(observer.Ask(Resp({"GET", "partial"})), "$-1\r\n");
}

TEST_P(ProtocolTest, AnswersALongPipelineInOrder) {
  Start();
  constexpr int kRequests = 100'000;
  constexpr int kKeys = 4'000;
  std::string requests;
  std::string replies;
  std::vector<int> model(kKeys, -1);
  for (int i = 0; i < kRequests; ++i) {
    const auto key = static_cast<size_t>(i * 7 % kKeys);
    if (i % 3 == 0) {
      model[key] = i;
      requests += Resp({"SET", "k" + std::to_string(key), std::to_string(i)});
      replies += "+OK\r\n";
    } else {
      requests += Resp({"GET", "k" + std::to_string(key)});
      replies += model[key] < 0 ? "$-1\r\n" : Bulk(std::to_string(model[key]));
    }
  }
  RawClient client(server_->port());
  std::thread sender([&] { EXPECT_TRUE(client.Send(requests)); });
  const std::string answer = client.Read(replies.size());
  sender.join();
  EXPECT_TRUE(answer == replies)
      << "they differ at byte "
      << std::mismatch(answer.begin(), answer.end(), replies.begin(), replies.end()).first -
             answer.begin();
}

// Runs a shell command; what it printed, and its exit status in `status`.
std::string Shell(const std::string& command, int& status) {
  std::string output;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  char bytes[4096];
  for (size_t got = 0; (got = std::fread(bytes, 1, sizeof(bytes), pipe)) > 0;) {
    output.append(bytes, got);
  }
  status = ::pclose(pipe);
  return output;
}

TEST_P(ProtocolTest, ServesTheToolsOfRedis) {
  int status = 0;
  const std::string found = Shell("command -v redis-cli redis-benchmark", status);
  if (status != 0) GTEST_SKIP() << "redis-tools is not installed";
  Start();
  // The benchmark begins with an inline PING, which on an `auto` listener is the text protocol.
  const std::string port = " -p " + std::to_string(PortOf("resp")) + " ";
  EXPECT_EQ(Shell("redis-cli" + port + "set 'a key' 'a value'", status), "OK\n");
  EXPECT_EQ(Shell("redis-cli" + port + "get 'a key'", status), "a value\n");
  EXPECT_EQ(Shell("redis-cli -3" + port + "get nothing", status), "\n");
  EXPECT_EQ(Shell("redis-cli" + port + "incr n", status), "1\n");
  EXPECT_NE(Shell("redis-cli" + port + "info server", status).find("server_name:corelane"),
            std::string::npos);
  const std::string report =
      Shell("redis-benchmark" + port + "-t ping,set,get,incr,mset -n 1000 -P 16 -q", status);
  EXPECT_EQ(status, 0) << report;
  for (const char* const name : {"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET"}) {
    EXPECT_NE(report.find(std::string(name) + (name[0] == 'M' ? " (" : ": ")), std::string::npos)
        << report;
  }
}

INSTANTIATE_TEST_SUITE_P(BackEndsAndLanes, ProtocolTest, testing::ValuesIn(Settings({1, 4})),
                         SettingName);

}  // namespace
}  // namespace corelane::e2e
