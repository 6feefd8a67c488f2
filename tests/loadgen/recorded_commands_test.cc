#include "loadgen/recorded_commands.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/random.h"
#include "proto/resp_client.h"

namespace corelane::loadgen {
namespace {

using namespace std::string_view_literals;

std::string Command(std::initializer_list<std::string_view> words) {
  base::Buffer out;
  proto::WriteRespCommand(words, out);
  return std::string(out.view());
}

TEST(RecordedCommandsTest, OneCommandALine) {
  const auto commands = RecordedCommands::Parse(
      "# a comment\n"
      "GET key\r\n"
      "\n"
      "  SET   \"a \\\"b\\\"\\x00\\n\"\t''  \n"
      "PING");
  ASSERT_TRUE(commands.ok()) << commands.status().ToString();
  ASSERT_EQ(commands->size(), 3u);
  EXPECT_EQ(commands->Encoded(0), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  EXPECT_EQ(commands->Encoded(1), Command({"SET", "a \"b\"\0\n"sv, ""}));
  EXPECT_EQ(commands->Encoded(2), Command({"PING"}));
  EXPECT_EQ(commands->Name(0), "GET");
  EXPECT_EQ(commands->Name(1), "SET");
  EXPECT_EQ(commands->Name(2), "PING");
}

TEST(RecordedCommandsTest, LinesOfMonitor) {
  const auto commands = RecordedCommands::Parse(
      "OK\n"
      "1339518083.107412 [0 127.0.0.1:60866] \"set\" \"x\" \"1\\xff\"\n"
      "1339518083.2 [15 [::1]:60866] \"get\" \"] \\\"x\"\n"
      "1339518083.3 [0 unix:/run/a b.sock] \"eval\" \"return redis.call('get','x')\" \"0\"\n"
      "1339518083.4 [0 lua] \"get\" \"x\"\n"
      "+1339518083.5 [0 127.0.0.1:60866] \"ping\"\r\n");
  ASSERT_TRUE(commands.ok()) << commands.status().ToString();
  ASSERT_EQ(commands->size(), 4u);
  EXPECT_EQ(commands->Encoded(0), Command({"set", "x", "1\xff"}));
  EXPECT_EQ(commands->Encoded(1), Command({"get", "] \"x"}));
  EXPECT_EQ(commands->Encoded(2), Command({"eval", "return redis.call('get','x')", "0"}));
  EXPECT_EQ(commands->Encoded(3), Command({"ping"}));
}

TEST(RecordedCommandsTest, NumbersAndBracketsAreNoMonitorLineByThemselves) {
  const auto commands = RecordedCommands::Parse("12 x\nget [0\n");
  ASSERT_TRUE(commands.ok());
  EXPECT_EQ(commands->Encoded(0), Command({"12", "x"}));
  EXPECT_EQ(commands->Encoded(1), Command({"get", "[0"}));
}

TEST(RecordedCommandsTest, ErrorsNameTheLine) {
  const auto message = [](std::string_view text) {
    const auto commands = RecordedCommands::Parse(text);
    EXPECT_EQ(commands.code(), StatusCode::kBadArgument);
    return commands.status().message();
  };
  EXPECT_NE(message("get a\n\nget \"b\n").find("line 3: a quote"), std::string::npos);
  EXPECT_NE(message("get \"b\"c\n").find("line 1: a quote"), std::string::npos);
  EXPECT_NE(message("ping\n1.5 [0 1:2] get\n").find("line 2: it begins as one of MONITOR"),
            std::string::npos);
  EXPECT_NE(message("").find("not one"), std::string::npos);
  EXPECT_NE(message("# nothing\n\n").find("not one"), std::string::npos);
}

TEST(RecordedCommandsTest, WhatHasNotOneReplyIsRefused) {
  for (const std::string_view line :
       {"MONITOR", "subscribe a", "PSubscribe a*", "quit", "SHUTDOWN", "client REPLY off"}) {
    const auto commands = RecordedCommands::Parse("ping\n" + std::string(line) + "\n");
    ASSERT_FALSE(commands.ok()) << line;
    EXPECT_NE(commands.status().message().find("line 2"), std::string::npos);
  }
  EXPECT_TRUE(RecordedCommands::Parse("client info\n").ok());
  EXPECT_TRUE(RecordedCommands::Parse("subscriber\n").ok());
}

// Whatever comes: either an error, or commands that RESP's own reader takes.
TEST(RecordedCommandsTest, AnyBytesAreParsedOrRefused) {
  constexpr std::string_view kLetters = "a\"\\x0'[] .1\n\r#O";
  base::Random random(1);
  size_t parsed = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = random.OneIn(2) ? "1.5 [0 x] \"" : "";
    for (uint64_t left = random.Uniform(20); left != 0; --left) {
      text += kLetters[random.Uniform(kLetters.size())];
    }
    const auto commands = RecordedCommands::Parse(text);
    for (size_t at = 0; commands.ok() && at < commands->size(); ++at) {
      size_t bytes = 0;
      proto::RespReplyScanner scanner;
      ASSERT_EQ(scanner.Next(commands->Encoded(at), bytes), proto::ReplyState::kDone) << text;
      ASSERT_EQ(bytes, commands->Encoded(at).size());
      ++parsed;
    }
  }
  EXPECT_GT(parsed, 1000u);
}

TEST(RecordedCommandsTest, ManyCommandsStayInOrder) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "set key:" + std::to_string(i) + " v\n";
  const auto commands = RecordedCommands::Parse(text);
  ASSERT_TRUE(commands.ok());
  ASSERT_EQ(commands->size(), 10'000u);
  for (size_t i = 0; i < commands->size(); i += 99) {
    EXPECT_EQ(commands->Encoded(i), Command({"set", "key:" + std::to_string(i), "v"}));
  }
}

}  // namespace
}  // namespace corelane::loadgen
