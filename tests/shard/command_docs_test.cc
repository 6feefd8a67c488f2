// README's table of commands is made from the command table. When they differ, `tools/dev docs`
// writes it anew.

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/command_table.h"

namespace corelane::shard {
namespace {

constexpr std::string_view kBegin = "<!-- commands: begin, made by tools/dev docs -->\n";
constexpr std::string_view kEnd = "<!-- commands: end -->\n";

// "client|no-evict" -> "CLIENT NO-EVICT"
std::string Title(std::string_view name) {
  std::string title(name);
  for (char& byte : title) {
    byte = byte == '|' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
  }
  return title;
}

// A bar would end the cell.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char byte : text) {
    if (byte == '|') cell += '\\';
    cell += byte;
  }
  return cell;
}

std::string_view OverLanes(const Command& command) {
  if (command.word == TransactionWord::kExec) return "atomic";
  switch (command.routing.route) {
    case Route::kHere:
      return "";
    case Route::kCursor:
      return "lane after lane";
    case Route::kAllLanes:
      if (!command.TouchesData()) return "";
      return command.Is(kWrites) ? "atomic" : "each lane by itself";
    case Route::kKeys:
      break;
  }
  if (command.routing.keys.last == command.routing.keys.first) return "";
  if (command.Is(kPerKey)) return "key by key";
  return command.Is(kWrites) || command.compute != nullptr ? "atomic" : "sees transactions whole";
}

void AppendRow(const Command& command, std::string& text) {
  absl::StrAppend(&text, "| `", Title(command.name), "` | ", Cell(command.summary), " | ",
                  base::ToAbsl(OverLanes(command)), " | ",
                  command.differs.empty() ? "complete" : Cell(command.differs), " |\n");
}

std::string Table() {
  std::string text = "| command | | over several lanes | state |\n|---|---|---|---|\n";
  for (const CommandGroup& group : CommandGroups()) {
    for (const Command& command : group.rows) {
      if (command.Is(kInternal)) continue;
      if (command.subcommands == nullptr || command.run != nullptr) AppendRow(command, text);
      if (command.subcommands == nullptr) continue;
      for (const Command& row : command.subcommands()) AppendRow(row, text);
    }
  }
  return text;
}

TEST(CommandDocs, ReadmeListsEveryCommandWithItsState) {
  const std::string path = std::string(SOURCE_ROOT) + "/README.md";
  std::ostringstream all;
  all << std::ifstream(path).rdbuf();
  const std::string readme = all.str();
  const size_t begin = readme.find(kBegin);
  const size_t end = readme.find(kEnd);
  ASSERT_NE(begin, std::string::npos) << path;
  ASSERT_NE(end, std::string::npos) << path;
  const size_t table = begin + kBegin.size();
  const std::string wanted = Table();
  if (std::getenv("CORELANE_WRITE_DOCS") != nullptr) {
    std::ofstream(path) << readme.substr(0, table) << wanted << readme.substr(end);
    return;
  }
  EXPECT_TRUE(readme.substr(table, end - table) == wanted)
      << "README's table of commands is not the command table any more: tools/dev docs";
}

}  // namespace
}  // namespace corelane::shard
