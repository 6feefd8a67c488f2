// Recorded commands in virtual time: which of them a server gets, in what order, and how they are
// counted.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/recorded_commands.h"
#include "simulated_network.h"
#include "worker_run.h"

namespace corelane::loadgen {
namespace {

constexpr int64_t kServiceNanos = 2'000'000;
constexpr int64_t kSecond = 1'000'000'000;

// Remembers what it was asked.
class Listener final : public Script {
 public:
  Answer AnswerTo(uint64_t /*number*/, int64_t now_ns) override {
    return {.at_ns = now_ns + kServiceNanos};
  }
  Answer AnswerTo(uint64_t number, int64_t now_ns, const kv::Request& request) override {
    Answer answer = AnswerTo(number, now_ns);
    std::string& line = heard.emplace_back(request.command);
    for (const std::string_view arg : request.args) line.append(" ").append(arg);
    if (request.command == "WRONG") answer.bytes = "-ERR unknown command\r\n";
    if (request.command == "KEYS") answer.bytes = "*2\r\n$1\r\na\r\n:5\r\n";
    return answer;
  }

  std::vector<std::string> heard;
};

LoadOptions Options(const std::string& text) {
  LoadOptions options;
  options.targets = {Target{.protocol = WireProtocol::kResp2, .endpoint = {"simulated", 1}}};
  options.connections = 3;
  auto commands = RecordedCommands::Parse(text);
  EXPECT_TRUE(commands.ok()) << commands.status().message();
  options.replay = std::make_shared<const RecordedCommands>(std::move(*commands));
  options.operations = options.replay->size();
  options.spin_ns = 0;
  return options;
}

// "INCRBY n 0", "INCRBY n 1", ...
std::string Numbered(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "INCRBY n " + std::to_string(i) + "\n";
  return text;
}

std::string Line(size_t number) { return "INCRBY n " + std::to_string(number); }

TEST(Replay, OnceThroughIsEachCommandInItsOrder) {
  Listener server;
  WorkerRun run(Options(Numbered(1000)), server);
  ASSERT_TRUE(run.worker().status().ok());
  ASSERT_EQ(server.heard.size(), 1000U);
  for (size_t i = 0; i < server.heard.size(); ++i) ASSERT_EQ(server.heard[i], Line(i));
  EXPECT_EQ(run.total().answered(), 1000U);
  const auto& replayed = run.worker().figures().by_kind[static_cast<size_t>(OpKind::kReplay)];
  ASSERT_NE(replayed, nullptr);
  EXPECT_EQ(replayed->answered(), 1000U);
  EXPECT_EQ(replayed->hits + replayed->misses, 0U);
}

TEST(Replay, GoesRoundAndRoundForAsLongAsItIsTold) {
  Listener server;
  LoadOptions options = Options(Numbered(7));
  options.operations = 0;
  options.duration_ns = kSecond;
  WorkerRun run(options, server);
  // Three connections, each 500 times a second.
  EXPECT_NEAR(static_cast<double>(run.total().answered()), 1500, 10);
  for (size_t i = 0; i < server.heard.size(); ++i) ASSERT_EQ(server.heard[i], Line(i % 7));
}

TEST(Replay, AnOpenLoopSendsThemWhenTheyAreDue) {
  Listener server;
  LoadOptions options = Options(Numbered(50));
  options.spacing = Spacing::kConstant;
  options.rate = {{100, 100, 3600 * kSecond}};
  WorkerRun run(options, server);
  ASSERT_EQ(server.heard.size(), 50U);
  for (size_t i = 0; i < server.heard.size(); ++i) ASSERT_EQ(server.heard[i], Line(i));
  EXPECT_NEAR(static_cast<double>(run.worker().measured_ns()), 0.5e9, 0.02e9);
  EXPECT_EQ(run.total().response_ns.count(), 50U);
}

TEST(Replay, AnyReplyIsAnAnswerAndAnErrorIsNot) {
  Listener server;
  WorkerRun run(Options("GET a\nKEYS *\nWRONG\nSET a \"b c\"\nWRONG\n"), server);
  EXPECT_EQ(run.total().answered(), 3U);
  EXPECT_EQ(run.total().errors, 2U);
  EXPECT_EQ(run.worker().figures().first_error, "ERR unknown command");
  EXPECT_EQ(server.heard,
            (std::vector<std::string>{"GET a", "KEYS *", "WRONG", "SET a b c", "WRONG"}));
}

// Each thread takes every third command; together they take each of them once a round.
TEST(Replay, ThreadsDealThemOutAmongThemselves) {
  LoadOptions options = Options(Numbered(100));
  options.threads = 3;
  std::vector<int> times(100, 0);
  for (uint32_t thread = 0; thread < options.threads; ++thread) {
    Listener server;
    WorkerRun run(options, server, thread);
    ASSERT_FALSE(server.heard.empty());
    for (size_t i = 0; i < server.heard.size(); ++i) {
      const size_t number = thread + 3 * i;
      ASSERT_EQ(server.heard[i], Line(number));
      ++times[number];
    }
  }
  EXPECT_EQ(times, std::vector<int>(100, 1));
}

}  // namespace
}  // namespace corelane::loadgen
