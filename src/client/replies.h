#pragma once

// What the bytes of a reply mean, one function for each form that the native protocol has. Pure
// functions, any thread.
//
// A reply with the code of a failure becomes a Status of that code. Bytes that do not have the form
// the request asked for become kProtocolError: nothing that comes after them can be trusted, so the
// connection has to close.

#include <corelane/client.h>
#include <corelane/pipeline.h>
#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/native_client.h"
#include "proto/native_opcodes.h"

namespace corelane::client {

// A reply's bytes are the session's input; they die with the callback that gives them.
using Reply = proto::NativeReply;

[[nodiscard]] Status DecodeDone(const Reply& reply);
// False for NOT_FOUND.
[[nodiscard]] Result<bool> DecodeFound(const Reply& reply);
// DELETE answers with a status, MULTI_DELETE with a number.
[[nodiscard]] Result<bool> DecodeDeleted(proto::NativeOpcode opcode, const Reply& reply);
[[nodiscard]] Result<std::optional<std::string>> DecodeText(const Reply& reply);
[[nodiscard]] Result<std::optional<StoredValue>> DecodeTyped(const Reply& reply);
[[nodiscard]] Result<int64_t> DecodeInteger(const Reply& reply);
[[nodiscard]] Result<uint64_t> DecodeCount(const Reply& reply);
// How many a MULTI_PUT put or a MULTI_DELETE deleted.
[[nodiscard]] Result<size_t> DecodeMany(const Reply& reply);
[[nodiscard]] Result<std::optional<TimeToLive>> DecodeTtl(const Reply& reply);
[[nodiscard]] Result<ListPage> DecodePage(const Reply& reply);
[[nodiscard]] Result<ServerStats> DecodeStats(const Reply& reply);
[[nodiscard]] Result<std::vector<std::optional<std::string>>> DecodeItems(const Reply& reply,
                                                                          size_t count);
// Any reply that a pipeline can ask for.
[[nodiscard]] PipelineResult DecodeAny(proto::NativeOpcode opcode, const Reply& reply);

}  // namespace corelane::client
