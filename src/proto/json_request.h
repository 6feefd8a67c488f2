#pragma once

// JsonRequest: what one JSON object asks for: {"Set":{"key":K,"value":V}}, {"Get":{"key":K}} or
// {"Remove":{"key":K}} (PROTOCOL.md, part 4). Pure; the views point into the object, or into the
// store that the caller keeps for spelled-out strings.

#include <deque>
#include <string>
#include <string_view>

#include "kv/value.h"
#include "proto/json_reader.h"
#include "proto/json_writer.h"

namespace corelane::proto {

struct JsonRequest {
  JsonTag tag = JsonTag::kUnknownRequest;  // kSet, kGet, kRemove, or what is wrong
  std::string_view key;
  kv::ValueView value;  // kSet
};

// Reads the whole object, whatever it asks for; `in` says afterwards whether it was JSON at all.
[[nodiscard]] JsonRequest ReadJsonRequest(JsonReader& in, std::deque<std::string>& store);

// Reads the next value, written as a Set has it. False: it is none; whether it is JSON at all, `in`
// says. Its bytes are then in the text, in `store`, or static.
[[nodiscard]] bool ReadJsonValue(JsonReader& in, std::deque<std::string>& store,
                                 kv::ValueView& value);

}  // namespace corelane::proto
