#pragma once

// TestServer: a TCP server on a free port of the loopback that does to its clients whatever a test
// wants. Each connection runs the test's handler on a thread of its own; the connection closes when
// the handler returns. Owned by the test, which may outlive its connections in any order: the
// destructor shuts all of them down and waits for their threads.

#include <corelane/client.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace corelane::client {

// A request as its frame has it.
struct RawRequest {
  uint8_t opcode = 0;
  std::string key;
  std::string value;
};

// The server's end of one connection. Blocking; false and nullopt mean that the client is gone or
// the server is ending.
class TestConnection {
 public:
  TestConnection(int descriptor, size_t index) : descriptor_(descriptor), index_(index) {}

  // How many connections the server had accepted before this one.
  [[nodiscard]] size_t index() const { return index_; }
  bool ReadExactly(char* into, size_t bytes);
  // At most 64 KiB of what has arrived; empty at the end.
  std::string ReadSome();
  std::optional<RawRequest> ReadRequest();
  // Reads and drops until the client closes.
  void ReadToEnd();
  bool Send(std::string_view bytes);
  bool SendReply(uint8_t status, std::string_view value);
  // Closes so that the client sees a reset instead of an end.
  void Reset();

 private:
  int descriptor_;
  size_t index_;
};

class TestServer {
 public:
  using Handler = std::function<void(TestConnection&)>;

  explicit TestServer(Handler handler);
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer();

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] size_t accepted() const { return accepted_.load(); }
  // To connect to it, with a request timeout that no test reaches by accident.
  [[nodiscard]] ClientOptions Options() const;

 private:
  void AcceptAll();
  void Serve(int descriptor, size_t index);

  Handler handler_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<size_t> accepted_ = 0;
  std::mutex mutex_;
  bool ending_ = false;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A port of the loopback on which nobody listens.
[[nodiscard]] uint16_t UnusedPort();

}  // namespace corelane::client
