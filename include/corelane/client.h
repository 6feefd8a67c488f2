#pragma once

// Client: a blocking connection to a corelane server. Owned by its creator; one thread at a time
// (ClientPool in <corelane/pool.h> serves many). Never raises SIGPIPE, never throws on bad luck,
// never allocates for a length that a server only announced.
//
//   corelane::Result<corelane::Client> client = corelane::Client::Connect({.host = "localhost"});
//   if (!client.ok()) return Fail(client.status());
//   corelane::Status status = client->Put("greeting", "hello world");
//   corelane::Result<std::optional<std::string>> value = client->Get("greeting");
//
// Errors. A miss is not an error: it is an empty optional or false. A Status says what else went
// wrong: what the server refused (kDiskFull, kWrongType, ...; the connection goes on), or
// kConnectionFailed (nobody there), kConnectionLost, kTimeout, kProtocolError (the connection is
// closed), kClosed (after Close()).
//
// Retries. An idempotent operation whose connection breaks (kConnectionLost) is sent once more over
// a new connection; it is never repeated after any other error. Idempotent are the reads, Ping, and
// all puts and Save: a put that is done twice leaves what it left the first time. Delete,
// Increment, Expire, Persist and Clear are not: their answer, or what they do, differs the second
// time. After an error that closed the connection, the next operation connects anew by itself.

#include <corelane/limits.h>
#include <corelane/status.h>
#include <corelane/value.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corelane {

namespace client {
class Session;
}  // namespace client
class Pipeline;
struct PipelineResult;

struct ClientOptions {
  std::string host = "127.0.0.1";  // a name, an IPv4 or an IPv6 address
  uint16_t port = kPortDefault;
  uint32_t connect_timeout_ms =
      5'000;  // over all addresses of the name; looking the name up is not in it
  // How long to wait for a reply; 0 waits for ever. In a batch the time starts again with each
  // reply and each piece sent.
  uint32_t request_timeout_ms = 10'000;
  size_t key_bytes_max = kKeyBytesDefault;  // a longer key is refused before it is sent
  size_t value_bytes_max =
      kValueBytesDefault;  // a longer value is refused before it is sent or received
  // Put, Get, Delete and Ping in version 1 of the protocol, for a server that knows no more. Its
  // refusals come as kError.
  bool version_1_only = false;
};

struct ListPage {
  uint64_t next_cursor = 0;  // 0: that was the last page
  std::vector<std::string> keys;
};

struct ServerStats {
  uint64_t entries = 0;
  uint64_t data_bytes = 0;
  uint64_t table_capacity = 0;
  double load_factor = 0;
  // Everything the server said, in its order; the four above are among them.
  std::vector<std::pair<std::string, std::string>> all;
};

class Client {
 public:
  [[nodiscard]] static Result<Client> Connect(ClientOptions options);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  [[nodiscard]] Status Ping();

  [[nodiscard]] Status Put(std::string_view key, std::string_view value);
  // A `ttl` of zero expires at once; a negative one is a bad argument.
  [[nodiscard]] Status Put(std::string_view key, std::string_view value,
                           std::chrono::milliseconds ttl);
  [[nodiscard]] Status PutTyped(std::string_view key, const Value& value,
                                std::optional<std::chrono::milliseconds> ttl = std::nullopt);

  // A number comes as text, a boolean as 1 or 0.
  [[nodiscard]] Result<std::optional<std::string>> Get(std::string_view key);
  [[nodiscard]] Result<std::optional<StoredValue>> GetTyped(std::string_view key);
  [[nodiscard]] Result<bool> Delete(std::string_view key);
  [[nodiscard]] Result<bool> Contains(std::string_view key);
  [[nodiscard]] Result<uint64_t> Count();
  // Adds to an integer (or text that reads as one); a missing key counts from 0. The new value.
  [[nodiscard]] Result<int64_t> Increment(std::string_view key, int64_t delta = 1);

  // Empty when there is no such key.
  [[nodiscard]] Result<std::optional<TimeToLive>> Ttl(std::string_view key);
  // False when there is no such key.
  [[nodiscard]] Result<bool> Expire(std::string_view key, std::chrono::milliseconds ttl);
  // False when there is no such key, or it had no expiry.
  [[nodiscard]] Result<bool> Persist(std::string_view key);

  // Keys in no order. Start with cursor 0 and go on with `next_cursor` until it is 0. A key that is
  // there all the while is listed; one that comes or goes meanwhile may be. `keys_max` is a wish:
  // the server may give more or fewer.
  [[nodiscard]] Result<ListPage> List(uint64_t cursor, uint32_t keys_max = 1'000);
  [[nodiscard]] Result<ServerStats> Stats();
  // Deletes everything.
  [[nodiscard]] Status Clear();
  // Has the server take a checkpoint, and waits until it is complete. Give a request_timeout_ms
  // that lets it: this takes about a second for every ten million keys of a lane.
  [[nodiscard]] Status Save();

  // One message each way. MultiPut is best effort and says how many went in.
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> MultiGet(
      std::span<const std::string_view> keys);
  [[nodiscard]] Result<size_t> MultiPut(std::span<const KeyValue> entries);

  // One request each, all of them sent without waiting for a response; one result each, in order.
  // Any number of them: what the socket does not take is sent while responses are read.
  [[nodiscard]] std::vector<Status> PutBatch(std::span<const KeyValue> entries);
  [[nodiscard]] std::vector<Result<std::optional<std::string>>> GetBatch(
      std::span<const std::string_view> keys);
  [[nodiscard]] std::vector<Result<std::optional<StoredValue>>> GetTypedBatch(
      std::span<const std::string_view> keys);
  // Likewise for any mix of requests (<corelane/pipeline.h>). The pipeline is left as it is and can
  // be run again.
  [[nodiscard]] std::vector<PipelineResult> Execute(const Pipeline& pipeline);

  // Closes; operations then fail with kClosed until Reconnect(). Closing twice is fine.
  void Close();
  // Opens a new connection in place of the old one, whether that was closed, broken or fine.
  [[nodiscard]] Status Reconnect();

  // False after Close() and after an error that closed the connection. The peer may have gone
  // without our knowing.
  [[nodiscard]] bool connected() const;
  // Asks the socket: true when it is open and quiet, as an idle connection must be. Sends nothing
  // and does not wait.
  [[nodiscard]] bool LooksHealthy() const;
  [[nodiscard]] const ClientOptions& options() const;

 private:
  explicit Client(std::unique_ptr<client::Session> session);

  std::unique_ptr<client::Session> session_;
};

}  // namespace corelane
