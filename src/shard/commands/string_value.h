#pragma once

// What the string commands share: reading a value as the text that clients of RESP see, whatever
// its type, and storing a text in its place. For commands with one key; the lane's thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kv/value.h"
#include "shard/commands/commands.h"

namespace corelane::shard {

// The bytes of a value as a string. They live in the value's own bytes or in this object.
class ValueText {
 public:
  ValueText() = default;
  explicit ValueText(const kv::ValueView& value) : view_(kv::TextOf(value, scratch_)) {}
  ValueText(const ValueText&) = delete;
  ValueText& operator=(const ValueText&) = delete;
  [[nodiscard]] std::string_view view() const { return view_; }

 private:
  std::array<char, kv::kScalarTextBytesMax> scratch_{};
  std::string_view view_;
};

// Reads the command's key as a client's read, which INFO counts. False: no such key.
[[nodiscard]] bool ReadCounted(CommandContext& context, kv::ValueView& value);

// True when a value of so many bytes may be stored; otherwise the reply was an error. It is redis's
// where redis would refuse as well, and ours between our limit and redis's.
[[nodiscard]] bool FitsLimit(uint64_t value_bytes, const SliceLimits& limits,
                             kv::ReplyWriter& reply);

// Stores `text` as a string at the command's key, with the expiry and created-at of `old` (that of
// a value that was read, or an empty one). False: the reply was an error.
[[nodiscard]] bool StoreText(CommandContext& context, const kv::ValueView& old,
                             std::string_view text);

// A range of positions, both ends inside.
struct IndexRange {
  int64_t first = 0;
  int64_t last = -1;
  [[nodiscard]] bool empty() const { return first > last; }
  // What the range means in something so long: negative positions count from the end, and what is
  // outside is cut off.
  [[nodiscard]] IndexRange Within(int64_t length) const;
};

// The options that SET and GETEX give an expiry with.
enum class ExpiryOption : uint8_t { kNone, kEx, kPx, kExAt, kPxAt };

[[nodiscard]] ExpiryOption ExpiryOptionOf(std::string_view word);

// The absolute expiry that `option` with its argument means. Nothing: the reply was an error, which
// names `command`.
[[nodiscard]] std::optional<kv::ExpiryMillis> ExpiryOf(CommandContext& context, ExpiryOption option,
                                                       std::string_view amount,
                                                       std::string_view command);

}  // namespace corelane::shard
