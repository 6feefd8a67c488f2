#pragma once

// LineSource: where the REPL's lines come from. At a terminal: a prompt, line editing and a history
// that is kept from run to run. From a file or a pipe: the lines, and nothing is printed. Owned by
// main; one thread.

#include <memory>
#include <optional>
#include <string>

namespace corelane::cli {

class LineSource {
 public:
  virtual ~LineSource() = default;
  // The next line without its end; nothing at the end of the input.
  [[nodiscard]] virtual std::optional<std::string> Next() = 0;
};

// Standard input with line editing if it is a terminal, plain otherwise. `history_file` may be
// empty: then none is kept.
[[nodiscard]] std::unique_ptr<LineSource> OpenStandardInput(bool is_terminal,
                                                            std::string history_file);

}  // namespace corelane::cli
