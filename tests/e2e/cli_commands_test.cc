// The commands of corelane-cli and how lines become words, on a server that a test scripts.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/backend.h"
#include "cli/commands.h"
#include "cli/line_source.h"
#include "cli/repl.h"
#include "cli/words.h"
#include "test_server.h"
#include "test_store.h"

namespace corelane::cli {
namespace {

class FixedLines final : public LineSource {
 public:
  explicit FixedLines(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  std::optional<std::string> Next() override {
    return next_ == lines_.size() ? std::nullopt : std::optional(lines_[next_++]);
  }
  [[nodiscard]] size_t read() const { return next_; }

 private:
  std::vector<std::string> lines_;
  size_t next_ = 0;
};

class CommandsTest : public testing::Test {
 protected:
  // What `line` prints, and how it ends.
  std::string Run(const std::string& line) {
    out_.str("");
    err_.str("");
    outcome_ = commands_.Run(SplitWords(line).value());
    return out_.str();
  }

  client::TestStore store_;
  client::TestServer server_{
      [this](client::TestConnection& connection) { store_.Serve(connection); }};
  std::unique_ptr<Backend> backend_ = ConnectBackend(server_.Options()).value();
  std::ostringstream out_;
  std::ostringstream err_;
  Commands commands_{*backend_, out_, err_};
  Outcome outcome_ = Outcome::kDone;
};

TEST_F(CommandsTest, AnImportSaysWhatFailed) {
  const std::string file = testing::TempDir() + "corelane-cli-import-" + std::to_string(::getpid());
  std::ofstream(file) << "*3\r\n$3\r\nSET\r\n$4\r\nfull\r\n$1\r\nv\r\n"
                         "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
  EXPECT_EQ(Run("import " + file + " --format=resp"), "imported 1, skipped 0 expired, failed 1\n");
  EXPECT_EQ(outcome_, Outcome::kFailed);
  EXPECT_EQ(err_.str(), "error: no room for the log\n");
  EXPECT_EQ(Run("get k"), "v\n");
  // When nothing at all goes in, the rest is not tried.
  std::ofstream all_full(file);
  for (int i = 0; i < 2'000; ++i) all_full << "*3\r\n$3\r\nSET\r\n$4\r\nfull\r\n$1\r\nv\r\n";
  all_full.close();
  const size_t before = store_.executed();
  EXPECT_EQ(Run("import " + file + " --format=resp"),
            "imported 0, skipped 0 expired, failed 2000\n");
  EXPECT_LT(store_.executed(), before + 1'000);
  std::filesystem::remove(file);
}

TEST_F(CommandsTest, TheWordsOfTheRepl) {
  EXPECT_EQ(Run("get k"), "(nil)\n");
  EXPECT_EQ(outcome_, Outcome::kNotFound);
  EXPECT_EQ(Run("put k v"), "OK\n");
  EXPECT_EQ(outcome_, Outcome::kDone);
  EXPECT_EQ(Run("get k"), "v\n");
  EXPECT_EQ(Run("put k 'a value with blanks'"), "OK\n");
  EXPECT_EQ(Run("GET k"), "a value with blanks\n");
  EXPECT_EQ(Run("count"), "1\n");
  EXPECT_EQ(Run("del k"), "(1)\n");
  EXPECT_EQ(outcome_, Outcome::kDone);
  EXPECT_EQ(Run("del k"), "(0)\n");
  EXPECT_EQ(outcome_, Outcome::kNotFound);
  EXPECT_EQ(Run("stats"), "entries: 0\ndata bytes: 12\ncapacity: 448\nload factor: 0.25\n");
  EXPECT_EQ(Run("ping"), "PONG\n");
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CommandsTest, AnythingElsePrintsTheListOfCommands) {
  for (const char* line :
       {"help", "foo bar", "get", "get a b", "put k", "put a b c d e", "count 1"}) {
    EXPECT_EQ(Run(line), Commands::UsageList()) << line;
    EXPECT_EQ(outcome_, Outcome::kUsage) << line;
  }
  EXPECT_NE(Commands::UsageList().find("put KEY VALUE"), std::string::npos);
  EXPECT_EQ(store_.executed(), 0u);
}

TEST_F(CommandsTest, NumbersAndTimes) {
  EXPECT_EQ(Run("incr n"), "1\n");
  EXPECT_EQ(Run("incr n -11"), "-10\n");
  EXPECT_EQ(Run("ttl n"), "(none)\n");
  EXPECT_EQ(Run("expire n 2.5"), "(1)\n");
  EXPECT_EQ(Run("ttl n"), "2.500\n");
  EXPECT_EQ(Run("put n v ttl 60"), "OK\n");
  EXPECT_EQ(Run("ttl n"), "60\n");
  EXPECT_EQ(Run("ttl nobody"), "(nil)\n");
  EXPECT_EQ(outcome_, Outcome::kNotFound);
  EXPECT_EQ(Run("expire nobody 1"), "(0)\n");
  EXPECT_EQ(outcome_, Outcome::kNotFound);
}

TEST_F(CommandsTest, BadArgumentsAreNamed) {
  for (const char* line : {"incr n x", "incr n 1.5", "expire k soon", "expire k -1", "expire k nan",
                           "put k v ttl", "put k v for 5", "put k v ttl x"}) {
    EXPECT_EQ(Run(line), "") << line;
    EXPECT_EQ(outcome_, Outcome::kUsage) << line;
    EXPECT_TRUE(err_.str().starts_with("error: ")) << line;
  }
  EXPECT_EQ(store_.executed(), 0u);
}

TEST_F(CommandsTest, ErrorsOfTheServerAreOneLine) {
  EXPECT_EQ(Run("put full v"), "");
  EXPECT_EQ(outcome_, Outcome::kFailed);
  EXPECT_EQ(err_.str(), "error: no room for the log\n");
}

TEST_F(CommandsTest, ListsMoreThanAPage) {
  std::string expected;
  for (int i = 1'000; i < 2'500; ++i) {
    ASSERT_TRUE(backend_->Put("key" + std::to_string(i), "v", std::nullopt).ok());
    expected += "key" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(Run("list"), expected);
}

TEST_F(CommandsTest, ReplEndsWithQuitExitOrTheInput) {
  for (const char* farewell : {"quit", "exit", " EXIT "}) {
    FixedLines lines({"put k v", "", "  ", "get \"k", farewell, "del k"});
    out_.str("");
    err_.str("");
    EXPECT_EQ(RunRepl(lines, commands_, out_, err_), Outcome::kDone);
    EXPECT_EQ(out_.str(), "OK\n");
    EXPECT_EQ(err_.str(), "error: a quote is not closed\n");
    EXPECT_EQ(lines.read(), 5u);
  }
  FixedLines lines({"get k", "put full v"});
  EXPECT_EQ(RunRepl(lines, commands_, out_, err_), Outcome::kFailed);
}

TEST(WordsTest, QuotesAndEscapes) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(SplitWords("").value(), Words{});
  EXPECT_EQ(SplitWords("  a\tb  ").value(), (Words{"a", "b"}));
  EXPECT_EQ(SplitWords("put k \"a b\" 'c d'").value(), (Words{"put", "k", "a b", "c d"}));
  EXPECT_EQ(SplitWords("'' \"\"").value(), (Words{"", ""}));
  EXPECT_EQ(SplitWords("a'b'\"c\"d").value(), (Words{"abcd"}));
  EXPECT_EQ(SplitWords(R"("a\"b" 'a\b' a\ b \\)").value(), (Words{"a\"b", "a\\b", "a b", "\\"}));
  EXPECT_EQ(SplitWords(R"("\n\r\t\x41\xzz")").value(), (Words{"\n\r\tAxzz"}));
  EXPECT_EQ(SplitWords(R"("\0")").value(), (Words{std::string(1, '\0')}));
  for (const char* line : {"'a", "\"a", "a\\", "\"a\\", "\"a\\\""}) {
    EXPECT_EQ(SplitWords(line).code(), StatusCode::kBadArgument) << line;
  }
}

}  // namespace
}  // namespace corelane::cli
