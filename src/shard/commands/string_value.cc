#include "shard/commands/string_value.h"

#include <corelane/limits.h>
#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"

namespace corelane::shard {

bool ReadCounted(CommandContext& context, kv::ValueView& value) {
  const bool found = context.slice.Get(context.Key(0), &value);
  ++(found ? context.facts.counters->reads_hit : context.facts.counters->reads_missed);
  return found;
}

bool FitsLimit(uint64_t value_bytes, const SliceLimits& limits, kv::ReplyWriter& reply) {
  if (value_bytes > kValueBytesHardMax) {
    reply.Error(StatusCode::kValueTooLarge,
                "string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
  }
  if (value_bytes > limits.value_bytes_max) {
    reply.Error(StatusCode::kValueTooLarge, "value exceeds maximum size");
    return false;
  }
  return true;
}

bool StoreText(CommandContext& context, const kv::ValueView& old, std::string_view text) {
  kv::ValueView value = old;
  value.type = kv::ValueType::kString;
  value.bytes = text;
  if (context.slice.Put(context.Key(0), value)) return true;
  ReplyOutOfMemory(context.reply);
  return false;
}

IndexRange IndexRange::Within(int64_t length) const {
  IndexRange range = *this;
  if (range.first < 0) range.first = std::max<int64_t>(length + range.first, 0);
  if (range.last < 0) range.last = std::max<int64_t>(length + range.last, 0);
  range.last = std::min(range.last, length - 1);
  return range;
}

ExpiryOption ExpiryOptionOf(std::string_view word) {
  if (WordIs(word, "ex")) return ExpiryOption::kEx;
  if (WordIs(word, "px")) return ExpiryOption::kPx;
  if (WordIs(word, "exat")) return ExpiryOption::kExAt;
  if (WordIs(word, "pxat")) return ExpiryOption::kPxAt;
  return ExpiryOption::kNone;
}

std::optional<kv::ExpiryMillis> ExpiryOf(CommandContext& context, ExpiryOption option,
                                         std::string_view amount, std::string_view command) {
  int64_t at = 0;
  if (!kv::ParseInteger(amount, at)) {
    ReplyNotAnInteger(context.reply);
    return std::nullopt;
  }
  const bool seconds = option == ExpiryOption::kEx || option == ExpiryOption::kExAt;
  const bool relative = option == ExpiryOption::kEx || option == ExpiryOption::kPx;
  const bool fits = at > 0 && (!seconds || !__builtin_mul_overflow(at, int64_t{1000}, &at)) &&
                    (!relative || !__builtin_add_overflow(at, context.slice.now_ms(), &at));
  if (!fits) {
    context.reply.Error(StatusCode::kBadArgument, absl::StrCat("invalid expire time in '",
                                                               base::ToAbsl(command), "' command"));
    return std::nullopt;
  }
  // The last millisecond of time means "never" here.
  return std::min(at, kv::kNoExpiry - 1);
}

}  // namespace corelane::shard
