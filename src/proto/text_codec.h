#pragma once

// TextCodec: the server's half of the text protocol, a line a request, made for telnet and netcat
// (PROTOCOL.md, part 3). Owned by one connection, used by its lane's thread.
//
// What always holds: every received byte is looked at once for the end of its line, in whatever
// pieces it comes. What is no request is answered in its turn and the connection goes on: it
// travels as the empty word, which no command has, under a tag that says the answer.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "proto/codec.h"
#include "proto/line_scanner.h"
#include "proto/text_writer.h"

namespace corelane::proto {

// The longest line, without its end: room for SETTYPED with the longest key and the longest value
// in its longest spelling, as long as that is within what any request may have; a plain SET always
// fits.
[[nodiscard]] size_t TextLineBytesMax(const CodecLimits& limits);

inline constexpr std::string_view kTextLineTooLong = "line exceeds maximum size";

class TextCodec final : public Codec {
 public:
  explicit TextCodec(const CodecLimits& limits) : line_bytes_max_(TextLineBytesMax(limits)) {}

  [[nodiscard]] DecodeResult Decode(std::string_view in, size_t requests_max,
                                    kv::RequestBatch& batch) override;
  [[nodiscard]] kv::ReplyWriter& BeginReply(uint32_t tag, const kv::Session& session,
                                            base::Buffer& out) override;
  void EndReply() override {}

  // How many bytes were looked at for the end of a line: what a test of linear cost counts.
  [[nodiscard]] uint64_t bytes_scanned() const { return line_.bytes_scanned(); }

 private:
  // The step of DecodeEach(): one line.
  [[nodiscard]] bool DecodeLine(std::string_view rest, kv::RequestBatch& batch,
                                DecodeResult& result);
  void Emit(std::string_view line, kv::RequestBatch& batch);
  void EmitTyped(std::string_view rest, kv::RequestBatch& batch);

  const size_t line_bytes_max_;
  LineScanner line_;
  TextWriter writer_;
  std::deque<std::string> spelled_;  // the typed values of the batch that is out
};

}  // namespace corelane::proto
