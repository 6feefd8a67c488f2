#pragma once

// NativeWriter: replies in the native protocol. Begin() leaves room for the 5-byte header, the
// element writes the value behind it, End() fills the header in, so that an array's length need not
// be known beforehand.
//
// The opcode in the tag decides how an element looks: the integer that DEL answers is a status to
// DELETE and a number to MULTI_DELETE. An element that the opcode has no form for is answered as
// ERROR; it never breaks the framing. Owned by a NativeCodec; the buffer belongs to the caller and
// must not shrink between Begin() and End().

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "kv/reply.h"

namespace corelane::proto {

class NativeWriter final : public kv::ReplyWriter {
 public:
  // The tag of a request whose arguments were refused: whatever is written, `code` is what goes
  // out.
  [[nodiscard]] static constexpr uint32_t RefusalTag(uint8_t opcode, StatusCode code) {
    return opcode | static_cast<uint32_t>(code) << kRefusalShift;
  }

  void Begin(uint32_t tag, base::Buffer& out);
  void End();

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
  static constexpr uint32_t kRefusalShift = 8;

  // Where the next element goes.
  enum class Place : uint8_t {
    kTop,       // it is the reply
    kItem,      // an item of a list of results: status u8, length u32, bytes
    kPageHead,  // LIST's outer array: the cursor, then the array of keys
    kPageKey,   // a key of LIST: length u32, bytes
  };

  void Item(uint8_t status, std::string_view bytes);
  void PutBytes(std::string_view bytes);
  void Replace(StatusCode code, std::string_view message);
  void Mismatch();

  base::Buffer* out_ = nullptr;
  size_t begin_ = 0;  // of the reply's header, counted from the front of *out_
  uint8_t opcode_ = 0;
  uint8_t status_ = 0;
  uint8_t refusal_ = 0;
  Place place_ = Place::kTop;
};

}  // namespace corelane::proto
