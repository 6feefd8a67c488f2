#pragma once

// How a protocol that can name a type says "store this value": SET for a string, and the binary
// protocol's PUT_TYPED for everything else. Pure; any thread.

#include <cstdint>
#include <string_view>

#include "kv/request.h"
#include "kv/value.h"
#include "proto/native_opcodes.h"

namespace corelane::proto {

// The fixed fields of CL.PUT: every type's number as one byte, and the TTL that means none.
inline constexpr std::string_view kTypeFields("\0\1\2\3\4", kv::kValueTypeMax + 1);
inline constexpr std::string_view kNoTtlField = "\xff\xff\xff\xff\xff\xff\xff\xff";
static_assert(kNoTtlField.size() == kNativeTtlBytes && kNativeNoTtl == UINT64_MAX);

// Adds the request to `batch`. `value` is well-formed; its bytes live as long as the batch.
inline void FinishTypedPut(std::string_view key, const kv::ValueView& value, uint32_t tag,
                           kv::RequestBatch& batch) {
  batch.Arg(key);
  if (value.type == kv::ValueType::kString) {
    batch.Arg(value.bytes);
    return batch.Finish("SET", tag);
  }
  batch.Arg(kTypeFields.substr(static_cast<size_t>(value.type), kNativeTypeBytes));
  batch.Arg(kNoTtlField);
  batch.Arg(value.bytes);
  batch.Finish("CL.PUT", tag);
}

}  // namespace corelane::proto
