#pragma once

// MemcacheBinaryCodec: the server's half of memcache's binary protocol, which a memcache listener
// speaks with a client whose first byte is 0x80. It accepts and refuses what memcached 1.6.18 does;
// PROTOCOL.md lists where it differs. There is no authentication. Owned by one connection, used by
// its lane's thread.
//
// What always holds: a header says how long its packet is, so that no byte is searched for; an
// announced length reserves nothing, and a body that is too long is passed over as it comes.
// Replies come back in the order of the requests: what they must know of them waits in a queue.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "kv/memcache.h"
#include "proto/codec.h"
#include "proto/decoding.h"
#include "proto/memcache_binary_writer.h"

namespace corelane::proto {

class MemcacheBinaryCodec final : public Codec {
 public:
  explicit MemcacheBinaryCodec(const CodecLimits& limits);

  [[nodiscard]] DecodeResult Decode(std::string_view in, size_t requests_max,
                                    kv::RequestBatch& batch) override;
  [[nodiscard]] kv::ReplyWriter& BeginReply(uint32_t tag, const kv::Session& session,
                                            base::Buffer& out) override;
  void EndReply() override { writer_.End(); }

 private:
  // One whole packet, taken apart.
  struct Packet {
    const BinaryRequestHeader& header;
    BinaryOpcode plain;
    std::string_view extras;
    std::string_view key;
    std::string_view value;
    kv::RequestBatch& batch;
  };

  // The step of DecodeEach(): one packet.
  [[nodiscard]] bool DecodeOne(std::string_view rest, kv::RequestBatch& batch,
                               DecodeResult& result);
  void TakePacket(const Packet& packet);
  void TakeRetrieval(const Packet& packet);
  void TakeStore(const Packet& packet);
  void TakeDelete(const Packet& packet);
  void TakeArithmetic(const Packet& packet);
  void TakeFlush(const Packet& packet);
  void TakeStat(const Packet& packet);
  void TakeTooLarge(const Packet& packet);
  void Say(const Packet& packet, BinaryStatus status, std::string_view text = {});
  [[nodiscard]] std::string_view Keep(const kv::MemcacheOptions& options);

  const CodecLimits limits_;
  const size_t key_bytes_max_;
  MemcacheBinaryWriter writer_;
  Swallower swallower_;
  std::deque<BinaryRequest> unanswered_;
  // What the requests of the batch that is out point to besides the received bytes.
  std::deque<kv::MemcacheOptions> options_;
};

}  // namespace corelane::proto
