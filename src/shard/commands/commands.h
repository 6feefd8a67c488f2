#pragma once

// The groups of commands, and what they share. A group is one file: the functions, and below them
// a row for each. A function reads its arguments, works on the slice, and writes exactly one reply
// element. What it may assume: the arity was checked, its keys belong to this lane and are within
// the limits, and, for a command that writes, the log has room.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "shard/command.h"

namespace corelane::shard {

// The redis whose behaviour clients may expect from us.
inline constexpr std::string_view kRedisVersion = "7.0.15";
inline constexpr std::string_view kNoPasswordConfigured =
    "invalid username-password pair or user is disabled.";

// The groups of the table; command_table.h joins them.
[[nodiscard]] CommandGroup StringCommands();
[[nodiscard]] CommandGroup RangeCommands();
[[nodiscard]] CommandGroup CounterCommands();
[[nodiscard]] CommandGroup LcsCommands();
[[nodiscard]] CommandGroup BitCommands();
[[nodiscard]] CommandGroup KeyCommands();
[[nodiscard]] CommandGroup ExpiryCommands();
[[nodiscard]] CommandGroup ScanCommands();
[[nodiscard]] CommandGroup DumpCommands();
[[nodiscard]] CommandGroup ObjectCommands();
[[nodiscard]] CommandGroup MemoryCommands();
[[nodiscard]] CommandGroup RenameCommands();
[[nodiscard]] CommandGroup TransactionCommands();
[[nodiscard]] CommandGroup ConnectionCommands();
[[nodiscard]] CommandGroup ClientCommands();
[[nodiscard]] CommandGroup CommandCommands();
[[nodiscard]] CommandGroup ConfigCommands();
[[nodiscard]] CommandGroup LatencyCommands();
[[nodiscard]] CommandGroup AdminCommands();
[[nodiscard]] CommandGroup AbsentCommands();
[[nodiscard]] CommandGroup ServerCommands();
[[nodiscard]] CommandGroup InfoCommands();
[[nodiscard]] CommandGroup NativeCommands();
[[nodiscard]] CommandGroup MemcacheCommands();
[[nodiscard]] CommandGroup MemcacheMetaCommands();
[[nodiscard]] CommandGroup MemcacheStatsCommands();

// How rows reach their keys.
inline constexpr Routing kHere = {Route::kHere, {}, Merge::kNone};
inline constexpr Routing kOneKey = {Route::kKeys, {1, 1, 1}, Merge::kNone};
inline constexpr Routing kSecondArgument = {Route::kKeys, {2, 2, 1}, Merge::kNone};
inline constexpr Routing kEachKeySummed = {Route::kKeys, {1, -1, 1}, Merge::kSum};
inline constexpr Routing kEachKeyInOrder = {Route::kKeys, {1, -1, 1}, Merge::kInOrder};
inline constexpr Routing kPairsAllOk = {Route::kKeys, {1, -1, 2}, Merge::kAllOk};
inline constexpr Routing kPairsSummed = {Route::kKeys, {1, -1, 2}, Merge::kSum};
inline constexpr Routing kByCursor = {Route::kCursor, {}, Merge::kNone};
inline constexpr Routing kAllLanesSummed = {Route::kAllLanes, {}, Merge::kSum};
inline constexpr Routing kAllLanesOk = {Route::kAllLanes, {}, Merge::kAllOk};
inline constexpr Routing kAllLanesMerged = {Route::kAllLanes, {}, Merge::kCustom};

// Shared by several groups.
//
void RunGet(CommandContext& context);
// What a value (null: absent, counts as 0) and `delta` add up to.
[[nodiscard]] Status AddToValue(const kv::ValueView* value, int64_t delta, int64_t& sum);
// Adds `delta` to the integer at `key` (absent: 0), keeping its expiry and created-at, and replies
// with the sum or an error.
void IncrementAndReply(CommandContext& context, const storage::HashedKey& key, int64_t delta);
// Gives a key that is there an expiry at `at`, or drops it when that is not after now. False: no
// such key.
[[nodiscard]] bool ExpireAt(CommandContext& context, const storage::HashedKey& key, int64_t at);
// now + ttl without leaving the range of ExpiryMillis.
[[nodiscard]] kv::ExpiryMillis ExpiryAfter(int64_t now_ms, uint64_t ttl_ms);
void ReplyWrongArity(kv::ReplyWriter& reply, std::string_view command);
void ReplyUnknownSubcommand(kv::ReplyWriter& reply, std::string_view command,
                            std::string_view word);
// For a word whose uses are told apart by hand: none of them fits.
void ReplyUnknownUse(kv::ReplyWriter& reply, std::string_view command, std::string_view word);
// What "WORD HELP" says: the syntax and the summary of each of the rows.
void ReplyHelp(kv::ReplyWriter& reply, std::string_view command, std::span<const Command> rows);
// "GETNAME" of "client|getname".
[[nodiscard]] std::string_view SubcommandWord(const Command& row);
[[nodiscard]] std::string UpperCase(std::string_view text);
void ReplyOutOfMemory(kv::ReplyWriter& reply);
void ReplySyntaxError(kv::ReplyWriter& reply);
void ReplyNotAnInteger(kv::ReplyWriter& reply);
// Names of connections and libraries go into one-line listings: no blanks, no control characters.
[[nodiscard]] bool IsPlainWord(std::string_view text);
// Names the connection; false: the reply was an error.
[[nodiscard]] bool SetSessionName(CommandContext& context, std::string_view name);
// ASCII, any case; `word` in lower case.
[[nodiscard]] bool WordIs(std::string_view text, std::string_view word);

}  // namespace corelane::shard
