#include <corelane/pool.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace corelane {
namespace client {

// What a pool and its leases share. Any thread. `mutex_` guards everything but the options, and is
// never held over anything that waits or calls the system for the network's sake.
class PoolState {
 public:
  explicit PoolState(ClientPoolOptions options)
      : options_(std::move(options)), open_max_(std::max<size_t>(options_.connections_max, 1)) {}

  // A connection for the caller: an idle one that still looks healthy, or a new one.
  Result<Client> Take() {
    for (;;) {
      Result<std::optional<Client>> idle = WaitForTurn();
      if (!idle.ok()) return idle.status();
      if (!idle->has_value()) return OpenNew();
      if ((*idle)->LooksHealthy()) return std::move(**idle);
      Forget(1);
    }
  }

  void GiveBack(Client client) {
    std::unique_lock lock(mutex_);
    if (!closed_ && client.connected()) {
      idle_.push_back(std::move(client));
      lock.unlock();
      turn_.notify_one();
      return;
    }
    lock.unlock();
    client.Close();
    Forget(1);
  }

  void Close() {
    std::vector<Client> idle;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      idle.swap(idle_);
      open_ -= idle.size();
    }
    turn_.notify_all();
  }

  ClientPoolStats stats() const {
    const std::lock_guard lock(mutex_);
    return {open_, idle_.size(), opened_total_, dropped_total_};
  }

 private:
  // An idle connection, or nothing and with it the right to open one.
  Result<std::optional<Client>> WaitForTurn() {
    std::unique_lock lock(mutex_);
    const auto has_turn = [this] { return closed_ || !idle_.empty() || open_ < open_max_; };
    if (options_.acquire_timeout_ms == 0) {
      turn_.wait(lock, has_turn);
    } else if (!turn_.wait_for(lock, std::chrono::milliseconds(options_.acquire_timeout_ms),
                               has_turn)) {
      return Status(StatusCode::kTimeout, "all " + std::to_string(open_max_) +
                                              " connections of the pool stayed in use for " +
                                              std::to_string(options_.acquire_timeout_ms) + " ms");
    }
    if (closed_) return Status(StatusCode::kClosed, "the pool is closed");
    if (idle_.empty()) {
      ++open_;
      return std::optional<Client>();
    }
    std::optional<Client> idle(std::move(idle_.back()));
    idle_.pop_back();
    return idle;
  }

  Result<Client> OpenNew() {
    Result<Client> client = Client::Connect(options_.client);
    if (!client.ok()) {
      Forget(0);
      return client;
    }
    const std::lock_guard lock(mutex_);
    ++opened_total_;
    return client;
  }

  // A connection is no more, or never came to be: somebody else may open one.
  void Forget(uint64_t dropped) {
    {
      const std::lock_guard lock(mutex_);
      --open_;
      dropped_total_ += dropped;
    }
    turn_.notify_one();
  }

  const ClientPoolOptions options_;
  const size_t open_max_;
  mutable std::mutex mutex_;
  std::condition_variable turn_;  // an idle connection, room for one more, or the end
  std::vector<Client> idle_;      // the most recently used one last
  size_t open_ = 0;
  uint64_t opened_total_ = 0;
  uint64_t dropped_total_ = 0;
  bool closed_ = false;
};

}  // namespace client

ClientPool::ClientPool(ClientPoolOptions options)
    : state_(std::make_shared<client::PoolState>(std::move(options))) {}

ClientPool::~ClientPool() { state_->Close(); }

Result<ClientPool::Lease> ClientPool::Acquire() {
  Result<Client> client = state_->Take();
  if (!client.ok()) return client.status();
  return Lease(state_, std::move(*client));
}

void ClientPool::Close() { state_->Close(); }

ClientPoolStats ClientPool::stats() const { return state_->stats(); }

ClientPool::Lease::Lease(std::shared_ptr<client::PoolState> pool, Client client)
    : pool_(std::move(pool)), client_(std::move(client)) {}

ClientPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::move(other.pool_)), client_(std::exchange(other.client_, std::nullopt)) {}

ClientPool::Lease& ClientPool::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  GiveBack();
  pool_ = std::move(other.pool_);
  client_ = std::exchange(other.client_, std::nullopt);
  return *this;
}

ClientPool::Lease::~Lease() { GiveBack(); }

void ClientPool::Lease::GiveBack() {
  if (!client_.has_value()) return;
  pool_->GiveBack(*std::exchange(client_, std::nullopt));
  pool_.reset();
}

}  // namespace corelane
