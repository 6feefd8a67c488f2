#include "loadgen/wire_memcache.h"

#include <corelane/limits.h>

#include <algorithm>
#include <string_view>

namespace corelane::loadgen {

using proto::ReplyState;

uint32_t MemcacheSeconds(uint32_t ttl_ms) {
  const uint32_t seconds = ttl_ms / 1000 + (ttl_ms % 1000 == 0 ? 0 : 1);
  return std::min(seconds, kMemcacheTtlSecondsMax);
}

ReplyState MemcacheWire::Next(std::string_view in, WireReply& reply) {
  using Part = MemcacheReplyScanner::Part;
  reply = WireReply();
  if (in.empty()) return ReplyState::kNeedMore;
  if (pending_.empty()) return ReplyState::kError;
  const Asked asked = pending_.front();
  for (;;) {
    std::string_view text;
    const size_t at = scanner_.bytes();
    Meaning meaning = Meaning::kEnd;
    switch (scanner_.Next(in, text)) {
      case Part::kNeedMore:
        return ReplyState::kNeedMore;
      case Part::kError:
        return ReplyState::kError;
      case Part::kData:
        sum_.value = {at, text.size()};
        if (!sum_.ends_with_value) continue;
        break;
      case Part::kLine: {
        size_t value_bytes = 0;
        meaning = Understand(asked, text, value_bytes);
        if (!Add(meaning, {at, text.size()}, value_bytes)) return ReplyState::kError;
        if (!Ends(meaning)) continue;
        break;
      }
    }
    Finish(asked, meaning, in, reply);
    return ReplyState::kDone;
  }
}

bool MemcacheWire::Add(Meaning meaning, Place line, size_t value_bytes) {
  switch (meaning) {
    case Meaning::kWrong:
      return false;
    case Meaning::kValue:
    case Meaning::kLastValue:
      if (value_bytes > kValueBytesHardMax) return false;
      ++sum_.hits;
      sum_.ends_with_value = meaning == Meaning::kLastValue;
      scanner_.ExpectData(value_bytes);
      return sum_.hits <= pending_.front().keys;
    case Meaning::kRefused:
    case Meaning::kPartRefused:
      if (!sum_.refused) sum_.error = line;
      sum_.refused = true;
      return true;
    default:
      return true;
  }
}

bool MemcacheWire::Ends(Meaning meaning) {
  return meaning != Meaning::kValue && meaning != Meaning::kLastValue &&
         meaning != Meaning::kPartRefused;
}

void MemcacheWire::Finish(Asked asked, Meaning last, std::string_view in, WireReply& reply) {
  const bool reads = asked.kind == AskedKind::kRead || asked.kind == AskedKind::kReadMany;
  reply.bytes = scanner_.bytes();
  if (sum_.refused) {
    reply.outcome = Outcome::kError;
    reply.error = sum_.error.In(in);
  } else if (reads) {
    reply.hits = sum_.hits;
    reply.misses = asked.keys - sum_.hits;
    reply.outcome = sum_.hits > 0 ? Outcome::kHit : Outcome::kMiss;
    if (asked.kind == AskedKind::kRead) reply.value = sum_.value.In(in);
  } else {
    reply.outcome = last == Meaning::kMissing ? Outcome::kMiss : Outcome::kOk;
  }
  sum_ = Sum();
  scanner_.Finish();
  pending_.Pop();
}

bool MemcacheWire::IsError(std::string_view line) {
  return line == "ERROR" || line.starts_with("CLIENT_ERROR ") || line.starts_with("SERVER_ERROR ");
}

}  // namespace corelane::loadgen
