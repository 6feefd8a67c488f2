#include "shard/command_table.h"

#include <gtest/gtest.h>

#include <cctype>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

std::vector<Command> AllRows() {
  std::vector<Command> rows;
  for (const CommandGroup& group : CommandGroups()) {
    rows.insert(rows.end(), group.rows.begin(), group.rows.end());
  }
  return rows;
}

std::vector<Command> AllSubcommands() {
  std::vector<Command> rows;
  for (const Command& command : AllRows()) {
    if (command.subcommands == nullptr) continue;
    const std::span<const Command> more = command.subcommands();
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

void ExpectSense(const Command& command) {
  SCOPED_TRACE(command.name);
  EXPECT_NE(command.arity, 0);
  EXPECT_FALSE(command.summary.empty());
  if (command.word != TransactionWord::kNone) return;
  EXPECT_EQ(command.routing.route == Route::kKeys, command.routing.keys.first != 0);
  EXPECT_EQ(command.routing.merge == Merge::kCustom, command.merge_parts != nullptr);
  if (command.compute != nullptr) return;
  // A command that can reach several lanes must say how its replies come together.
  const bool many = command.routing.route == Route::kAllLanes || command.routing.keys.last == -1;
  EXPECT_EQ(many, command.routing.merge != Merge::kNone);
}

TEST(CommandTable, EveryWordIsFoundInAnyCase) {
  const CommandIndex index;
  for (const Command& command : AllRows()) {
    std::string upper(command.name);
    for (char& byte : upper) byte = static_cast<char>(std::toupper(byte));
    const Command* const found = index.Find(command.name);
    ASSERT_NE(found, nullptr) << command.name;
    EXPECT_EQ(found->name, command.name);
    EXPECT_EQ(index.Find(upper), found) << upper;
  }
}

TEST(CommandTable, NothingElseIsFound) {
  const CommandIndex index;
  EXPECT_EQ(index.Find(""), nullptr);
  EXPECT_EQ(index.Find("ge"), nullptr);
  EXPECT_EQ(index.Find("gett"), nullptr);
  EXPECT_EQ(index.Find(std::string("get\0", 4)), nullptr);
  EXPECT_EQ(index.Find("get                                "), nullptr);
}

TEST(CommandTable, NoByteStandsForAnother) {
  const CommandIndex index;
  for (const Command& command : AllRows()) {
    for (size_t at = 0; at < command.name.size(); ++at) {
      std::string word(command.name);
      for (int byte = 0; byte < 256; ++byte) {
        word[at] = static_cast<char>(byte);
        const Command* const found = index.Find(word);
        EXPECT_TRUE(found == nullptr || WordIs(word, found->name)) << word;
        const bool same = std::tolower(byte) == command.name[at];
        EXPECT_TRUE(!same || found == index.Find(command.name)) << word;
      }
    }
  }
}

TEST(CommandTable, RowsMakeSense) {
  for (const Command& command : AllRows()) {
    // Exactly one way to be executed; RESET goes two, COMMAND may stand alone.
    const bool by_shard = command.word != TransactionWord::kNone;
    EXPECT_NE(command.run != nullptr || command.subcommands != nullptr || by_shard,
              command.compute != nullptr)
        << command.name;
    ExpectSense(command);
  }
}

TEST(CommandTable, SubcommandsMakeSense) {
  const CommandIndex index;
  ASSERT_FALSE(AllSubcommands().empty());
  for (const Command& row : AllSubcommands()) {
    const size_t bar = row.name.find('|');
    ASSERT_NE(bar, std::string_view::npos) << row.name;
    const Command* const parent = index.Find(row.name.substr(0, bar));
    ASSERT_NE(parent, nullptr) << row.name;
    EXPECT_NE(row.run, nullptr) << row.name;
    // Both words count, so no row fits less than two.
    EXPECT_TRUE(row.arity >= 2 || row.arity <= -2) << row.name;
    ExpectSense(row);
    const std::string_view word[] = {row.name.substr(bar + 1)};
    const Command* const chosen = ChooseSubcommand(*parent, word);
    ASSERT_NE(chosen, nullptr) << row.name;
    EXPECT_EQ(chosen->name, row.name);
  }
}

}  // namespace
}  // namespace corelane::shard
