#pragma once

// JsonWire: the JSON protocol (src/proto/PROTOCOL.md, part 4) as a Wire. One for each connection,
// used by its thread. It has one key a request, and nothing expires.
//
// A reply is a line. The few shapes that a server of ours answers with are recognised in place;
// what else is JSON goes through JsonReader. A value that is a string is given as its bytes,
// spelled out, and so is {"Binary":[...]}; any other as the JSON that it is.

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "loadgen/pending_requests.h"
#include "loadgen/wire.h"
#include "proto/json_reader.h"
#include "proto/line_scanner.h"

namespace corelane::loadgen {

class JsonWire final : public Wire {
 public:
  [[nodiscard]] size_t Open(base::Buffer& /*out*/) override { return 0; }
  void Read(std::string_view key, base::Buffer& out) override;
  // A value that is no UTF-8 is sent as {"Binary":[...]}.
  void Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
             base::Buffer& out) override;
  void Delete(std::string_view key, base::Buffer& out) override;
  [[nodiscard]] proto::ReplyState Next(std::string_view in, WireReply& reply) override;

 private:
  // Each is false when the line is no reply to what was asked.
  [[nodiscard]] bool Take(AskedKind kind, std::string_view line, WireReply& reply);
  [[nodiscard]] bool TakeAnyJson(AskedKind kind, std::string_view line, WireReply& reply);
  // The value at the front of `json`, which reads `line`.
  void TakeValue(std::string_view line, proto::JsonReader& json, WireReply& reply);
  [[nodiscard]] std::string_view SpelledOut(std::string_view object);

  PendingRequests pending_;
  proto::LineScanner line_;
  std::deque<std::string> spelled_;  // what the views of the latest reply point to
};

}  // namespace corelane::loadgen
