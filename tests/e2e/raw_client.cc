#include "raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "server_process.h"

namespace corelane::e2e {
namespace {

bool WaitFor(int fd, short events, int64_t end_ms) {
  while (true) {
    const int64_t left = end_ms - NowMillis();
    if (left <= 0) return false;
    pollfd ready{fd, events, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(left));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return false;
  }
}

void AppendU32(size_t number, std::string& to) {
  for (int shift = 0; shift < 32; shift += 8) to += static_cast<char>(number >> shift & 0xff);
}

size_t LoadU32(std::string_view from) {
  size_t number = 0;
  for (size_t i = 0; i < 4; ++i) number |= size_t{static_cast<uint8_t>(from[i])} << (8 * i);
  return number;
}

}  // namespace

RawClient::RawClient(uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), deadline_ms_(kDeadlineMillis) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    fd_.Reset();
    ended_ = true;
  }
}

int64_t RawClient::SendSome(std::string_view bytes) {
  const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

bool RawClient::Send(std::string_view bytes) {
  const int64_t end = NowMillis() + deadline_ms_;
  while (!bytes.empty()) {
    const int64_t sent = SendSome(bytes);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
    if (!bytes.empty() && !WaitFor(fd_.get(), POLLOUT, end)) return false;
  }
  return true;
}

bool RawClient::SendSlowly(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [this](const char& byte) {
    return Send({&byte, 1});
  });
}

bool RawClient::Fill(size_t bytes) {
  const int64_t end = NowMillis() + deadline_ms_;
  while (unread_.size() - taken_ < bytes && !ended_) {
    if (!WaitFor(fd_.get(), POLLIN, end)) return false;
    static constexpr size_t kReceivedTogether = size_t{64} << 10;
    if (taken_ > kReceivedTogether) {
      unread_.erase(0, taken_);
      taken_ = 0;
    }
    const size_t before = unread_.size();
    unread_.resize(before + kReceivedTogether);
    const ssize_t got = ::recv(fd_.get(), unread_.data() + before, kReceivedTogether, 0);
    unread_.resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got == 0 || (got < 0 && errno != EINTR)) ended_ = true;
  }
  return unread_.size() - taken_ >= bytes;
}

std::string RawClient::Take(size_t bytes) {
  bytes = std::min(bytes, unread_.size() - taken_);
  std::string taken = unread_.substr(taken_, bytes);
  taken_ += bytes;
  return taken;
}

std::string RawClient::Read(size_t bytes) {
  Fill(bytes);
  return Take(bytes);
}

std::string RawClient::ReadToEnd() { return Read(SIZE_MAX); }

// Where the line ends that begins `from` bytes behind taken_; 0 when it never comes.
size_t RawClient::LineEnd(size_t from) {
  size_t searched = from;
  while (true) {
    const size_t found = unread_.find("\r\n", taken_ + searched);
    if (found != std::string::npos) return found + 2 - taken_;
    const size_t have = unread_.size() - taken_;
    searched = std::max(from, have == 0 ? 0 : have - 1);
    if (!Fill(have + 1)) return 0;
  }
}

size_t RawClient::RespEnd(size_t from) {
  size_t end = LineEnd(from);
  if (end == 0) return 0;
  const char mark = unread_[taken_ + from];
  if (mark != '$' && mark != '*') return end;
  const int64_t count = ParseNumber(std::string_view(unread_).substr(taken_ + from + 1));
  if (count < 0) return end;
  if (mark == '$') {
    end += static_cast<size_t>(count) + 2;
    return Fill(end) ? end : 0;
  }
  for (int64_t i = 0; i < count && end != 0; ++i) end = RespEnd(end);
  return end;
}

std::string RawClient::ReadResp() { return Take(RespEnd(0)); }

std::string RawClient::ReadNative() {
  constexpr size_t kHeaderBytes = 5;
  if (!Fill(kHeaderBytes)) return {};
  const size_t value = LoadU32(std::string_view(unread_).substr(taken_ + 1, 4));
  return Fill(kHeaderBytes + value) ? Take(kHeaderBytes + value) : std::string();
}

std::string RawClient::Ask(std::string_view request) {
  return Send(request) ? ReadResp() : std::string();
}

void RawClient::HalfClose() { ::shutdown(fd_.get(), SHUT_WR); }

void RawClient::Reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  fd_.Reset();
}

int64_t ParseNumber(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string Bulk(std::string_view bytes) {
  std::string text = "$" + std::to_string(bytes.size()) + "\r\n";
  text += bytes;
  return text += "\r\n";
}

std::string Resp(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) text += Bulk(word);
  return text;
}

std::string Native(uint8_t opcode, std::string_view key, std::string_view value) {
  std::string text(1, static_cast<char>(opcode));
  AppendU32(key.size(), text);
  AppendU32(value.size(), text);
  text += key;
  return text += value;
}

std::string NativeReply(uint8_t status, std::string_view value) {
  std::string text(1, static_cast<char>(status));
  AppendU32(value.size(), text);
  return text += value;
}

}  // namespace corelane::e2e
