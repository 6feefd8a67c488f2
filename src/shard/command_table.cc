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
namespace {

// Eight bytes with 'A' to 'Z' among them in lower case. In each byte, without carries into the
// next: its top bit becomes set by what takes 'A', or what follows 'Z', to 128 (S. E. Anderson, Bit
// Twiddling Hacks, "Determine if a word has a byte between m and n").
constexpr uint64_t LowerCase(uint64_t bytes) {
  constexpr uint64_t kEach = 0x0101010101010101;
  const uint64_t seven_bits = bytes & (0x7f * kEach);
  const uint64_t from_a = seven_bits + (0x80 - 'A') * kEach;
  const uint64_t behind_z = seven_bits + (0x7f - 'Z') * kEach;
  const uint64_t upper = from_a & ~behind_z & ~bytes & (0x80 * kEach);
  return bytes | (upper >> 2);  // 0x20 is what 'a' has and 'A' has not
}

}  // namespace

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

// The word in lower case, in two machine words. The loads overlap instead of being as long as the
// word, which spares a call of memcpy; words of one length fold alike only if they are alike but
// for case.
inline CommandIndex::Word CommandIndex::Fold(std::string_view word) {
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
  return {LowerCase(folded.low), LowerCase(folded.high)};
}

// Multiplicative hashing (Knuth, TAOCP 6.4) with odd constants out of the golden ratio.
inline size_t CommandIndex::SlotOf(Word word) {
  const uint64_t mixed = (word.low ^ (word.high * 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
  return static_cast<size_t>(mixed >> 54) % kSlots;
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
    const Slot& candidate = slots_[slot];
    if (candidate.word == folded && candidate.command->name.size() == word.size()) {
      return candidate.command;
    }
  }
  return nullptr;
}

}  // namespace corelane::shard
