#pragma once

// RawClient: a blocking TCP connection to a server under test that sends exactly the bytes it is
// told to, and reads replies as the bytes they are. Knows just enough RESP and native framing to
// tell where a reply ends; deliberately shares no code with the server.
//
// The test owns it. One thread may send while another reads. Every call ends at kDeadlineMillis.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/unique_fd.h"

namespace corelane::e2e {

class RawClient {
 public:
  explicit RawClient(uint16_t port);

  [[nodiscard]] bool connected() const { return fd_.valid(); }
  // All of it, or false.
  bool Send(std::string_view bytes);
  // As much as fits at once, without waiting; how much that was. -1: the connection is gone.
  [[nodiscard]] int64_t SendSome(std::string_view bytes);
  // One byte at a time, each in a segment of its own.
  bool SendSlowly(std::string_view bytes);
  // So many bytes, or what came before the end.
  [[nodiscard]] std::string Read(size_t bytes);
  [[nodiscard]] std::string ReadToEnd();
  // One whole RESP reply, as sent; empty when the connection ended before.
  [[nodiscard]] std::string ReadResp();
  // One whole native reply; empty when the connection ended before.
  [[nodiscard]] std::string ReadNative();
  // Send() and ReadResp().
  [[nodiscard]] std::string Ask(std::string_view request);
  // Ends our side; what the server still sends is read as before.
  void HalfClose();
  // Closes with a reset.
  void Reset();
  // The end of the stream was reached, by a close or a reset.
  [[nodiscard]] bool ended() const { return ended_; }
  void set_deadline_ms(int64_t deadline_ms) { deadline_ms_ = deadline_ms; }

 private:
  // Receives until `unread_` holds so many bytes.
  bool Fill(size_t bytes);
  [[nodiscard]] size_t LineEnd(size_t from);
  [[nodiscard]] size_t RespEnd(size_t from);
  [[nodiscard]] std::string Take(size_t bytes);

  io::UniqueFd fd_;
  int64_t deadline_ms_;
  std::string unread_;
  size_t taken_ = 0;  // of unread_
  bool ended_ = false;
};

// The number at the front of `text`; 0 when there is none.
[[nodiscard]] int64_t ParseNumber(std::string_view text);
// "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
[[nodiscard]] std::string Resp(const std::vector<std::string>& words);
// "$5\r\nhello\r\n"
[[nodiscard]] std::string Bulk(std::string_view bytes);
// A native request and a native reply.
[[nodiscard]] std::string Native(uint8_t opcode, std::string_view key, std::string_view value = {});
[[nodiscard]] std::string NativeReply(uint8_t status, std::string_view value = {});

inline constexpr uint8_t kPut = 0x01;
inline constexpr uint8_t kGet = 0x02;
inline constexpr uint8_t kDelete = 0x03;
inline constexpr uint8_t kPing = 0x04;

}  // namespace corelane::e2e
