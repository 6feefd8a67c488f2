#include "shard/merge.h"

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "kv/reply_tape.h"
#include "shard/command.h"

namespace corelane::shard {
namespace {

// A part that failed speaks for all. False when none did.
bool WriteFirstError(const Call& call, kv::ReplyWriter& reply) {
  for (const LaneMessage* part : call.parts) {
    kv::ReplyTape::Reader reader(part->reply);
    if (!reader.AtError()) continue;
    reader.PlayElement(reply);
    return true;
  }
  return false;
}

void WriteSum(const Call& call, kv::ReplyWriter& reply) {
  int64_t sum = 0;
  for (const LaneMessage* part : call.parts) {
    kv::ReplyTape::Reader reader(part->reply);
    int64_t integer = 0;
    CHECK(reader.TakeInteger(integer));
    sum += integer;
  }
  reply.Integer(sum);
}

// Each part has the elements of its keys in the request's order, so one reader a part and one pass
// over the keys is enough.
void WriteInOrder(const Call& call, kv::ReplyWriter& reply) {
  size_t keys = 0;
  for (const LaneMessage* part : call.parts) keys += part->key_positions.size();
  std::vector<uint32_t> part_of_key(keys);
  std::vector<kv::ReplyTape::Reader> readers;
  for (uint32_t i = 0; i < call.parts.size(); ++i) {
    readers.emplace_back(call.parts[i]->reply);
    const int64_t elements = readers.back().EnterArray();
    CHECK(elements == static_cast<int64_t>(call.parts[i]->key_positions.size()));
    for (const uint32_t position : call.parts[i]->key_positions) part_of_key[position] = i;
  }
  reply.Array(keys);
  for (const uint32_t part : part_of_key) readers[part].PlayElement(reply);
}

void WriteCustom(const Call& call, const LaneFacts& facts, kv::ReplyWriter& reply) {
  std::vector<const kv::ReplyTape*> tapes;
  for (const LaneMessage* part : call.parts) tapes.push_back(&part->reply);
  MergeContext context{tapes, reply, facts, call.parts[0]->args};
  call.command->merge_parts(context);
}

}  // namespace

void WriteMergedReply(const Call& call, const LaneFacts& facts, kv::ReplyWriter& reply) {
  if (!call.split) {
    kv::ReplyTape::Reader(call.parts[0]->reply).PlayElement(reply);
    return;
  }
  if (WriteFirstError(call, reply)) return;
  switch (call.command->routing.merge) {
    case Merge::kSum:
      WriteSum(call, reply);
      break;
    case Merge::kInOrder:
      WriteInOrder(call, reply);
      break;
    case Merge::kAllOk:
      reply.Ok();
      break;
    case Merge::kCustom:
      WriteCustom(call, facts, reply);
      break;
    case Merge::kNone:
      CHECK(false);
  }
}

}  // namespace corelane::shard
