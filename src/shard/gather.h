#pragma once

// Commands that are computed out of the values of several keys, wherever these live: RENAME, COPY,
// MSETNX, BITOP, LCS. Such a command is a pure function from arguments and values to a reply and a
// list of writes. On one lane it runs in place; over several, the shard fetches the values, calls
// it, and sends the writes to their lanes, while a transaction holds the keys.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/reply.h"
#include "kv/reply_tape.h"
#include "kv/value.h"
#include "shard/command.h"
#include "shard/slice.h"

namespace corelane::shard {

// What becomes of the key with this number, counted as the command's key positions do.
struct KeyWrite {
  uint32_t key = 0;
  bool erase = false;
  kv::ValueView value;
};

struct GatherContext {
  std::span<const std::string_view> args;
  std::span<const std::optional<kv::ValueView>> values;  // of all keys; empty: no such key
  kv::ReplyWriter& reply;                                // one element, as ever
  std::vector<KeyWrite>& writes;  // bytes in `args`, `values` or `scratch`; applied in order
  std::string& scratch;           // for bytes that the command makes
  const SliceLimits& limits;
  int64_t now_ms = 0;
};

// The values that a reply of "cl.gather" brings. They point into the tape.
[[nodiscard]] std::vector<std::optional<kv::ValueView>> ReadGathered(const kv::ReplyTape& tape);

// Writes as arguments of "cl.apply", three each: key, what to do, the value's bytes.
class ApplyArgs {
 public:
  ApplyArgs(std::span<const KeyWrite> writes, std::span<const std::string_view> keys);
  [[nodiscard]] std::span<const std::string_view> args() const { return args_; }

 private:
  std::string heads_;
  std::vector<std::string_view> args_;
};

// Runs `command`, all of whose keys are this lane's, in place.
void RunComputed(const Command& command, CommandContext& context);

// Runs a command all of whose keys are this lane's, however it is written.
inline void RunInPlace(const Command& command, CommandContext& context) {
  if (command.compute != nullptr) [[unlikely]] {
    RunComputed(command, context);
  } else {
    command.run(context);
  }
}

void RunGather(CommandContext& context);
void RunApply(CommandContext& context);

}  // namespace corelane::shard
