#pragma once

// JsonCodec: the server's half of the JSON protocol: objects back to back, with or without white
// space between them (PROTOCOL.md, part 4). Owned by one connection, used by its lane's thread.
//
// What always holds: the end of an object is looked for in every received byte once, in whatever
// pieces they come; a whole object is then read once more. JSON that asks for nothing we know is
// answered in its turn and the connection goes on: it travels as the empty word, which no command
// has, under a tag that says the answer. What is no JSON is answered with its position, and closes.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "proto/codec.h"
#include "proto/json_scanner.h"
#include "proto/json_writer.h"

namespace corelane::proto {

// The longest request: what any request may have, and always room for a key and a value within
// their limits that need no escapes.
[[nodiscard]] size_t JsonRequestBytesMax(const CodecLimits& limits);

inline constexpr std::string_view kJsonRequestTooLong = "request exceeds maximum size";

class JsonCodec final : public Codec {
 public:
  explicit JsonCodec(const CodecLimits& limits) : request_bytes_max_(JsonRequestBytesMax(limits)) {}

  [[nodiscard]] DecodeResult Decode(std::string_view in, size_t requests_max,
                                    kv::RequestBatch& batch) override;
  [[nodiscard]] kv::ReplyWriter& BeginReply(uint32_t tag, const kv::Session& session,
                                            base::Buffer& out) override;
  void EndReply() override {}

  // How many bytes were looked at for the end of an object: what a test of linear cost counts.
  [[nodiscard]] uint64_t bytes_scanned() const { return scanner_.bytes_scanned(); }

 private:
  // The step of DecodeEach(): one object.
  [[nodiscard]] bool DecodeObject(std::string_view rest, kv::RequestBatch& batch,
                                  DecodeResult& result);
  [[nodiscard]] bool FindEnd(std::string_view rest, DecodeResult& result);

  const size_t request_bytes_max_;
  JsonScanner scanner_;
  JsonWriter writer_;
  std::deque<std::string> spelled_;  // strings with escapes, and values, of the batch that is out
};

}  // namespace corelane::proto
