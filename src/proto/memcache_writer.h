#pragma once

// MemcacheWriter: replies in the memcache protocol, byte for byte as memcached 1.6 writes them.
// What elements a reply consists of depends on its shape, which the codec puts into the request's
// tag. Owned by a MemcacheCodec; one thread.
//
//   kLine             one word or text; a line of its own
//   kValues           an array with an element for each key: nil, or an array of key and value
//   kValuesWithCas    the same, printed with the versions
//   kMeta             an array: the return code, the length (only with a value), the flags as they
//                     are printed, the value. An empty array prints nothing
//   kStats            a map of names and values, or a word
//
// A quiet reply prints nothing at all.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "kv/reply.h"

namespace corelane::proto {

enum class MemcacheShape : uint8_t { kLine, kValues, kValuesWithCas, kMeta, kStats };

[[nodiscard]] constexpr uint32_t MemcacheTag(MemcacheShape shape, bool quiet) {
  return static_cast<uint32_t>(shape) | (quiet ? 1U << 8 : 0);
}

class MemcacheWriter final : public kv::ReplyWriter {
 public:
  void Begin(uint32_t tag, base::Buffer& out);
  void End();

  void Ok() override { Line("OK"); }
  void Nil() override {}  // a key that is not there
  void Integer(int64_t integer) override;
  void Boolean(bool boolean) override { Integer(boolean ? 1 : 0); }
  void Double(double real) override;
  void Simple(std::string_view word) override;
  void Bulk(std::string_view bytes) override;
  void Value(const kv::ValueView& value) override;
  void Array(size_t count) override;
  void Map(size_t pairs) override;
  void Error(StatusCode code, std::string_view message) override;

 private:
  void Line(std::string_view text);
  void Number(uint64_t number);

  base::Buffer* out_ = nullptr;
  MemcacheShape shape_ = MemcacheShape::kLine;
  bool quiet_ = false;
  bool listing_ = false;    // what ends with END
  bool meta_open_ = false;  // a meta reply's last line has no end yet
  bool at_name_ = true;     // of a pair of stats
};

}  // namespace corelane::proto
