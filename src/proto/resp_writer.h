#pragma once

// RespWriter: replies in RESP2 or RESP3, byte for byte as redis 7.0 writes them. Elements go
// straight into the output buffer with one reservation each. Owned by a RespCodec; one thread.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "kv/reply.h"

namespace corelane::proto {

class RespWriter final : public kv::ReplyWriter {
 public:
  // What follows goes to `out`. `resp_version` is the session's, 2 or 3, and is looked at when an
  // element is written: the reply to HELLO is in the version that HELLO has just chosen.
  void Begin(const int& resp_version, base::Buffer& out) {
    resp_version_ = &resp_version;
    out_ = &out;
  }

  void Ok() override;
  void Nil() override;
  void NilArray() override;
  void Integer(int64_t integer) override;
  void Boolean(bool boolean) override;
  void Double(double real) override;
  void Simple(std::string_view word) override;
  void Bulk(std::string_view bytes) override;
  void Value(const kv::ValueView& value) override;
  void Array(size_t count) override;
  void Map(size_t pairs) override;
  void Set(size_t count) override;
  void Text(std::string_view text) override;
  // The prefix of `code` (PROTOCOL.md has the table), then the message with its line ends turned
  // into blanks.
  void Error(StatusCode code, std::string_view message) override;

 private:
  void NumberLine(char mark, int64_t number);

  [[nodiscard]] bool resp3() const { return *resp_version_ >= 3; }

  const int* resp_version_ = nullptr;
  base::Buffer* out_ = nullptr;
};

// "ERR ", "WRONGTYPE ", ...: what stands in front of an error's message.
[[nodiscard]] std::string_view RespErrorPrefix(StatusCode code);

}  // namespace corelane::proto
