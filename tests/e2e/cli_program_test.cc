// corelane-cli as a program: its exit codes, its two outputs, and the prompt that it shows to a
// terminal only. The path of the program comes in the environment variable CORELANE_CLI.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "test_server.h"
#include "test_store.h"

namespace corelane::cli {
namespace {

struct Ended {
  int exit_code = -1;
  std::string out;
  std::string err;
};

std::string ReadFile(const std::string& name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

[[noreturn]] void Execute(std::vector<std::string> arguments) {
  const char* program = std::getenv("CORELANE_CLI");
  arguments.insert(arguments.begin(), "corelane-cli");
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  if (program != nullptr) ::execv(program, pointers.data());
  ::_exit(127);
}

int WaitFor(pid_t child) {
  int state = 0;
  if (::waitpid(child, &state, 0) != child) return -1;
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(std::getenv("CORELANE_CLI"), nullptr) << "run this through meson test";
    std::string name = testing::TempDir() + "corelane-cli-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::vector<std::string> WithPort(std::vector<std::string> words) const {
    words.insert(words.begin(), {"--port", std::to_string(server_.port())});
    return words;
  }

  // Runs the program with `input` on its standard input. Files take what it prints, so that nothing
  // can block.
  Ended Run(const std::vector<std::string>& arguments, const std::string& input = "") {
    const std::string in_name = directory_ + "/in";
    const std::string out_name = directory_ + "/out";
    const std::string err_name = directory_ + "/err";
    std::ofstream(in_name) << input;
    const pid_t child = ::fork();
    if (child == 0) {
      constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
      ::dup2(::open(in_name.c_str(), O_RDONLY), STDIN_FILENO);
      ::dup2(::open(out_name.c_str(), kFlags, 0600), STDOUT_FILENO);
      ::dup2(::open(err_name.c_str(), kFlags, 0600), STDERR_FILENO);
      Execute(arguments);
    }
    Ended ended;
    ended.exit_code = WaitFor(child);
    ended.out = ReadFile(out_name);
    ended.err = ReadFile(err_name);
    return ended;
  }

  std::string directory_;
  client::TestStore store_;
  client::TestServer server_{
      [this](client::TestConnection& connection) { store_.Serve(connection); }};
};

TEST_F(ProgramTest, OneShot) {
  Ended ended = Run(WithPort({"put", "k", "hello world"}));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "OK\n");
  ended = Run(WithPort({"get", "k"}));
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.out, "hello world\n");
  ended = Run(WithPort({"get", "nobody"}));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.out, "(nil)\n");
  // Data may look like flags.
  EXPECT_EQ(Run(WithPort({"put", "-5", "--port"})).out, "OK\n");
  EXPECT_EQ(Run(WithPort({"get", "-5"})).out, "--port\n");
  ended = Run(WithPort({"put", "full", "v"}));
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(ended.err, "error: no room for the log\n");
}

TEST_F(ProgramTest, ExportAndImportThroughPipes) {
  EXPECT_EQ(Run(WithPort({"put", "k", "a b"})).exit_code, 0);
  const Ended exported = Run(WithPort({"export", "-", "--format=zigkv001"}));
  EXPECT_EQ(exported.exit_code, 0);
  EXPECT_EQ(exported.err, "exported 1\n");
  EXPECT_TRUE(exported.out.starts_with("ZIGKV001")) << exported.out;
  const std::string store = directory_ + "/store";
  Ended imported = Run({"--embedded", store, "import", "-", "--format=zigkv001"}, exported.out);
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(imported.out, "imported 1, skipped 0 expired, failed 0\n");
  EXPECT_EQ(Run({"--embedded", store, "get", "k"}).out, "a b\n");
  imported = Run({"--embedded", store, "import", "-", "--format=zigkv001"},
                 exported.out.substr(0, exported.out.size() - 1));
  EXPECT_EQ(imported.exit_code, 1);
  EXPECT_EQ(imported.out, "");
  EXPECT_TRUE(imported.err.starts_with("error: invalid snapshot: ")) << imported.err;
}

TEST_F(ProgramTest, WrongUsage) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--no-such-flag"},
                                             {"--port", "0"},
                                             {"--port", "65536"},
                                             {"--port", "x"},
                                             {"--timeout-ms"},
                                             {"--embedded", ""},
                                             {"--embedded", "d", "--host", "h"}}) {
    const Ended ended = Run(arguments);
    EXPECT_EQ(ended.exit_code, 2) << arguments[0];
    EXPECT_EQ(ended.out, "") << arguments[0];
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  }
  EXPECT_EQ(Run(WithPort({"nonsense"})).exit_code, 2);
  EXPECT_EQ(Run({"--help"}).exit_code, 0);
  EXPECT_EQ(Run({"--version"}).exit_code, 0);
  EXPECT_TRUE(Run({"--version"}).out.starts_with("corelane-cli "));
}

TEST_F(ProgramTest, NobodyThere) {
  const std::string port = std::to_string(client::UnusedPort());
  const Ended ended = Run({"--port", port, "get", "k"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(ended.err, "corelane-cli: cannot connect to 127.0.0.1:" + port +
                           ": Connection refused; is corelane-server running?\n");
}

TEST_F(ProgramTest, LinesFromAPipeHaveNoPrompt) {
  const Ended ended =
      Run(WithPort({}), "put k \"a b\"\nget k\nget nobody\ndel k\ndel k\ncount\nquit\nget k\n");
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.out, "OK\na b\n(nil)\n(1)\n(0)\n0\n");
  EXPECT_EQ(ended.err, "");
}

TEST_F(ProgramTest, AnEmbeddedStoreKeepsWhatItWasGiven) {
  const std::string store = directory_ + "/store";
  EXPECT_EQ(Run({"--embedded", store, "put", "k", "v"}).out, "OK\n");
  EXPECT_EQ(Run({"--embedded", store, "get", "k"}).out, "v\n");
  EXPECT_EQ(Run({"--embedded", store}, "count\nlist\ndel k\nget k\n").out, "1\nk\n(1)\n(nil)\n");
  EXPECT_EQ(Run({"--embedded", store, "get", "k"}).exit_code, 1);
  EXPECT_EQ(Run({"--embedded", "/proc/no-such-place", "count"}).exit_code, 3);
}

TEST_F(ProgramTest, ATerminalHasAPromptLineEditingAndAHistory) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::setenv("HOME", directory_.c_str(), 1);
    ::setenv("TERM", "dumb", 1);
    Execute(WithPort({}));
  }
  ASSERT_GT(child, 0);
  // Each line goes out when the prompt for it has come.
  const std::vector<std::string> lines = {
      "put k typX\x7f"
      "ed\r",
      "get k\r", "quit\r"};
  std::string seen;
  size_t sent = 0;
  size_t looked_at = 0;
  for (char piece[4096];;) {
    const ssize_t count = ::read(terminal, piece, sizeof(piece));
    if (count <= 0) break;
    seen.append(piece, static_cast<size_t>(count));
    const size_t prompt = seen.find("corelane> ", looked_at);
    if (prompt == std::string::npos || sent == lines.size()) continue;
    looked_at = seen.size();
    ASSERT_GT(::write(terminal, lines[sent].data(), lines[sent].size()), 0);
    ++sent;
  }
  EXPECT_EQ(WaitFor(child), 0) << seen;
  (void)::close(terminal);
  EXPECT_NE(seen.find("OK"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\ntyped"), std::string::npos) << seen;
  const std::string history = ReadFile(directory_ + "/.corelane_history");
  EXPECT_NE(history.find("typed"), std::string::npos) << history;
}

}  // namespace
}  // namespace corelane::cli
