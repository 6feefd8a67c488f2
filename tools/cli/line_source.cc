#include "cli/line_source.h"

#include <histedit.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <utility>

namespace corelane::cli {
namespace {

constexpr int kHistoryLinesMax = 1'000;

// libedit takes the prompt as characters that may be written to, and never does.
char* Prompt(EditLine* /*editor*/) {
  static char prompt[] = "corelane> ";
  return prompt;
}

class TerminalSource final : public LineSource {
 public:
  explicit TerminalSource(std::string history_file)
      : history_file_(std::move(history_file)), history_(history_init()) {
    // With the answers going to a file the prompt stays on the terminal.
    FILE* const echo = ::isatty(STDOUT_FILENO) != 0 ? stdout : stderr;
    editor_.reset(el_init("corelane-cli", stdin, echo, stderr));
    HistEvent event{};
    history(history_.get(), &event, H_SETSIZE, kHistoryLinesMax);
    history(history_.get(), &event, H_SETUNIQUE, 1);
    // There is none before the first run.
    if (!history_file_.empty()) history(history_.get(), &event, H_LOAD, history_file_.c_str());
    el_set(editor_.get(), EL_PROMPT, &Prompt);
    el_set(editor_.get(), EL_EDITOR, "emacs");
    el_set(editor_.get(), EL_SIGNAL, 1);
    el_set(editor_.get(), EL_HIST, history, history_.get());
    el_source(editor_.get(), nullptr);
  }

  ~TerminalSource() override {
    HistEvent event{};
    // A history that cannot be kept is no reason to bother anybody.
    if (!history_file_.empty()) history(history_.get(), &event, H_SAVE, history_file_.c_str());
  }

  std::optional<std::string> Next() override {
    int length = 0;
    const char* const text = el_gets(editor_.get(), &length);
    if (text == nullptr || length <= 0) {
      std::cout << '\n';
      return std::nullopt;
    }
    std::string line(text, static_cast<size_t>(length));
    HistEvent event{};
    if (line.find_first_not_of(" \t\n") != std::string::npos) {
      history(history_.get(), &event, H_ENTER, line.c_str());
    }
    if (line.back() == '\n') line.pop_back();
    return line;
  }

 private:
  struct EditorEnd {
    void operator()(EditLine* editor) const { el_end(editor); }
  };
  struct HistoryEnd {
    void operator()(History* history) const { history_end(history); }
  };

  std::string history_file_;
  std::unique_ptr<History, HistoryEnd> history_;
  std::unique_ptr<EditLine, EditorEnd> editor_;
};

class PlainSource final : public LineSource {
 public:
  std::optional<std::string> Next() override {
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
  }
};

}  // namespace

std::unique_ptr<LineSource> OpenStandardInput(bool is_terminal, std::string history_file) {
  if (is_terminal) return std::make_unique<TerminalSource>(std::move(history_file));
  return std::make_unique<PlainSource>();
}

}  // namespace corelane::cli
