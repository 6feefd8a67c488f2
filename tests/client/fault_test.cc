// What the client does when the server, or the way to it, misbehaves.

#include <corelane/client.h>
#include <corelane/pipeline.h>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "client/socket.h"
#include "test_server.h"

namespace corelane::client {
namespace {

// Reads one request and then closes, on every connection.
void ReadOneAndClose(TestConnection& connection) { (void)connection.ReadRequest(); }

TEST(FaultTest, NobodyThere) {
  ClientOptions options;
  options.port = UnusedPort();
  const Result<Client> client = Client::Connect(options);
  ASSERT_EQ(client.code(), StatusCode::kConnectionFailed);
  EXPECT_EQ(client.status().message(),
            "cannot connect to 127.0.0.1:" + std::to_string(options.port) + ": Connection refused");
  options.host = "::1";
  EXPECT_EQ(Client::Connect(options).code(), StatusCode::kConnectionFailed);
  options.host = "no-such-host.invalid";
  EXPECT_EQ(Client::Connect(options).code(), StatusCode::kConnectionFailed);
  options.host = "";
  options.port = 0;
  EXPECT_EQ(Client::Connect(options).code(), StatusCode::kConnectionFailed);
}

// A listener whose queue is full drops the first packet of a connection: the same as a machine that
// is switched off.
TEST(FaultTest, ConnectTimesOut) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const uint16_t port = ntohs(address.sin_port);
  std::vector<Socket> fillers;
  Status status;
  while (status.ok() && fillers.size() < 8) {
    Result<Socket> filler = Socket::Connect("127.0.0.1", port, 100);
    status = filler.status();
    if (filler.ok()) fillers.push_back(std::move(*filler));
  }
  EXPECT_EQ(status.code(), StatusCode::kConnectionFailed);
  EXPECT_NE(status.message().find("Connection timed out"), std::string::npos) << status.message();
  (void)::close(listener);
}

TEST(FaultTest, RequestTimesOutAndTheConnectionIsNotUsedAgain) {
  std::atomic<int> requests = 0;
  TestServer server([&](TestConnection& connection) {
    if (connection.index() == 0) {
      // Half a reply is no reply.
      while (connection.ReadRequest().has_value()) {
        ++requests;
        (void)connection.Send(std::string_view("\0\x04\0\0", 4));
      }
      return;
    }
    while (connection.ReadRequest().has_value()) (void)connection.SendReply(0, "PONG");
  });
  ClientOptions options = server.Options();
  options.request_timeout_ms = 50;
  Client client = Client::Connect(options).value();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(client.Ping().code(), StatusCode::kTimeout);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
  EXPECT_FALSE(client.connected());
  EXPECT_EQ(server.accepted(), 1u);
  EXPECT_EQ(requests.load(), 1);
}

TEST(FaultTest, RetriesAnIdempotentOperationExactlyOnce) {
  TestServer server(ReadOneAndClose);
  Client client = Client::Connect(server.Options()).value();
  EXPECT_EQ(client.Get("k").code(), StatusCode::kConnectionLost);
  EXPECT_EQ(server.accepted(), 2u);
  EXPECT_EQ(client.Put("k", "v").code(), StatusCode::kConnectionLost);
  EXPECT_EQ(server.accepted(), 4u);
}

TEST(FaultTest, EachIdempotentOperationSurvivesOneBrokenConnection) {
  // Every other connection breaks, with the request read or a part of the reply sent.
  TestServer server([](TestConnection& connection) {
    const std::optional<RawRequest> request = connection.ReadRequest();
    if (connection.index() % 4 == 0) return;
    if (connection.index() % 4 == 2) {
      (void)connection.Send(std::string_view("\0\x08\0\0\0ab", 7));
      return;
    }
    std::string reply(8, '\0');
    if (request.has_value() && request->opcode == 0x17) reply.assign(12, '\0');
    if (request.has_value() && request->opcode == 0x18) reply = "entries 0\n";
    (void)connection.SendReply(0, reply);
  });
  Client client = Client::Connect(server.Options()).value();
  // One connection breaks and one answers, and then closes: what follows starts on a broken one
  // again.
  EXPECT_TRUE(client.Ping().ok());
  EXPECT_TRUE(client.Reconnect().ok());
  EXPECT_TRUE(client.Get("k").ok());
  EXPECT_TRUE(client.Reconnect().ok());
  EXPECT_TRUE(client.Contains("k").ok());
  EXPECT_TRUE(client.Reconnect().ok());
  EXPECT_TRUE(client.Count().ok());
  EXPECT_TRUE(client.Reconnect().ok());
  EXPECT_TRUE(client.Ttl("k").ok());
  EXPECT_TRUE(client.Reconnect().ok());
  EXPECT_TRUE(client.List(0).ok());
  EXPECT_TRUE(client.Reconnect().ok());
  EXPECT_TRUE(client.Stats().ok());
  EXPECT_TRUE(client.Reconnect().ok());
  EXPECT_TRUE(client.Put("k", "v").ok());
  EXPECT_EQ(server.accepted(), 16u);
}

TEST(FaultTest, DoesNotRetryWhatMustNotBeDoneTwice) {
  TestServer server(ReadOneAndClose);
  Client client = Client::Connect(server.Options()).value();
  EXPECT_EQ(client.Delete("k").code(), StatusCode::kConnectionLost);
  EXPECT_EQ(server.accepted(), 1u);
  EXPECT_EQ(client.Increment("k").code(), StatusCode::kConnectionLost);
  EXPECT_EQ(server.accepted(), 2u);
  EXPECT_EQ(client.Expire("k", std::chrono::seconds(1)).code(), StatusCode::kConnectionLost);
  EXPECT_EQ(client.Persist("k").code(), StatusCode::kConnectionLost);
  EXPECT_EQ(client.Clear().code(), StatusCode::kConnectionLost);
  EXPECT_EQ(server.accepted(), 5u);
}

// A connection that the server closed while it lay idle is replaced before anything is sent, for
// all operations alike.
TEST(FaultTest, ReplacesAConnectionThatDiedIdle) {
  TestServer server([](TestConnection& connection) {
    if (connection.index() == 0) return;
    if (connection.ReadRequest().has_value()) {
      (void)connection.SendReply(0, std::string_view("\1\0\0\0", 4));
    }
    connection.ReadToEnd();
  });
  Client client = Client::Connect(server.Options()).value();
  while (client.LooksHealthy()) {
  }
  const Result<bool> deleted = client.Delete("k");
  ASSERT_TRUE(deleted.ok()) << deleted.status().ToString();
  EXPECT_TRUE(*deleted);
  EXPECT_EQ(server.accepted(), 2u);
}

TEST(FaultTest, DoesNotRetryAfterOtherErrors) {
  std::atomic<int> requests = 0;
  TestServer server([&](TestConnection& connection) {
    while (const std::optional<RawRequest> request = connection.ReadRequest()) {
      ++requests;
      (void)connection.SendReply(request->opcode < 0x10 ? 0x02 : 0x18, "too much to do");
    }
  });
  Client client = Client::Connect(server.Options()).value();
  EXPECT_EQ(client.Get("k").code(), StatusCode::kError);
  EXPECT_EQ(client.Contains("k").code(), StatusCode::kBusy);
  EXPECT_EQ(client.Put("k", "v").message(), "too much to do");
  EXPECT_EQ(requests.load(), 3);
  EXPECT_EQ(server.accepted(), 1u);
}

TEST(FaultTest, RefusesALengthOverTheLimitBeforeAllocating) {
  TestServer server([](TestConnection& connection) {
    (void)connection.ReadRequest();
    // 4 GiB - 1 are announced, and none of them comes.
    (void)connection.Send(std::string_view("\0\xff\xff\xff\xff", 5));
    connection.ReadToEnd();
  });
  Client client = Client::Connect(server.Options()).value();
  rusage before{};
  rusage after{};
  ASSERT_EQ(::getrusage(RUSAGE_SELF, &before), 0);
  const Result<std::optional<std::string>> value = client.Get("k");
  ASSERT_EQ(::getrusage(RUSAGE_SELF, &after), 0);
  EXPECT_EQ(value.code(), StatusCode::kProtocolError);
  EXPECT_FALSE(client.connected());
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 << 10);  // KiB
  EXPECT_EQ(server.accepted(), 1u);
}

TEST(FaultTest, TheLimitIsExact) {
  TestServer server([](TestConnection& connection) {
    while (const std::optional<RawRequest> request = connection.ReadRequest()) {
      (void)connection.SendReply(0, std::string(request->key == "fits" ? 10 : 11, 'v'));
    }
  });
  ClientOptions options = server.Options();
  options.value_bytes_max = 10;
  Client client = Client::Connect(options).value();
  EXPECT_EQ(client.Get("fits")->value().size(), 10u);
  EXPECT_EQ(client.Get("does not").code(), StatusCode::kProtocolError);
  EXPECT_FALSE(client.connected());
}

// The text of an error may be longer than the values that the client allows.
TEST(FaultTest, ErrorTextsHaveTheirOwnLimit) {
  TestServer server([](TestConnection& connection) {
    while (const std::optional<RawRequest> request = connection.ReadRequest()) {
      (void)connection.SendReply(2, "value exceeds maximum size");
    }
  });
  ClientOptions options = server.Options();
  options.value_bytes_max = 10;
  Client client = Client::Connect(options).value();
  EXPECT_EQ(client.Get("k").code(), StatusCode::kValueTooLarge);
  EXPECT_TRUE(client.connected());
}

TEST(FaultTest, GarbageClosesTheConnection) {
  const std::vector<std::string> garbage = {
      std::string("\x03\0\0\0\0", 5),    // a status that there is not
      std::string("\x80\0\0\0\0", 5),    // one that is never sent
      std::string("HTTP/1.1 400\r\n"),   // somebody else's port
      std::string("\x12\x01\0\0\0x", 6)  // a specific status from a command of version 1
  };
  for (const std::string& bytes : garbage) {
    TestServer server([&](TestConnection& connection) {
      (void)connection.ReadRequest();
      (void)connection.Send(bytes);
      connection.ReadToEnd();
    });
    Client client = Client::Connect(server.Options()).value();
    EXPECT_EQ(client.Get("k").code(), StatusCode::kProtocolError) << bytes;
    EXPECT_FALSE(client.connected());
    EXPECT_EQ(server.accepted(), 1u);
  }
}

TEST(FaultTest, AReplyOfTheWrongFormClosesTheConnection) {
  TestServer server([](TestConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.SendReply(0, "7 bytes");
    connection.ReadToEnd();
  });
  Client client = Client::Connect(server.Options()).value();
  EXPECT_EQ(client.Count().code(), StatusCode::kProtocolError);
  EXPECT_FALSE(client.connected());
  EXPECT_EQ(server.accepted(), 1u);
}

// A reply that nobody asked for must never answer the next request.
TEST(FaultTest, UnaskedForBytesDoNotAnswerTheNextRequest) {
  TestServer server([](TestConnection& connection) {
    while (const std::optional<RawRequest> request = connection.ReadRequest()) {
      const std::string reply = std::string("\0\x01\0\0\0", 5) + request->key;
      (void)connection.Send(request->key == "a" ? reply + reply : reply);
    }
  });
  Client client = Client::Connect(server.Options()).value();
  EXPECT_EQ(**client.Get("a"), "a");
  EXPECT_EQ(**client.Get("b"), "b");
  EXPECT_EQ(server.accepted(), 2u);
}

// What a server says before it closes on us arrives, even if it did not read what we sent.
TEST(FaultTest, TheLastWordsOfAServerThatRefusesAreHeard) {
  TestServer server([](TestConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.SendReply(2, "key exceeds maximum size");
  });
  Client client = Client::Connect(server.Options()).value();
  EXPECT_EQ(client.Get("k").code(), StatusCode::kKeyTooLarge);
  EXPECT_EQ(server.accepted(), 1u);
}

TEST(FaultTest, AResetIsAConnectionError) {
  TestServer server([](TestConnection& connection) {
    (void)connection.ReadRequest();
    connection.Reset();
  });
  Client client = Client::Connect(server.Options()).value();
  const Status status = client.Increment("k").status();
  EXPECT_EQ(status.code(), StatusCode::kConnectionLost);
  EXPECT_NE(status.message().find("reset"), std::string::npos) << status.message();
}

// The whole batch has to fail, in good time, when the server goes while most of it is still to be
// sent.
TEST(FaultTest, ABatchEndsWhenTheServerGoes) {
  TestServer server(ReadOneAndClose);
  Client client = Client::Connect(server.Options()).value();
  const std::string value(1 << 20, 'v');
  const std::vector<KeyValue> entries(32, KeyValue{"k", value});
  const std::vector<Status> statuses = client.PutBatch(entries);
  ASSERT_EQ(statuses.size(), entries.size());
  for (const Status& status : statuses) EXPECT_EQ(status.code(), StatusCode::kConnectionLost);
  EXPECT_EQ(server.accepted(), 2u);
}

TEST(FaultTest, ReconnectsByItselfOnceTheServerIsBack) {
  std::atomic<bool> is_back = false;
  TestServer server([&](TestConnection& connection) {
    while (connection.ReadRequest().has_value()) {
      if (!is_back) return;
      (void)connection.SendReply(0, std::string_view("\1\0\0\0\0\0\0\0", 8));
    }
  });
  Client client = Client::Connect(server.Options()).value();
  EXPECT_EQ(client.Increment("n").code(), StatusCode::kConnectionLost);
  EXPECT_FALSE(client.connected());
  is_back = true;
  EXPECT_EQ(*client.Increment("n"), 1);
  EXPECT_TRUE(client.connected());
}

}  // namespace
}  // namespace corelane::client
