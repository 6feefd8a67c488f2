#pragma once

// MemcacheBinaryWriter: replies as packets of memcache's binary protocol. The commands are those of
// the text protocol (memcache_writer.h), so what they say in words and lists is put together here
// and written at the end of the reply. Owned by a MemcacheBinaryCodec; one thread.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "kv/reply.h"
#include "proto/memcache_binary.h"

namespace corelane::proto {

// What a reply must know of its request.
struct BinaryRequest {
  uint8_t opcode = 0;  // as it came
  BinaryOpcode plain = BinaryOpcode::kNoop;
  bool quiet = false;
  BinaryStatus status = BinaryStatus::kOk;  // decided by the codec alone
  uint32_t opaque = 0;
  std::string key = {};  // only where the reply repeats it
};

class MemcacheBinaryWriter final : public kv::ReplyWriter {
 public:
  void Begin(BinaryRequest request, base::Buffer& out);
  void End();

  void Ok() override {}
  void Nil() override { status_ = BinaryStatus::kNotFound; }
  void Integer(int64_t /*integer*/) override {}
  void Boolean(bool /*boolean*/) override {}
  void Double(double /*real*/) override {}
  void Simple(std::string_view word) override;
  void Bulk(std::string_view bytes) override;
  void Value(const kv::ValueView& value) override;
  void Array(size_t /*count*/) override {}
  void Map(size_t /*pairs*/) override {}
  void Error(StatusCode code, std::string_view message) override;

 private:
  void Found(const kv::ValueView& value, std::string_view text);
  void Write(const BinaryResponse& response);
  [[nodiscard]] BinaryStatus NotStoredStatus() const;

  base::Buffer* out_ = nullptr;
  BinaryRequest request_;
  BinaryStatus status_ = BinaryStatus::kOk;
  bool written_ = false;
  uint64_t version_ = 0;
  std::string body_;  // the reply's value; of stats the name that waits for its value
};

}  // namespace corelane::proto
