#pragma once

// The command table: all commands that corelane knows, and the fast way from a word to its row. The
// rows are constant and shared by all lanes; any thread.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "shard/command.h"

namespace corelane::shard {

// All groups, in the order of the documentation. Makes a list: not for the data path.
[[nodiscard]] std::vector<CommandGroup> CommandGroups();

// The row that `args` choose among the subcommands of a row that has some: the row itself when it
// may stand alone and does, null when there is no such subcommand.
[[nodiscard]] const Command* ChooseSubcommand(const Command& command,
                                              std::span<const std::string_view> args);

// Whether a row takes so many arguments (the command word not counted; a subcommand's word is one).
[[nodiscard]] inline bool ArityFits(const Command& command, size_t args) {
  const auto words = static_cast<int64_t>(args) + 1;
  const bool fits = command.arity >= 0 ? words == command.arity : words >= -command.arity;
  // Pairs come whole.
  return fits && (command.routing.keys.step != 2 || args % 2 == 0);
}
// Where the last key stands among so many arguments, counted from 1.
[[nodiscard]] inline size_t LastKeyPosition(const KeyPositions& keys, size_t args) {
  return keys.last >= 0 ? static_cast<size_t>(keys.last)
                        : args + 1 - static_cast<size_t>(-keys.last);
}

// Looks up words in any case. One for each lane.
class CommandIndex {
 public:
  CommandIndex();
  // Null when there is no such command.
  [[nodiscard]] const Command* Find(std::string_view word) const;

 private:
  static constexpr size_t kSlots = 1024;  // power of two
  static constexpr size_t kWordBytesMax = 16;

  struct Word {
    uint64_t low = 0;
    uint64_t high = 0;
    bool operator==(const Word&) const = default;
  };
  struct Slot {
    Word word;
    const Command* command = nullptr;
  };
  void Insert(const Command& command);
  [[nodiscard]] static Word Fold(std::string_view word);
  [[nodiscard]] static size_t SlotOf(Word word);

  std::array<Slot, kSlots> slots_{};
};

}  // namespace corelane::shard
