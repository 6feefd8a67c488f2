#include "shard/command_table.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
std::vector<CommandGroup> CommandGroups() {
  return {
      StringCommands(),       RangeCommands(),         CounterCommands(), LcsCommands(),
      BitCommands(),          KeyCommands(),           ExpiryCommands(),  ScanCommands(),
      DumpCommands(),         ObjectCommands(),        MemoryCommands(),  RenameCommands(),
      TransactionCommands(),  ConnectionCommands(),    ClientCommands(),  CommandCommands(),
      ConfigCommands(),       LatencyCommands(),       AdminCommands(),   AbsentCommands(),
      ServerCommands(),       InfoCommands(),          NativeCommands(),  MemcacheCommands(),
      MemcacheMetaCommands(), MemcacheStatsCommands(),
  };
}

const Command* ChooseSubcommand(const Command& command, std::span<const std::string_view> args) {
  if (args.empty()) return command.run == nullptr ? nullptr : &command;
  for (const Command& row : command.subcommands()) {
    if (WordIs(args[0], SubcommandWord(row))) return &row;
  }
  return nullptr;
}

bool ArityFits(const Command& command, size_t args) {
  const auto words = static_cast<int64_t>(args) + 1;
  const bool fits = command.arity >= 0 ? words == command.arity : words >= -command.arity;
  // Pairs come whole.
  return fits && (command.routing.keys.step != 2 || args % 2 == 0);
}

size_t LastKeyPosition(const KeyPositions& keys, size_t args) {
  return keys.last >= 0 ? static_cast<size_t>(keys.last)
                        : args + 1 - static_cast<size_t>(-keys.last);
}

CommandIndex::CommandIndex() {
  size_t count = 0;
  for (const CommandGroup& group : CommandGroups()) {
    for (const Command& command : group.rows) Insert(command);
    count += group.rows.size();
  }
  CHECK(count * 3 < kSlots);  // sparse: a probe or two
}

void CommandIndex::Insert(const Command& command) {
  CHECK(command.name.size() <= kWordBytesMax);
  const Word word = Fold(command.name);
  size_t slot = SlotOf(word);
  while (slots_[slot].command != nullptr) slot = (slot + 1) % kSlots;
  slots_[slot] = {word, &command};
}

const Command* CommandIndex::Find(std::string_view word) const {
  if (word.empty() || word.size() > kWordBytesMax) return nullptr;
  const Word folded = Fold(word);
  for (size_t slot = SlotOf(folded); slots_[slot].command != nullptr; slot = (slot + 1) % kSlots) {
    // Folding maps a few other bytes onto letters, so the hit is checked against the name itself.
    if (slots_[slot].word == folded && WordIs(word, slots_[slot].command->name)) {
      return slots_[slot].command;
    }
  }
  return nullptr;
}

// The word's bytes with bit 5 set, which makes upper-case letters lower case, in two machine words.
// The loads overlap instead of being as long as the word, which spares a call of memcpy; different
// words of one length still fold differently, and the length is folded in with them.
CommandIndex::Word CommandIndex::Fold(std::string_view word) {
  constexpr uint64_t kLowerCaseBits = 0x2020202020202020;
  const char* const begin = word.data();
  const char* const end = begin + word.size();
  Word folded;
  if (word.size() >= sizeof(uint64_t)) {
    folded.low = base::LoadLittle<uint64_t>(begin);
    folded.high = base::LoadLittle<uint64_t>(end - sizeof(uint64_t));
  } else if (word.size() >= sizeof(uint32_t)) {
    folded.low = base::LoadLittle<uint32_t>(begin);
    folded.high = base::LoadLittle<uint32_t>(end - sizeof(uint32_t));
  } else {
    folded.low = static_cast<uint8_t>(begin[0]) | uint64_t{static_cast<uint8_t>(end[-1])} << 8;
    folded.high = static_cast<uint8_t>(begin[word.size() / 2]);
  }
  folded.low |= kLowerCaseBits;
  folded.high |= kLowerCaseBits;
  folded.high ^= uint64_t{word.size()} << 56;
  return folded;
}

// Multiplicative hashing (Knuth, TAOCP 6.4) with odd constants out of the golden ratio.
size_t CommandIndex::SlotOf(Word word) {
  const uint64_t mixed = (word.low ^ (word.high * 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
  return static_cast<size_t>(mixed >> 54) % kSlots;
}

}  // namespace corelane::shard
