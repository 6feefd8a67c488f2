#pragma once

// RespCodec: the server's half of RESP2 and RESP3, with inline commands. It accepts and refuses
// what redis 7.0 does, with the same words; PROTOCOL.md lists the few places where it differs and
// why. Owned by one connection, used by its lane's thread.
//
// What always holds: every received byte is looked at once, in whatever pieces it comes; an
// announced length reserves nothing.

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "proto/codec.h"
#include "proto/line_scanner.h"
#include "proto/resp_multibulk.h"
#include "proto/resp_writer.h"

namespace corelane::proto {

// A bulk this much longer than the longest key or value is still read, so that the command table
// can refuse it by name and keep the connection. A longer one is a protocol error.
inline constexpr size_t kRespBulkSlackBytes = size_t{1} << 20;

class RespCodec final : public Codec {
 public:
  explicit RespCodec(const CodecLimits& limits);

  [[nodiscard]] DecodeResult Decode(std::string_view in, size_t requests_max,
                                    kv::RequestBatch& batch) override;
  [[nodiscard]] kv::ReplyWriter& BeginReply(uint32_t tag, const kv::Session& session,
                                            base::Buffer& out) override;
  void EndReply() override {}

  // How many bytes were looked at for the end of a line: what a test of linear cost counts.
  [[nodiscard]] uint64_t bytes_scanned() const {
    return line_.bytes_scanned() + multibulk_.bytes_scanned();
  }

 private:
  // Steps of DecodeEach().
  [[nodiscard]] bool DecodeMultibulk(std::string_view rest, kv::RequestBatch& batch,
                                     DecodeResult& result);
  [[nodiscard]] bool DecodeInline(std::string_view rest, kv::RequestBatch& batch,
                                  DecodeResult& result);

  MultibulkLimits limits_;
  MultibulkParser multibulk_;
  RespWriter writer_;
  LineScanner line_;                      // of an inline command
  std::deque<std::string> quoted_words_;  // of the batch that is out
  std::vector<std::string_view> words_;
};

}  // namespace corelane::proto
