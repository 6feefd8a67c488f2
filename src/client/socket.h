#pragma once

// Socket: a connected TCP socket that never blocks by itself; waiting is always poll(2) with a
// Deadline. Owns its descriptor. One thread. A peer that is gone is a result of Send() and
// Receive(), never a SIGPIPE.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "client/deadline.h"

namespace corelane::client {

enum class Transfer : uint8_t {
  kSome,        // `bytes` > 0 were moved
  kWouldBlock,  // nothing can be moved right now
  kEnd,         // Receive: the peer has closed its side
  kBroken,      // the connection is gone; `error` says why
};

struct TransferResult {
  Transfer outcome = Transfer::kWouldBlock;
  size_t bytes = 0;
  int error = 0;  // errno
};

struct Readiness {
  bool readable = false;  // also when the peer closed or the connection broke: Receive() tells
  bool writable = false;
  [[nodiscard]] bool timed_out() const { return !readable && !writable; }
};

class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket() { Close(); }

  // Tries the addresses of `host` one after the other, each for its share of the time.
  [[nodiscard]] static Result<Socket> Connect(const std::string& host, uint16_t port,
                                              uint32_t timeout_ms);

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  void Close();

  [[nodiscard]] TransferResult Send(std::string_view bytes);
  [[nodiscard]] TransferResult Receive(char* into, size_t bytes_max);

  // Waits until there is something to receive or, if `for_writing`, room to send.
  [[nodiscard]] Readiness Wait(bool for_writing, const Deadline& deadline) const;

  // True when the socket is open, the peer has not closed and nothing has arrived.
  [[nodiscard]] bool IsQuiet() const;

 private:
  int descriptor_ = -1;
};

// "127.0.0.1:7878", "[::1]:7878".
[[nodiscard]] std::string AddressText(const std::string& host, uint16_t port);

// The system's words for an errno value ("Connection refused").
[[nodiscard]] std::string ErrorText(int error);

}  // namespace corelane::client
