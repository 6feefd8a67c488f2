#pragma once

// TextWriter: replies of the text protocol, one line each (PROTOCOL.md, part 3). Owned by a
// TextCodec; the buffer belongs to the caller. One thread.
//
// What always holds: a reply is one line; that a QUIT is done is no reply at all. Only the first
// element counts: a list, which no word of this protocol asks for, is answered as an error.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "kv/reply.h"

namespace corelane::proto {

// What a request asked for, and hence how its reply reads. Travels as the request's tag.
enum class TextTag : uint32_t {
  kUnknown,   // no request of this protocol
  kBadValue,  // SETTYPED with something that is no typed value
  kStore,     // SET, SETTYPED
  kGet,
  kDelete,
  kCount,  // INCR, DECR
  kQuit,
};

class TextWriter final : public kv::ReplyWriter {
 public:
  void Begin(uint32_t tag, base::Buffer& out) {
    tag_ = static_cast<TextTag>(tag);
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
  void Line(std::string_view line);

  TextTag tag_ = TextTag::kUnknown;
  base::Buffer* out_ = nullptr;
  bool written_ = false;  // the reply has its line
};

}  // namespace corelane::proto
