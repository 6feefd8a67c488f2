#pragma once

// Command: one row of the command table, and what its function gets to work with. Every protocol's
// requests end here, so a command is written once: a row in command_table.cc, one function, and its
// tests.
//
// How a command reaches its keys is data, not code: `route` and the key positions let the router
// hash, prefetch, split over lanes and merge replies without knowing the command.

#include <cstdint>
#include <span>
#include <string_view>

#include "kv/reply.h"
#include "kv/reply_tape.h"
#include "kv/session.h"
#include "shard/facts.h"
#include "shard/slice.h"

namespace corelane::shard {

struct CommandContext {
  Slice& slice;
  kv::ReplyWriter& reply;
  std::span<const std::string_view> args;
  std::span<const uint64_t> key_hashes;  // one for each key, in the order of the arguments
  kv::Session* session;  // of the connection; only commands with Route::kHere may use it
  const LaneFacts& facts;
  uint64_t caller = 0;  // the id of the connection that asks; 0: none does

  [[nodiscard]] storage::HashedKey Key(size_t arg, size_t key = 0) const {
    return {args[arg], key_hashes[key]};
  }
};

// What a command over several lanes needs to make one reply of many.
struct MergeContext {
  std::span<const kv::ReplyTape* const> parts;  // one for each lane asked, in lane order
  kv::ReplyWriter& reply;
  const LaneFacts& facts;  // of the connection's lane
  std::span<const std::string_view> args;
};

enum class Route : uint8_t {
  kHere,      // needs no key: the connection's lane executes it
  kKeys,      // the lanes of its keys; split when there is more than one
  kAllLanes,  // every lane; the merge makes one reply
  kCursor,    // the lane that the cursor (the first argument) names, see cursor.h
};

enum class Merge : uint8_t {
  kNone,     // never split: one key
  kSum,      // integers added up
  kInOrder,  // each part is an array with an element a key; put back into the request's order
  kAllOk,    // OK, or the first error
  kCustom,   // Command::merge
};

enum CommandFlags : uint32_t {
  kReads = 1U << 0,
  kWrites = 1U << 1,        // refused when the log cannot take it
  kInternal = 1U << 2,      // a word that only codecs spell out, see kv/request.h
  kChecksLimits = 1U << 3,  // looks at key and value sizes itself (best effort over many)
  kRewrites = 1U << 4,      // may log the value that its one key has now, longer by the arguments
  kInTurn = 1U << 5,        // changes the session: runs when all requests before it are answered
  kNotQueued = 1U << 6,     // runs at once inside MULTI
  kFast = 1U << 7,          // for COMMAND INFO: its time does not grow with the data
  kAdmin = 1U << 8,         // for COMMAND INFO: about running the server
  kNoMulti = 1U << 9,       // refused inside MULTI
  kPerKey = 1U << 10,       // best effort, key by key: takes no locks over several lanes
};

// Positions as redis counts them: 1 is the first argument, -1 the last.
struct KeyPositions {
  int8_t first = 0;
  int8_t last = 0;
  int8_t step = 0;
};

// What the shard does itself, as it is about the connection's requests and not about data.
enum class TransactionWord : uint8_t { kNone, kMulti, kExec, kDiscard, kWatch, kUnwatch, kReset };

struct GatherContext;  // gather.h

// How a command reaches its keys, and how the replies of several lanes become one.
struct Routing {
  Route route = Route::kHere;
  KeyPositions keys = {};
  Merge merge = Merge::kNone;
};

struct Command {
  std::string_view name;  // lower case
  int arity = 0;          // with the command word itself; -n: at least n
  uint32_t flags = 0;
  Routing routing = {};
  void (*run)(CommandContext&) = nullptr;
  std::string_view summary;
  void (*merge_parts)(MergeContext&) = nullptr;
  // How long a value may become because an argument is a number (SETRANGE's offset), in bytes.
  // Arguments that make no sense count as 0. Null: a value is no longer than the arguments, or
  // (with kRewrites) than what is there and the arguments together.
  uint64_t (*value_bytes)(std::span<const std::string_view> args) = nullptr;
  // Of a word that is many commands (CLIENT, CONFIG): their rows, named "client|getname". The first
  // argument chooses, and stays the first of `args`. Such a word has a `run` of its own only if it
  // may stand alone.
  std::span<const Command> (*subcommands)() = nullptr;
  std::string_view syntax = {};  // of a subcommand, for HELP: what may follow it
  // In place of `run`, for what needs the values of several keys at once, wherever they live.
  void (*compute)(GatherContext&) = nullptr;
  TransactionWord word = TransactionWord::kNone;
  // For README: in what it is not the command that redis 7.0 has. Empty: it is.
  std::string_view differs = {};

  [[nodiscard]] bool Is(CommandFlags flag) const { return (flags & flag) != 0; }
  [[nodiscard]] bool TouchesData() const { return (flags & (kReads | kWrites)) != 0; }
  // Which argument the command's key number `key` is.
  [[nodiscard]] size_t KeyArg(size_t key) const {
    return static_cast<size_t>(routing.keys.first) - 1 +
           key * static_cast<size_t>(routing.keys.step);
  }
};

// The rows of one file, under the name that redis's documentation has for the group.
struct CommandGroup {
  std::string_view name;
  std::span<const Command> rows;
};

}  // namespace corelane::shard
