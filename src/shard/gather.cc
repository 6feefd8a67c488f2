#include "shard/gather.h"

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

// What an argument of "cl.apply" says beside key and bytes. It never leaves the process.
struct WriteHead {
  kv::ValueView value;  // without its bytes
  bool erase = false;
};

// False: out of memory.
bool ApplyWrite(Slice& slice, const storage::HashedKey& key, const KeyWrite& write) {
  if (!write.erase && write.value.expires_at > slice.now_ms()) return slice.Put(key, write.value);
  slice.Erase(key);
  return true;
}

}  // namespace

std::vector<std::optional<kv::ValueView>> ReadGathered(const kv::ReplyTape& tape) {
  kv::ReplyTape::Reader reader(tape);
  const int64_t count = reader.EnterArray();
  CHECK(count >= 0);
  std::vector<std::optional<kv::ValueView>> values(static_cast<size_t>(count));
  for (std::optional<kv::ValueView>& value : values) value = reader.TakeValueOrNil();
  return values;
}

ApplyArgs::ApplyArgs(std::span<const KeyWrite> writes, std::span<const std::string_view> keys) {
  heads_.reserve(writes.size() * sizeof(WriteHead));  // so that the views stay where they point
  for (const KeyWrite& write : writes) {
    WriteHead head{write.value, write.erase};
    head.value.bytes = {};
    const size_t at = heads_.size();
    heads_.append(reinterpret_cast<const char*>(&head), sizeof(head));
    args_.push_back(keys[write.key]);
    args_.emplace_back(heads_.data() + at, sizeof(head));
    args_.push_back(write.value.bytes);
  }
}

void RunGather(CommandContext& context) {
  context.reply.Array(context.key_hashes.size());
  kv::ValueView value;
  for (size_t i = 0; i < context.key_hashes.size(); ++i) {
    if (context.slice.Get(context.Key(i, i), &value)) {
      context.reply.Value(value);
    } else {
      context.reply.Nil();
    }
  }
}

void RunApply(CommandContext& context) {
  constexpr size_t kArgsPerWrite = 3;
  for (size_t i = 0; i < context.key_hashes.size(); ++i) {
    const size_t at = i * kArgsPerWrite;
    WriteHead head;
    CHECK(context.args[at + 1].size() == sizeof(head));
    std::memcpy(&head, context.args[at + 1].data(), sizeof(head));
    KeyWrite write{0, head.erase, head.value};
    write.value.bytes = context.args[at + 2];
    if (!ApplyWrite(context.slice, context.Key(at, i), write)) {
      return ReplyOutOfMemory(context.reply);
    }
  }
  context.reply.Ok();
}

void RunComputed(const Command& command, CommandContext& context) {
  std::vector<std::string_view> keys;
  for (size_t i = 0; i < context.key_hashes.size(); ++i) {
    keys.push_back(context.args[command.KeyArg(i)]);
  }
  // The values are copied out of the engine: the writes change what they would point to.
  kv::ReplyTape gathered;
  CommandContext gather{context.slice,      gathered,        keys,
                        context.key_hashes, context.session, context.facts};
  RunGather(gather);
  const std::vector<std::optional<kv::ValueView>> values = ReadGathered(gathered);
  kv::ReplyTape reply;
  std::vector<KeyWrite> writes;
  std::string scratch;
  GatherContext compute{
      context.args, values, reply, writes, scratch, context.slice.limits(), context.slice.now_ms()};
  command.compute(compute);
  for (const KeyWrite& write : writes) {
    if (!ApplyWrite(context.slice, {keys[write.key], context.key_hashes[write.key]}, write)) {
      return ReplyOutOfMemory(context.reply);
    }
  }
  kv::ReplyTape::Reader(reply).PlayElement(context.reply);
}

}  // namespace corelane::shard
