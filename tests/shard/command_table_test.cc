#include "shard/command_table.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

namespace corelane::shard {
namespace {

std::vector<Command> AllRows() {
  std::vector<Command> rows;
  for (const CommandGroup& group : CommandGroups()) {
    rows.insert(rows.end(), group.rows.begin(), group.rows.end());
  }
  return rows;
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
  // Bytes that folding maps onto the letters of a word.
  EXPECT_EQ(index.Find("cl\x0eput"), nullptr);
}

TEST(CommandTable, RowsMakeSense) {
  for (const Command& command : AllRows()) {
    SCOPED_TRACE(command.name);
    EXPECT_NE(command.run, nullptr);
    EXPECT_NE(command.arity, 0);
    EXPECT_FALSE(command.summary.empty());
    EXPECT_EQ(command.routing.route == Route::kKeys, command.routing.keys.first != 0);
    EXPECT_EQ(command.routing.merge == Merge::kCustom, command.merge_parts != nullptr);
    // A command that can reach several lanes must say how its replies come together.
    const bool many = command.routing.route == Route::kAllLanes || command.routing.keys.last == -1;
    EXPECT_EQ(many, command.routing.merge != Merge::kNone);
  }
}

}  // namespace
}  // namespace corelane::shard
