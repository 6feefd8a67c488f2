#pragma once

// Worker: one thread of the load generator, with its connections and its share of the schedule and
// of the work. What a run of many threads does, all of them do alike: no worker waits for another.
//
// A worker lives on a thread of its own, from Main() to its end. The thread that made it speaks to
// it through two queues: orders one way, news the other; and takes its figures when the thread has
// ended.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "base/intrusive_list.h"
#include "base/spsc_queue.h"
#include "env/clock.h"
#include "io/reactor.h"
#include "loadgen/arrivals.h"
#include "loadgen/bell.h"
#include "loadgen/connection.h"
#include "loadgen/figures.h"
#include "loadgen/load_options.h"
#include "loadgen/network.h"
#include "loadgen/payload.h"
#include "loadgen/requester.h"
#include "loadgen/tally.h"
#include "loadgen/worker_messages.h"
#include "loadgen/workload.h"

namespace corelane::loadgen {

class Worker final : public ConnectionListener {
 public:
  struct Surroundings {
    Network& network;
    const env::Clock& clock;
    Bell& bell;  // rung when there are news
  };

  // All outlive the worker.
  Worker(const LoadOptions& options, const Surroundings& surroundings, uint32_t index);
  ~Worker() override;

  // The thread's function.
  void Main();

  // For the thread that made it.
  void Order(const WorkerOrder& order);
  [[nodiscard]] bool NextNews(WorkerNews& news);
  // Once the thread has ended.
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const Figures& figures() const { return tally_.figures(); }
  [[nodiscard]] int64_t measured_ns() const { return measured_ns_; }
  // The CPU time of its thread while it was counted.
  [[nodiscard]] int64_t cpu_ns() const { return cpu_ns_; }
  [[nodiscard]] io::BackEnd back_end() const { return back_end_; }

  // ConnectionListener
  void OnArrival() override;
  void OnReply(Connection& connection, const Pending& pending, const WireReply& reply) override;
  void OnRoom(Connection& connection) override;
  void OnBroken(Connection& connection, const std::string& why) override;
  void OnDirty(Connection& connection) override;

 private:
  enum class Phase : uint8_t {
    kConnecting,
    kPrefilling,
    kWaiting,
    kRunning,
    kDraining,
    kDrained,
    kSweeping,
    kEnded
  };
  static constexpr size_t kNewsMax = 256;
  // A connection that thinks until then.
  struct Thinker {
    int64_t due_ns;
    Connection* connection;
    bool operator>(const Thinker& other) const { return due_ns > other.due_ns; }
  };

  [[nodiscard]] uint32_t ConnectionCount() const;
  void MakeRequesters();
  Status Prepare();
  void Turn();
  void TakeOrders();
  void Advance();
  void StartPrefill();
  void BecomeReady();
  void Begin(int64_t begin_ns);
  void EndCounting();
  void StartSweep();
  [[nodiscard]] bool IsSwept();
  void EndSweep();
  void DrawDue();
  void StartDue();
  void StartThinkers();
  [[nodiscard]] bool HasOperationsLeft() const;
  void Fill(Connection& connection);
  [[nodiscard]] Connection* ChooseConnection();
  void StartNext(Connection& connection, int64_t intended_ns);
  void FlushDirty();
  [[nodiscard]] Requester& RequesterOf(const Connection& connection) {
    return *requesters_[connection.share()];
  }
  [[nodiscard]] bool IsLoaded() const;
  void CountLost(Connection& connection, uint64_t OpFigures::*how);
  [[nodiscard]] bool IsServerGone() const;
  void LookAfterConnections();
  void GiveUp(Connection& connection);
  void Reopen(Connection& connection);
  [[nodiscard]] Status Connect(Connection& connection);
  void CountNeverStarted();
  void EndWindow();
  [[nodiscard]] int64_t PollTimeout() const;
  void Fail(Status status);
  void Tell(const WorkerNews& news);
  [[nodiscard]] uint64_t UnderWay() const;

  const LoadOptions& options_;
  Network& network_;
  const env::Clock& clock_;
  Bell& bell_;
  const uint32_t index_;
  base::SpscQueue<WorkerOrder> orders_{4};
  base::SpscQueue<WorkerNews> news_{kNewsMax};

  Phase phase_ = Phase::kConnecting;
  Status status_;
  io::BackEnd back_end_ = io::BackEnd::kEpoll;
  std::unique_ptr<io::Reactor> reactor_;
  std::vector<std::unique_ptr<Connection>> connections_;
  base::IntrusiveList<Connection> dirty_;
  size_t next_connection_ = 0;
  Tally tally_;
  Payload payload_;
  // By Connection::share(): one for all, or in a verified run one for each connection.
  std::vector<std::unique_ptr<Requester>> requesters_;
  uint64_t prefilled_ = 0;

  int64_t now_ns_ = 0;
  int64_t started_ns_ = 0;  // connecting
  int64_t begin_ns_ = 0;
  int64_t drain_until_ns_ = INT64_MAX;
  bool stopped_ = false;
  int64_t looked_after_ns_ = 0;
  int64_t last_reply_ns_ = 0;
  uint64_t broken_since_reply_ = 0;  // connections
  int64_t measured_ns_ = 0;
  int64_t cpu_from_ns_ = -1;  // of the thread, when counting began; below 0: not yet
  int64_t cpu_ns_ = 0;
  std::unique_ptr<Arrivals> arrivals_;
  int64_t due_ns_ = Arrivals::kNever;  // of the next operation, by the clock
  bool crowded_ = false;               // it is due, and no connection has room for it
  int64_t crowded_at_ns_ = INT64_MIN;  // when that was so last
  uint64_t operations_left_ = UINT64_MAX;
  std::priority_queue<Thinker, std::vector<Thinker>, std::greater<>> thinkers_;
};

}  // namespace corelane::loadgen
