#pragma once

// The commands' functions, one file a group; command_table.cc gives each its row. A function reads
// its arguments, works on the slice, and writes exactly one reply element. What it may assume: the
// arity was checked, its keys belong to this lane and are within the limits, and, for a command
// that writes, the log has room.

#include "shard/command.h"

namespace corelane::shard {

// The redis whose behaviour clients may expect from us.
inline constexpr std::string_view kRedisVersion = "7.0.15";
inline constexpr std::string_view kNoPasswordConfigured =
    "invalid username-password pair or user is disabled.";

// commands_string.cc
void RunGet(CommandContext& context);
void RunSet(CommandContext& context);
void RunMget(CommandContext& context);
void RunMset(CommandContext& context);
void RunIncr(CommandContext& context);
void RunDecr(CommandContext& context);
void RunIncrBy(CommandContext& context);
void RunDecrBy(CommandContext& context);

// commands_key.cc
void RunDel(CommandContext& context);
void RunExists(CommandContext& context);
void RunType(CommandContext& context);
void RunExpire(CommandContext& context);
void RunPexpire(CommandContext& context);
void RunTtl(CommandContext& context);
void RunPttl(CommandContext& context);
void RunPersist(CommandContext& context);
void RunDbsize(CommandContext& context);
void RunScan(CommandContext& context);
void RunFlushAll(CommandContext& context);

// commands_connection.cc
void RunPing(CommandContext& context);
void RunEcho(CommandContext& context);
void RunHello(CommandContext& context);
void RunAuth(CommandContext& context);
void RunSelect(CommandContext& context);
void RunQuit(CommandContext& context);
void RunClient(CommandContext& context);

// commands_server.cc
void RunCommand(CommandContext& context);
void RunConfig(CommandContext& context);
void RunTime(CommandContext& context);

// info.cc
void RunLaneSnapshot(CommandContext& context);
void MergeInfo(MergeContext& context);
void MergeStats(MergeContext& context);

// commands_native.cc: the words of the binary protocol
void RunNativePut(CommandContext& context);
void RunNativeMultiPut(CommandContext& context);
void RunNativeIncrement(CommandContext& context);
void RunNativeExpire(CommandContext& context);
void RunNativeList(CommandContext& context);

// Shared by several files.
//
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
void ReplyOutOfMemory(kv::ReplyWriter& reply);
void ReplySyntaxError(kv::ReplyWriter& reply);
void ReplyNotAnInteger(kv::ReplyWriter& reply);
// ASCII, any case; `word` in lower case.
[[nodiscard]] bool WordIs(std::string_view text, std::string_view word);

}  // namespace corelane::shard
