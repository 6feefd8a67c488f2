#pragma once

// Server: the assembly of everything, and the control thread's work. Make it, Run() it on the
// thread that made it, and it serves until a signal (or RequestShutdown()) ends it.
//
// The order of starting: listeners are bound (a port in use touches nothing), the data directory is
// opened and locked, the lanes recover their slices in parallel, `listening ...` lines and `ready`
// are printed, connections are accepted. The order of ending: stop accepting; requests already
// received are answered and connections close; after the drain timeout the rest is cut off; logs
// are synced and closed.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/clock.h"
#include "env/file_system.h"
#include "io/loop.h"
#include "io/reactor.h"
#include "server/acceptor.h"
#include "server/lane.h"
#include "server/options.h"
#include "shard/facts.h"
#include "shard/mailbox.h"
#include "shard/slice_opener.h"

namespace corelane::server {

// The machine that a server runs on. Everything outlives the server.
struct Environment {
  env::FileSystem* files = nullptr;
  const env::Clock* clock = nullptr;
  uint64_t seed = 0;  // for what must be random: placement, run id
};

class Server final : public io::TurnTask, public ConnectionTaker {
 public:
  // Binds, opens, recovers. On failure nothing is left running and the message is one line for the
  // user.
  [[nodiscard]] static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                             const Environment& environment);
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // One line for each listener: "listening scheme=auto address=127.0.0.1:7878".
  [[nodiscard]] std::vector<std::string> Describe() const;
  [[nodiscard]] uint16_t port() const { return acceptors_.front()->port(); }

  // Serves until told to end. OK when everything acknowledged is safe; the process then exits 0.
  [[nodiscard]] Status Run();

  // io::TurnTask
  bool RunTurn() override;
  bool PrepareToSleep() override;
  void OnAwake() override;

 private:
  class SignalReader final : public io::ReadableOp {
   public:
    explicit SignalReader(Server& server) : server_(server) {}
    void OnReadable() override { server_.TakeSignals(); }
    void OnReadableEnd(int) override { ended_ = true; }
    [[nodiscard]] bool ended() const { return ended_; }

   private:
    Server& server_;
    bool ended_ = false;
  };
  class DrainTimer final : public io::TimerOp {
   public:
    void OnTimer() override { expired_ = true; }
    [[nodiscard]] bool expired() const { return expired_; }

   private:
    bool expired_ = false;
  };

  Server(const ServerOptions& options, const Environment& environment);
  [[nodiscard]] Status BindListeners();
  [[nodiscard]] Status OpenData();
  [[nodiscard]] Status StartLanes();
  [[nodiscard]] Status StartControl();
  void FillFacts();
  void Take(io::UniqueFd fd, Scheme scheme) override;
  void TakeSignals();
  void BeginDrain(std::string_view why);
  [[nodiscard]] uint64_t OpenConnections() const;
  [[nodiscard]] Status StopLanes();

  const ServerOptions options_;
  const Environment environment_;
  const uint32_t lane_count_;
  shard::ServerFacts facts_;
  shard::LaneSignal control_signal_;
  LaneShared shared_;
  std::unique_ptr<shard::SliceOpener> opener_;
  std::unique_ptr<shard::Exchange> exchange_;
  std::unique_ptr<io::Reactor> reactor_;
  std::unique_ptr<io::Loop> loop_;
  io::UniqueFd signal_fd_;
  SignalReader signals_{*this};
  DrainTimer drain_timer_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  uint64_t connections_given_ = 0;
  bool draining_ = false;
};

}  // namespace corelane::server
