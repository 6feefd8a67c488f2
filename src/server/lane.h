#pragma once

// Lane: one thread with its event loop, its shard and its connections. The control thread makes it,
// hands it sockets, tells it to drain and to stop; everything else happens on the lane's own
// thread.
//
// Ownership: the lane owns its reactor, slice, shard and connections. All of them are made and
// destroyed on its thread.

#include <array>
#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "absl/functional/function_ref.h"
#include "base/intrusive_list.h"
#include "base/spsc_queue.h"
#include "env/clock.h"
#include "io/loop.h"
#include "io/reactor.h"
#include "proto/codec.h"
#include "server/connection.h"
#include "server/options.h"
#include "server/rate_meter.h"
#include "shard/command_stats.h"
#include "shard/facts.h"
#include "shard/lane_host.h"
#include "shard/mailbox.h"
#include "shard/planned_batch.h"
#include "shard/settings.h"
#include "shard/shard.h"
#include "shard/slice_opener.h"
#include "shard/slow_log.h"

namespace corelane::server {

// What all lanes share; outlives them.
struct LaneShared {
  const ServerOptions* options = nullptr;
  const env::Clock* clock = nullptr;
  const shard::ServerFacts* facts = nullptr;
  shard::Exchange* exchange = nullptr;
  shard::SliceOpener* opener = nullptr;
  shard::LaneSignal* control_signal = nullptr;  // rung when a lane has closed its last connection
};

// What the control thread tells a lane.
struct LaneOrder {
  enum class Kind : uint8_t { kAdopt, kDrain, kStop };
  Kind kind = Kind::kStop;
  Scheme scheme = Scheme::kAuto;
  bool refused = false;
  int fd = -1;
};

class Lane final : public io::TurnTask, public shard::LaneHost {
 public:
  Lane(const LaneShared& shared, uint32_t index);
  ~Lane() override;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // ---- For the control thread ----

  // Starts the thread, pinned to `cpu` unless that is negative. It recovers its slice, says so,
  // waits until it hears whether all lanes have (`go`), and then opens its log and serves.
  struct Starting {
    std::future<Status> recovered;
    std::future<Status> serving;
  };
  [[nodiscard]] Starting Start(int cpu, std::shared_future<bool> go);
  // Gives an accepted socket to the lane. False when the lane is too far behind to take it; it is
  // closed then.
  [[nodiscard]] bool Adopt(io::UniqueFd fd, Scheme scheme, bool refused);
  // Answers what was received, closes the connections.
  void Drain();
  // The end, in three steps, each for all lanes before the next, so that nobody rings a lane whose
  // reactor is gone. Stop(): cuts off what is left and closes the log. WaitUntilStopped(): that is
  // done; the log's last sync decides the status. Join(): the thread ends.
  void Stop();
  [[nodiscard]] Status WaitUntilStopped();
  void Join();
  // Connections given to this lane that it has closed; grows only.
  [[nodiscard]] uint64_t closed_connections() const {
    // acquire: pairs with the release of the lane, so that what it did before closing is seen.
    return closed_connections_.load(std::memory_order_acquire);
  }
  // After Start().
  [[nodiscard]] const std::string& io_back_end() const { return facts_.io_back_end; }
  [[nodiscard]] const std::string& io_fallback_reason() const { return facts_.io_fallback_reason; }

  // ---- For the lane's connections ----

  [[nodiscard]] uint32_t index() const { return index_; }
  [[nodiscard]] const env::Clock& clock() const { return *shared_.clock; }
  [[nodiscard]] const ServerOptions& options() const { return *shared_.options; }
  [[nodiscard]] const proto::CodecLimits& codec_limits() const { return codec_limits_; }
  [[nodiscard]] io::Reactor& reactor() { return *reactor_; }
  [[nodiscard]] shard::Shard& shard() { return *shard_; }
  [[nodiscard]] shard::LaneCounters& counters() { return counters_; }
  [[nodiscard]] const shard::LaneSettings& settings() const { return settings_; }
  // Scratch for requests that are executed where they were received.
  [[nodiscard]] shard::PlannedBatch& batch() { return batch_; }
  [[nodiscard]] uint64_t NextConnectionId();
  void StartTimer(int64_t after_ms, io::TimerOp& timer);
  // The connection has received requests and waits for its turn to execute them.
  void MarkReady(Connection& connection);
  // The connection has something for the end of the turn.
  void MarkDirty(Connection& connection);
  // The connection has sent a whole request: it is not idle.
  void Touch(Connection& connection);

  // ---- io::TurnTask ----
  bool RunTurn() override;
  bool PrepareToSleep() override;
  void OnAwake() override;

  // ---- shard::LaneHost ----
  void VisitClients(absl::FunctionRef<void(const shard::ClientState&)> visit) override;
  bool CloseClient(uint64_t id, bool after_replies) override;
  void RequestShutdown() override;

 private:
  static constexpr size_t kOrdersMax = 4096;
  static constexpr int64_t kTickMillis = 100;
  // Connections whose requests are planned and prefetched before the first is executed.
  static constexpr size_t kReadyTogether = 16;

  // The lane's heartbeat: background work, idle connections.
  class Ticker final : public io::TimerOp {
   public:
    explicit Ticker(Lane& lane) : lane_(lane) {}
    void OnTimer() override { lane_.Tick(); }

   private:
    Lane& lane_;
  };

  // The log's helper thread rings the lane through this.
  class LogBell final : public wal::DurabilityListener {
   public:
    explicit LogBell(shard::LaneSignal& signal) : signal_(signal) {}
    void OnLogProgress() override { signal_.Ring(); }

   private:
    shard::LaneSignal& signal_;
  };

  struct Milestones {
    std::promise<Status> recovered;
    std::promise<Status> serving;
    std::promise<Status> stopped;
  };
  void RunThread(Milestones milestones, const std::shared_future<bool>& go);
  [[nodiscard]] Status Recover();
  [[nodiscard]] Status Open();
  void Serve();
  void Send(const LaneOrder& order);
  void TakeOrders();
  void Obey(const LaneOrder& order);
  void ExecuteReady();
  bool FinishDirty();
  void Bury(Connection& connection);
  void Tick();
  void CloseIdle();
  void MeasureRates();

  const LaneShared shared_;
  const uint32_t index_;
  const proto::CodecLimits codec_limits_;
  std::thread thread_;
  base::SpscQueue<LaneOrder> orders_{kOrdersMax};
  std::atomic<uint64_t> closed_connections_{0};
  std::future<Status> stopped_;
  std::promise<void> may_end_;

  // The lane thread's own.
  shard::LaneFacts facts_;
  shard::LaneCounters counters_;
  shard::LaneSettings settings_;
  shard::CommandStats command_stats_;
  shard::SlowLog slow_log_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<io::Loop> loop_;
  LogBell log_bell_;
  std::unique_ptr<shard::Slice> slice_;
  std::unique_ptr<shard::Shard> shard_;
  shard::PlannedBatch batch_;
  std::array<shard::PlannedBatch, kReadyTogether> ready_batches_;
  base::IntrusiveList<Connection> connections_;  // least recently active first
  base::IntrusiveList<Connection, ReadyList> ready_;
  base::IntrusiveList<Connection, DirtyList> dirty_;
  Ticker ticker_{*this};
  uint64_t connections_made_ = 0;
  bool draining_ = false;
  bool stopping_ = false;
  RateMeter rates_;
  bool background_due_ = false;
  bool watching_idle_ = false;  // connections_ has been kept in order since
};

}  // namespace corelane::server
