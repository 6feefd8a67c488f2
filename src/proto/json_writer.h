#pragma once

// JsonWriter: responses of the JSON protocol, one line each: {"Ok":...} or {"Err":"..."}
// (PROTOCOL.md, part 4). Owned by a JsonCodec; the buffer belongs to the caller. One thread.
//
// What always holds: a response is one line of valid JSON in UTF-8. Only the first element counts:
// a list, which no request of this protocol asks for, is answered as an error.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "kv/reply.h"

namespace corelane::proto {

// Travels as the request's tag: what it asked for, or why it is none.
enum class JsonTag : uint32_t {
  kSet,
  kGet,
  kRemove,
  kUnknownRequest,
  kUnknownMember,
  kTwice,
  kNoKey,
  kNoValue,
  kBadValue,
  kNumberMisfit,
};

class JsonWriter final : public kv::ReplyWriter {
 public:
  void Begin(uint32_t tag, base::Buffer& out) {
    tag_ = static_cast<JsonTag>(tag);
    out_ = &out;
    written_ = false;
  }

  void Ok() override;
  void Nil() override;
  void Integer(int64_t integer) override;
  void Boolean(bool boolean) override;
  void Double(double real) override;
  void Simple(std::string_view word) override;
  void Bulk(std::string_view bytes) override;
  void Value(const kv::ValueView& value) override;
  void Array(size_t count) override;
  void Map(size_t pairs) override;
  void Error(StatusCode code, std::string_view message) override;

 private:
  // False when the response has been written.
  [[nodiscard]] bool Open(std::string_view name);
  void Close();

  JsonTag tag_ = JsonTag::kUnknownRequest;
  base::Buffer* out_ = nullptr;
  bool written_ = false;
};

// In quotes, with escapes; what is no UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view text, base::Buffer& out);

// As Get answers with it (PROTOCOL.md, 4.1). A string that is no UTF-8 becomes {"Binary":[...]}, so
// only the reader that is told the type gets the same value back.
void AppendJsonValue(const kv::ValueView& value, base::Buffer& out);

}  // namespace corelane::proto
