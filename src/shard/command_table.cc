#include "shard/command_table.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/check.h"
#include "shard/commands.h"

namespace corelane::shard {
namespace {

constexpr KeyPositions kNoKeys = {0, 0, 0};
constexpr KeyPositions kOneKey = {1, 1, 1};
constexpr KeyPositions kAllKeys = {1, -1, 1};
constexpr KeyPositions kPairs = {1, -1, 2};

// name, arity, flags, route, keys, merge, run, merge_parts, group, summary
constexpr Command kCommands[] = {
    {"get", 2, kReads, Route::kKeys, kOneKey, Merge::kNone, RunGet, nullptr, "string",
     "Returns the string value of a key."},
    {"set", -3, kWrites, Route::kKeys, kOneKey, Merge::kNone, RunSet, nullptr, "string",
     "Sets the string value of a key, with NX, XX, GET, EX, PX, EXAT, PXAT and KEEPTTL."},
    {"mget", -2, kReads, Route::kKeys, kAllKeys, Merge::kInOrder, RunMget, nullptr, "string",
     "Returns the string values of several keys."},
    {"mset", -3, kWrites, Route::kKeys, kPairs, Merge::kAllOk, RunMset, nullptr, "string",
     "Sets the string values of several keys."},
    {"incr", 2, kWrites, Route::kKeys, kOneKey, Merge::kNone, RunIncr, nullptr, "string",
     "Adds one to the integer value of a key; an absent key counts as 0."},
    {"decr", 2, kWrites, Route::kKeys, kOneKey, Merge::kNone, RunDecr, nullptr, "string",
     "Takes one from the integer value of a key; an absent key counts as 0."},
    {"incrby", 3, kWrites, Route::kKeys, kOneKey, Merge::kNone, RunIncrBy, nullptr, "string",
     "Adds a number to the integer value of a key."},
    {"decrby", 3, kWrites, Route::kKeys, kOneKey, Merge::kNone, RunDecrBy, nullptr, "string",
     "Takes a number from the integer value of a key."},

    {"del", -2, kWrites, Route::kKeys, kAllKeys, Merge::kSum, RunDel, nullptr, "generic",
     "Deletes keys; returns how many there were."},
    {"unlink", -2, kWrites, Route::kKeys, kAllKeys, Merge::kSum, RunDel, nullptr, "generic",
     "Deletes keys; returns how many there were."},
    {"exists", -2, kReads, Route::kKeys, kAllKeys, Merge::kSum, RunExists, nullptr, "generic",
     "Returns how many of the keys exist."},
    {"type", 2, kReads, Route::kKeys, kOneKey, Merge::kNone, RunType, nullptr, "generic",
     "Returns the type of a key: string or none."},
    {"expire", -3, kWrites, Route::kKeys, kOneKey, Merge::kNone, RunExpire, nullptr, "generic",
     "Sets the time to live of a key in seconds."},
    {"pexpire", -3, kWrites, Route::kKeys, kOneKey, Merge::kNone, RunPexpire, nullptr, "generic",
     "Sets the time to live of a key in milliseconds."},
    {"ttl", 2, kReads, Route::kKeys, kOneKey, Merge::kNone, RunTtl, nullptr, "generic",
     "Returns the time to live of a key in seconds; -1 without one, -2 without the key."},
    {"pttl", 2, kReads, Route::kKeys, kOneKey, Merge::kNone, RunPttl, nullptr, "generic",
     "Returns the time to live of a key in milliseconds; -1 without one, -2 without the key."},
    {"persist", 2, kWrites, Route::kKeys, kOneKey, Merge::kNone, RunPersist, nullptr, "generic",
     "Removes the time to live of a key."},
    {"scan", -2, kReads, Route::kCursor, kNoKeys, Merge::kNone, RunScan, nullptr, "generic",
     "Walks over the keys, with MATCH, COUNT and TYPE."},

    {"ping", -1, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunPing, nullptr, "connection",
     "Returns PONG, or its argument."},
    {"echo", 2, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunEcho, nullptr, "connection",
     "Returns its argument."},
    {"hello", -1, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunHello, nullptr, "connection",
     "Chooses RESP2 or RESP3 and introduces the server."},
    {"auth", -2, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunAuth, nullptr, "connection",
     "Refused: there are no passwords."},
    {"select", 2, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunSelect, nullptr, "connection",
     "Chooses a database; there is only 0."},
    {"quit", -1, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunQuit, nullptr, "connection",
     "Closes the connection after the reply."},
    {"client", -2, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunClient, nullptr, "connection",
     "ID, INFO, GETNAME, SETNAME, SETINFO, NO-EVICT, NO-TOUCH."},

    {"dbsize", 1, kReads, Route::kAllLanes, kNoKeys, Merge::kSum, RunDbsize, nullptr, "server",
     "Returns the number of keys."},
    {"flushall", -1, kWrites, Route::kAllLanes, kNoKeys, Merge::kAllOk, RunFlushAll, nullptr,
     "server", "Removes all keys."},
    {"flushdb", -1, kWrites, Route::kAllLanes, kNoKeys, Merge::kAllOk, RunFlushAll, nullptr,
     "server", "Removes all keys."},
    {"info", -1, kLoopback, Route::kAllLanes, kNoKeys, Merge::kCustom, RunLaneSnapshot, MergeInfo,
     "server", "Returns facts and counters of the server."},
    {"command", -1, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunCommand, nullptr, "server",
     "COUNT, DOCS, INFO, LIST: returns the command table."},
    {"config", -2, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunConfig, nullptr, "server",
     "GET: returns settings."},
    {"time", 1, kLoopback, Route::kHere, kNoKeys, Merge::kNone, RunTime, nullptr, "server",
     "Returns the server's time."},

    {"cl.put", 5, kWrites | kInternal, Route::kKeys, kOneKey, Merge::kNone, RunNativePut, nullptr,
     "native", "PUT_TTL and PUT_TYPED."},
    {"cl.get", 2, kReads | kInternal, Route::kKeys, kOneKey, Merge::kNone, RunGet, nullptr,
     "native", "GET_TYPED."},
    {"cl.mput", -3, kWrites | kInternal | kChecksLimits, Route::kKeys, kPairs, Merge::kSum,
     RunNativeMultiPut, nullptr, "native", "MULTI_PUT: best effort, returns how many went in."},
    {"cl.incr", 3, kWrites | kInternal, Route::kKeys, kOneKey, Merge::kNone, RunNativeIncrement,
     nullptr, "native", "INCREMENT."},
    {"cl.expire", 3, kWrites | kInternal, Route::kKeys, kOneKey, Merge::kNone, RunNativeExpire,
     nullptr, "native", "EXPIRE."},
    {"cl.list", 3, kReads | kInternal, Route::kCursor, kNoKeys, Merge::kNone, RunNativeList,
     nullptr, "native", "LIST."},
    {"cl.stats", 1, kLoopback | kInternal, Route::kAllLanes, kNoKeys, Merge::kCustom,
     RunLaneSnapshot, MergeStats, "native", "STATS."},
};

}  // namespace

std::span<const Command> AllCommands() { return kCommands; }

CommandIndex::CommandIndex() {
  static_assert(std::size(kCommands) * 3 < kSlots, "keep the index sparse");
  for (const Command& command : kCommands) {
    CHECK(command.name.size() <= kWordBytesMax);
    const Word word = Fold(command.name);
    size_t slot = SlotOf(word);
    while (slots_[slot].command != nullptr) slot = (slot + 1) % kSlots;
    slots_[slot] = {word, &command};
  }
}

const Command* CommandIndex::Find(std::string_view word) const {
  if (word.empty() || word.size() > kWordBytesMax) return nullptr;
  const Word folded = Fold(word);
  for (size_t slot = SlotOf(folded); slots_[slot].command != nullptr; slot = (slot + 1) % kSlots) {
    // Folding maps a few other bytes onto letters (and stops at the word's end by its zero bytes),
    // so the hit is checked against the name itself.
    if (slots_[slot].word == folded && WordIs(word, slots_[slot].command->name)) {
      return slots_[slot].command;
    }
  }
  return nullptr;
}

// The word's bytes with bit 5 set, which makes upper-case letters lower case, in two machine words.
CommandIndex::Word CommandIndex::Fold(std::string_view word) {
  constexpr uint64_t kLowerCaseBits = 0x2020202020202020;
  char bytes[kWordBytesMax] = {};
  std::memcpy(bytes, word.data(), word.size());
  Word folded;
  std::memcpy(&folded.low, bytes, sizeof(folded.low));
  std::memcpy(&folded.high, bytes + sizeof(folded.low), sizeof(folded.high));
  folded.low |= kLowerCaseBits;
  folded.high |= kLowerCaseBits;
  return folded;
}

// Multiplicative hashing (Knuth, TAOCP 6.4) with odd constants out of the golden ratio.
size_t CommandIndex::SlotOf(Word word) {
  const uint64_t mixed = (word.low ^ (word.high * 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
  return static_cast<size_t>(mixed >> 55) % kSlots;
}

}  // namespace corelane::shard
