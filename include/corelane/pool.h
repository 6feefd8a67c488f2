#pragma once

// ClientPool: connections for many threads. Any thread may call Acquire() at any time; it lends a
// Client to the caller alone, who gives it back by letting the Lease go. At most `connections_max`
// connections are open at once, each opened when it is first needed. A connection that broke while
// it was lent, or that the server closed while it lay idle, is dropped and replaced.
//
//   corelane::ClientPool pool({.client = {.host = "localhost"}, .connections_max = 8});
//   corelane::Result<corelane::ClientPool::Lease> lease = pool.Acquire();
//   if (lease.ok()) value = (*lease)->Get("greeting");
//
// No thread holds the pool's lock while it talks to the network: a slow connect delays its own
// caller only. The most recently used connection is lent first. Leases may outlive the pool; their
// connections close when they come back.

#include <corelane/client.h>
#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace corelane {

namespace client {
class PoolState;
}  // namespace client

struct ClientPoolOptions {
  ClientOptions client;
  size_t connections_max = 16;          // 0 counts as 1
  uint32_t acquire_timeout_ms = 5'000;  // for a connection that others hold; 0 waits for ever
};

struct ClientPoolStats {
  size_t open = 0;  // connections lent, idle or being opened
  size_t idle = 0;
  uint64_t opened_total = 0;
  uint64_t dropped_total = 0;  // broken or stale
};

class ClientPool {
 public:
  // A Client on loan. Movable; an empty (moved-from) one may only be assigned to or destroyed.
  class Lease {
   public:
    Lease(std::shared_ptr<client::PoolState> pool, Client client);
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) noexcept;
    ~Lease();

    Client* operator->() { return &*client_; }
    Client& operator*() { return *client_; }

   private:
    void GiveBack();

    std::shared_ptr<client::PoolState> pool_;
    std::optional<Client> client_;
  };

  explicit ClientPool(ClientPoolOptions options);
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;
  ~ClientPool();

  // kTimeout when all connections stay lent for `acquire_timeout_ms`; kClosed after Close();
  // otherwise what connecting says.
  [[nodiscard]] Result<Lease> Acquire();

  // Closes idle connections, wakes waiting threads with kClosed and refuses to lend more.
  void Close();

  [[nodiscard]] ClientPoolStats stats() const;

 private:
  std::shared_ptr<client::PoolState> state_;
};

}  // namespace corelane
