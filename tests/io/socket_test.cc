#include "io/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "harness.h"

namespace corelane::io {
namespace {

TEST(Endpoint, ParsesWhatPeopleWrite) {
  const struct {
    std::string_view text;
    std::string_view host;
    uint16_t port;
  } kCases[] = {
      {"127.0.0.1:7878", "127.0.0.1", 7878}, {"[::1]:0", "::1", 0},
      {"[::]:65535", "::", 65535},           {"localhost:80", "localhost", 80},
      {"0.0.0.0:1", "0.0.0.0", 1},
  };
  for (const auto& it : kCases) {
    const Result<Endpoint> endpoint = ParseEndpoint(it.text);
    ASSERT_TRUE(endpoint.ok()) << it.text;
    EXPECT_EQ(endpoint->host, it.host);
    EXPECT_EQ(endpoint->port, it.port);
    EXPECT_EQ(EndpointText(*endpoint), it.text);
  }
}

TEST(Endpoint, RefusesTheRest) {
  for (const std::string_view text :
       {"", ":", "127.0.0.1", "127.0.0.1:", ":80", "[]:80", "[::1:80", "::1:80", "[::1]", "a:65536",
        "a:-1", "a:+1", "a: 1", "a:1 ", "a:0x10", "a:99999999999999999999", "[::1]x:80"}) {
    const Result<Endpoint> endpoint = ParseEndpoint(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.code(), StatusCode::kBadArgument);
    EXPECT_NE(endpoint.status().message().find(std::string(text)), std::string::npos);
  }
  EXPECT_FALSE(ParseEndpoint(std::string_view("a\0b:80", 6)).ok());
}

TEST(Listen, TakesAFreePortAndSaysWhich) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const Result<UniqueFd> listener = Listen({host, 0}, 8);
    ASSERT_TRUE(listener.ok()) << listener.status().ToString();
    const uint16_t port = LocalPort(listener->get()).value();
    EXPECT_NE(port, 0);
    EXPECT_NE(::fcntl(listener->get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC, 0);
    const Result<UniqueFd> client = Connect({host, port});
    ASSERT_TRUE(client.ok()) << client.status().ToString();
    EXPECT_EQ(PeerAddressText(client->get()), LocalAddressText(listener->get()));
  }
  const UniqueFd v4 = Listen({"127.0.0.1", 0}, 8).value();
  const std::string port = std::to_string(LocalPort(v4.get()).value());
  EXPECT_EQ(LocalAddressText(v4.get()), "127.0.0.1:" + port);
}

TEST(Listen, SaysWhatIsWrong) {
  const UniqueFd first = Listen({"127.0.0.1", 0}, 8).value();
  const uint16_t port = LocalPort(first.get()).value();
  const Result<UniqueFd> second = Listen({"127.0.0.1", port}, 8);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(),
            "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
  const Result<UniqueFd> elsewhere = Listen({"192.0.2.1", 0}, 8);
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_EQ(elsewhere.status().message(),
            "cannot listen on 192.0.2.1:0: Cannot assign requested address");
  const Result<UniqueFd> nowhere = Listen({"no such host", 0}, 8);
  ASSERT_FALSE(nowhere.ok());
  EXPECT_NE(nowhere.status().message().find("cannot resolve no such host"), std::string::npos);
}

TEST(Connect, SaysWhoRefused) {
  UniqueFd listener = Listen({"127.0.0.1", 0}, 8).value();
  const Endpoint endpoint{"127.0.0.1", LocalPort(listener.get()).value()};
  listener.Reset();
  const Result<UniqueFd> client = Connect(endpoint);
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.code(), StatusCode::kConnectionFailed);
  EXPECT_EQ(client.status().message(),
            "cannot connect to " + EndpointText(endpoint) + ": Connection refused");
}

TEST(NumericEndpoint, IsThatOfTheAddressWhichAccepts) {
  const UniqueFd listener = Listen({"127.0.0.1", 0}, 8).value();
  const uint16_t port = LocalPort(listener.get()).value();
  const Result<Endpoint> found = NumericEndpoint({"localhost", port});
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(EndpointText(*found), "127.0.0.1:" + std::to_string(port));
  // Addresses are taken at their word.
  EXPECT_EQ(NumericEndpoint({"::1", 1})->host, "::1");
  EXPECT_EQ(NumericEndpoint({"192.0.2.1", 1})->host, "192.0.2.1");
  EXPECT_FALSE(NumericEndpoint({"no such host", port}).ok());
}

TEST(Socket, Options) {
  const UniqueFd listener = Listen({"127.0.0.1", 0}, 8).value();
  const UniqueFd fd = Connect({"127.0.0.1", LocalPort(listener.get()).value()}).value();
  SetNoDelay(fd.get());
  SetKeepAlive(fd.get());
  int value = 0;
  socklen_t size = sizeof(value);
  ASSERT_EQ(::getsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
  EXPECT_NE(value, 0);
  ASSERT_EQ(::getsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &value, &size), 0);
  EXPECT_NE(value, 0);
}

TEST(Socket, PairHasNoAddress) {
  const auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(LocalAddressText(pair->first.get()), "");
  EXPECT_FALSE(LocalPort(pair->first.get()).ok());
  SetNoDelay(pair->first.get());
}

TEST(UniqueFd, ClosesOnce) {
  int raw = -1;
  {
    auto pair = SocketPair();
    UniqueFd moved = std::move(pair->first);
    raw = moved.get();
    EXPECT_FALSE(pair->first.valid());
    EXPECT_NE(::fcntl(raw, F_GETFD), -1);
    UniqueFd other(moved.Release());
    EXPECT_EQ(other.get(), raw);
  }
  EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

}  // namespace
}  // namespace corelane::io
