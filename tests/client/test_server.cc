#include "test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/bytes.h"
#include "base/check.h"

namespace corelane::client {
namespace {

int BindLoopback(uint16_t& port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(descriptor >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(::bind(descriptor, generic, sizeof(address)) == 0);
  socklen_t size = sizeof(address);
  CHECK(::getsockname(descriptor, generic, &size) == 0);
  port = ntohs(address.sin_port);
  return descriptor;
}

}  // namespace

bool TestConnection::ReadExactly(char* into, size_t bytes) {
  while (bytes > 0) {
    const ssize_t received = ::recv(descriptor_, into, bytes, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    into += received;
    bytes -= static_cast<size_t>(received);
  }
  return true;
}

std::string TestConnection::ReadSome() {
  std::string bytes(size_t{64} << 10, '\0');
  const ssize_t received = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  bytes.resize(received > 0 ? static_cast<size_t>(received) : 0);
  return bytes;
}

std::optional<RawRequest> TestConnection::ReadRequest() {
  char header[9];
  if (!ReadExactly(header, sizeof(header))) return std::nullopt;
  RawRequest request;
  request.opcode = static_cast<uint8_t>(header[0]);
  request.key.resize(base::LoadLittle<uint32_t>(header + 1));
  request.value.resize(base::LoadLittle<uint32_t>(header + 5));
  if (!ReadExactly(request.key.data(), request.key.size())) return std::nullopt;
  if (!ReadExactly(request.value.data(), request.value.size())) return std::nullopt;
  return request;
}

void TestConnection::ReadToEnd() {
  while (!ReadSome().empty()) {
  }
}

bool TestConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool TestConnection::SendReply(uint8_t status, std::string_view value) {
  std::string reply(5, '\0');
  reply[0] = static_cast<char>(status);
  base::StoreLittle(reply.data() + 1, static_cast<uint32_t>(value.size()));
  return Send(reply.append(value));
}

void TestConnection::Reset() {
  const linger discard{1, 0};
  CHECK(::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &discard, sizeof(discard)) == 0);
}

TestServer::TestServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = BindLoopback(port_);
  CHECK(::listen(listener_, 128) == 0);
  acceptor_ = std::thread([this] { AcceptAll(); });
}

TestServer::~TestServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int descriptor : open_) (void)::shutdown(descriptor, SHUT_RDWR);
  }
  (void)::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  // The acceptor was the only one to add threads.
  for (std::thread& thread : threads_) thread.join();
  (void)::close(listener_);
}

ClientOptions TestServer::Options() const {
  ClientOptions options;
  options.port = port_;
  options.request_timeout_ms = 60'000;
  return options;
}

void TestServer::AcceptAll() {
  for (;;) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    const std::lock_guard lock(mutex_);
    if (ending_) {
      (void)::close(descriptor);
      return;
    }
    const size_t index = accepted_.fetch_add(1);
    open_.push_back(descriptor);
    threads_.emplace_back([this, descriptor, index] { Serve(descriptor, index); });
  }
}

void TestServer::Serve(int descriptor, size_t index) {
  TestConnection connection(descriptor, index);
  handler_(connection);
  const std::lock_guard lock(mutex_);
  std::erase(open_, descriptor);
  (void)::close(descriptor);
}

uint16_t UnusedPort() {
  uint16_t port = 0;
  (void)::close(BindLoopback(port));
  return port;
}

}  // namespace corelane::client
