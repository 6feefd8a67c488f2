#include "cli/repl.h"

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "base/absl_view.h"
#include "cli/words.h"

namespace corelane::cli {
namespace {

bool IsFarewell(const std::vector<std::string>& words) {
  if (words.size() != 1) return false;
  const auto word = base::ToAbsl(words[0]);
  return absl::EqualsIgnoreCase(word, "quit") || absl::EqualsIgnoreCase(word, "exit");
}

}  // namespace

Outcome RunRepl(LineSource& lines, Commands& commands, std::ostream& out, std::ostream& err) {
  Outcome outcome = Outcome::kDone;
  while (const std::optional<std::string> line = lines.Next()) {
    const Result<std::vector<std::string>> words = SplitWords(*line);
    if (!words.ok()) {
      err << "error: " << words.status().message() << '\n';
      continue;
    }
    if (words->empty()) continue;
    if (IsFarewell(*words)) break;
    if (commands.Run(*words) == Outcome::kFailed) outcome = Outcome::kFailed;
    // Whoever reads us over a pipe waits for the answer before sending the next line.
    out.flush();
  }
  return outcome;
}

}  // namespace corelane::cli
