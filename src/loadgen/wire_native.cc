#include "loadgen/wire_native.h"

#include <corelane/limits.h>

#include <algorithm>
#include <string_view>

#include "base/check.h"

namespace corelane::loadgen {
namespace {

using proto::NativeRequestWriter;
using proto::ReplyState;

// The longest value of a reply. Of several keys each may be as long as one alone; a frame cannot
// say more than 32 bits.
size_t ReplyValueBytesMax(Asked asked) {
  if (asked.kind != AskedKind::kReadMany) return kValueBytesHardMax;
  const uint64_t bytes_max =
      proto::kNativeLengthBytes +
      uint64_t{asked.keys} * (proto::kNativeReplyHeaderBytes + kValueBytesHardMax);
  return std::min<uint64_t>(bytes_max, UINT32_MAX);
}

void SayError(std::string_view text, WireReply& reply) {
  reply.outcome = Outcome::kError;
  reply.error = text;
}

}  // namespace

void NativeWire::Read(std::string_view key, base::Buffer& out) {
  NativeRequestWriter(out).Get(key);
  pending_.Push({AskedKind::kRead});
}

void NativeWire::Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
                       base::Buffer& out) {
  NativeRequestWriter writer(out);
  if (ttl_ms == 0) {
    writer.Put(key, value);
  } else {
    writer.PutTtl(key, ttl_ms, value);
  }
  pending_.Push({AskedKind::kWrite});
}

void NativeWire::Delete(std::string_view key, base::Buffer& out) {
  NativeRequestWriter(out).Delete(key);
  pending_.Push({AskedKind::kDelete});
}

void NativeWire::ReadMany(std::span<const std::string_view> keys, base::Buffer& out) {
  CHECK(!keys.empty());
  NativeRequestWriter(out).MultiGet(keys);
  pending_.Push({AskedKind::kReadMany, static_cast<uint32_t>(keys.size())});
}

void NativeWire::WriteMany(std::span<const Pair> pairs, base::Buffer& out) {
  CHECK(!pairs.empty());
  NativeRequestWriter(out).MultiPut(pairs);
  pending_.Push({AskedKind::kWriteMany, static_cast<uint32_t>(pairs.size())});
}

void NativeWire::Expire(std::string_view key, uint32_t ttl_ms, base::Buffer& out) {
  CHECK(ttl_ms > 0);
  NativeRequestWriter(out).Expire(key, ttl_ms);
  pending_.Push({AskedKind::kExpire});
}

ReplyState NativeWire::Next(std::string_view in, WireReply& reply) {
  reply = WireReply();
  if (in.empty()) return ReplyState::kNeedMore;
  if (pending_.empty()) return ReplyState::kError;
  const Asked asked = pending_.front();
  const proto::NativeReplyResult result = proto::DecodeNativeReply(in, ReplyValueBytesMax(asked));
  if (result.state != ReplyState::kDone) return result.state;
  if (!Take(asked, result.reply, reply)) return ReplyState::kError;
  reply.bytes = result.consumed;
  pending_.Pop();
  return ReplyState::kDone;
}

bool NativeWire::Take(Asked asked, const proto::NativeReply& answer, WireReply& reply) {
  const bool found = answer.status == StatusCode::kOk;
  if (!found && answer.status != StatusCode::kNotFound) {
    SayError(answer.value, reply);
    return true;
  }
  switch (asked.kind) {
    case AskedKind::kRead:
      reply.outcome = found ? Outcome::kHit : Outcome::kMiss;
      reply.value = answer.value;
      (found ? reply.hits : reply.misses) = 1;
      return found || answer.value.empty();
    case AskedKind::kReadMany:
      return found && TakeItems(asked, answer.value, reply);
    case AskedKind::kWriteMany: {
      uint32_t written = 0;
      if (!found || !proto::ReadUint32(answer.value, written)) return false;
      if (written < asked.keys) SayError("not all pairs were written", reply);
      return written <= asked.keys;
    }
    case AskedKind::kDelete:
    case AskedKind::kExpire:
      reply.outcome = found ? Outcome::kOk : Outcome::kMiss;
      return answer.value.empty();
    default:
      return found && answer.value.empty();
  }
}

bool NativeWire::TakeItems(Asked asked, std::string_view value, WireReply& reply) {
  if (!proto::ReadItems(value, items_) || items_.size() != asked.keys) return false;
  WireReply counted;
  for (const proto::NativeReply& item : items_) {
    if (item.value.size() > kValueBytesHardMax) return false;
    if (item.status == StatusCode::kOk) {
      ++counted.hits;
    } else if (item.status == StatusCode::kNotFound) {
      ++counted.misses;
    } else {
      SayError(item.value, reply);
      return true;
    }
  }
  counted.outcome = counted.hits > 0 ? Outcome::kHit : Outcome::kMiss;
  reply = counted;
  return true;
}

}  // namespace corelane::loadgen
