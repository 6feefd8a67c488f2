#pragma once

// NativeCodec: the server's half of the native protocol (PROTOCOL.md). Every request has the same
// 9-byte frame, so that a request is found by its header alone and a partial one costs nothing to
// look at again. Owned by one connection, used by its lane's thread.
//
// What always holds: an oversized length or an unknown command is refused from the header, before
// any of the announced bytes came. Arguments that do not parse inside a sound frame are answered in
// their turn and the connection goes on: the request travels as a PING whose tag carries the status
// to answer instead.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/codec.h"
#include "proto/native_writer.h"

namespace corelane::proto {

class NativeCodec final : public Codec {
 public:
  explicit NativeCodec(const CodecLimits& limits);

  [[nodiscard]] DecodeResult Decode(std::string_view in, size_t requests_max,
                                    kv::RequestBatch& batch) override;
  [[nodiscard]] kv::ReplyWriter& BeginReply(uint32_t tag, const kv::Session& session,
                                            base::Buffer& out) override;
  void EndReply() override { writer_.End(); }

 private:
  struct Frame {
    uint8_t opcode;
    std::string_view key;
    std::string_view value;
  };

  [[nodiscard]] size_t ValueBytesMax(uint8_t opcode) const;
  void Emit(const Frame& frame, kv::RequestBatch& batch) const;
  [[nodiscard]] StatusCode EmitArguments(const Frame& frame, kv::RequestBatch& batch) const;
  [[nodiscard]] StatusCode EmitKeys(std::string_view list, kv::RequestBatch& batch) const;
  [[nodiscard]] StatusCode EmitPairs(std::string_view list, kv::RequestBatch& batch) const;

  CodecLimits limits_;
  NativeWriter writer_;
};

}  // namespace corelane::proto
