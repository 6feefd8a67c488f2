#pragma once

// Between the public Value (a variant that owns its bytes) and the ValueView that the inside of
// corelane works on. Pure; any thread.

#include <corelane/value.h>

#include "kv/value.h"

namespace corelane::kv {

[[nodiscard]] ValueType TypeOf(const Value& value);

// The bytes of a value as they are stored and sent; those of a number are put into `scratch`,
// others stay where they are.
[[nodiscard]] std::string_view BytesOf(const Value& value, ScalarBytes& scratch);

// The inverse. The view is well-formed.
[[nodiscard]] Value PublicValueOf(const ValueView& view);
[[nodiscard]] StoredValue StoredValueOf(const ValueView& view);

}  // namespace corelane::kv
