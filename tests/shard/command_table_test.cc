#include "shard/command_table.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace corelane::shard {
namespace {

TEST(CommandTable, EveryWordIsFoundInAnyCase) {
  const CommandIndex index;
  for (const Command& command : AllCommands()) {
    std::string upper(command.name);
    for (char& byte : upper) byte = static_cast<char>(std::toupper(byte));
    EXPECT_EQ(index.Find(command.name), &command);
    EXPECT_EQ(index.Find(upper), &command) << upper;
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
  for (const Command& command : AllCommands()) {
    SCOPED_TRACE(command.name);
    EXPECT_NE(command.run, nullptr);
    EXPECT_NE(command.arity, 0);
    EXPECT_FALSE(command.summary.empty());
    EXPECT_FALSE(command.group.empty());
    EXPECT_EQ(command.route == Route::kKeys, command.keys.first != 0);
    EXPECT_EQ(command.merge == Merge::kCustom, command.merge_parts != nullptr);
    // A command that can reach several lanes must say how its replies come together.
    const bool many = command.route == Route::kAllLanes || command.keys.last == -1;
    EXPECT_EQ(many, command.merge != Merge::kNone);
  }
}

}  // namespace
}  // namespace corelane::shard
