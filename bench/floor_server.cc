// floor-server: what serving costs before any work is done. It runs on the same reactor as
// corelane-server, never looks at a request, keeps nothing, and answers each `request size`
// received bytes with one canned reply. Its CPU time per operation is the floor that the server's
// own is measured against: the difference is parsing, routing, the table and encoding.
//
// The sizes come from the load generator's own tables, so one process answers one kind of request:
// --op get or --op set. One thread.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/status_macros.h"
#include "env/clock.h"
#include "io/reactor.h"
#include "io/socket.h"
#include "io/unique_fd.h"
#include "load/wire.h"

namespace corelane::bench {
namespace {

// The most replies that leave in one send; what is behind them leaves in the next.
constexpr size_t kRepliesPerSendMax = 1024;
constexpr int kBacklog = 1024;

struct FloorOptions {
  uint16_t port = 0;
  Protocol protocol = Protocol::kResp;
  bool set = false;
  size_t value_bytes = 64;
  io::BackEndChoice back_end = io::BackEndChoice::kAuto;
};

// What every connection of the server shares.
struct Canned {
  size_t request_bytes = 0;
  size_t reply_bytes = 0;
  std::string replies;  // kRepliesPerSendMax of them
};

// One connection; calls `on_gone` once, as its last act, when neither operation is under way any
// more.
class FloorConnection final : public io::RecvOp, public io::SendOp {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnGone(FloorConnection& connection) = 0;
  };

  FloorConnection(io::Reactor& reactor, const Canned& canned, io::UniqueFd fd, Owner& owner)
      : reactor_(reactor), canned_(canned), fd_(std::move(fd)), owner_(owner) {}

  void Start() { reactor_.StartRecv(fd_.get(), *this); }

  void OnReceived(std::span<const char> bytes) override {
    received_ += bytes.size();
    owed_ += received_ / canned_.request_bytes;
    received_ %= canned_.request_bytes;
    if (!sending_) SendSome();
  }

  void OnRecvEnd(int) override {
    receiving_ = false;
    if (!sending_) owner_.OnGone(*this);
  }

  void OnSent(int64_t result) override {
    sending_ = false;
    if (result < 0 && receiving_) {
      owed_ = 0;
      reactor_.CancelRecv(*this);
    } else if (!receiving_) {
      owner_.OnGone(*this);
    } else {
      SendSome();
    }
  }

 private:
  void SendSome() {
    const size_t count = std::min(owed_, kRepliesPerSendMax);
    if (count == 0) return;
    owed_ -= count;
    sending_ = true;
    reactor_.StartSend(fd_.get(), std::span(canned_.replies).first(count * canned_.reply_bytes),
                       *this);
  }

  io::Reactor& reactor_;
  const Canned& canned_;
  io::UniqueFd fd_;
  Owner& owner_;
  size_t received_ = 0;  // of the next request
  size_t owed_ = 0;      // replies
  bool sending_ = false;
  bool receiving_ = true;
};

class FloorServer final : public io::AcceptOp, public FloorConnection::Owner {
 public:
  FloorServer(io::Reactor& reactor, Canned canned)
      : reactor_(reactor), canned_(std::move(canned)) {}

  void Serve(int listener_fd) {
    reactor_.StartAccept(listener_fd, *this);
    while (!ended_) reactor_.Poll(-1);
  }

  void OnAccepted(int fd) override {
    io::SetNoDelay(fd);
    connections_.push_back(
        std::make_unique<FloorConnection>(reactor_, canned_, io::UniqueFd(fd), *this));
    connections_.back()->Start();
  }
  void OnAcceptError(int) override {}
  void OnAcceptEnd(int) override { ended_ = true; }

  void OnGone(FloorConnection& gone) override {
    connections_.remove_if([&gone](const auto& connection) { return connection.get() == &gone; });
  }

 private:
  io::Reactor& reactor_;
  const Canned canned_;
  std::list<std::unique_ptr<FloorConnection>> connections_;
  bool ended_ = false;
};

Canned MakeCanned(const FloorOptions& options) {
  const Wire wire(options.protocol, options.value_bytes);
  const std::string reply = options.set ? wire.CannedStored() : wire.CannedHit();
  Canned canned{.request_bytes = options.set ? wire.set().size() : wire.get().size(),
                .reply_bytes = reply.size(),
                .replies = ""};
  for (size_t i = 0; i < kRepliesPerSendMax; ++i) canned.replies += reply;
  return canned;
}

Status Serve(const FloorOptions& options) {
  const env::SystemClock clock;
  std::string fallback_reason;
  Result<std::unique_ptr<io::Reactor>> reactor =
      io::MakeReactor({.choice = options.back_end, .clock = &clock}, fallback_reason);
  if (!reactor.ok()) return reactor.status();
  Result<io::UniqueFd> listener = io::Listen({"127.0.0.1", options.port}, kBacklog);
  if (!listener.ok()) return listener.status();
  std::printf("io %s\n", std::string(io::BackEndName((*reactor)->back_end())).c_str());
  std::printf("listening scheme=floor address=%s\nready\n",
              io::LocalAddressText(listener->get()).c_str());
  std::fflush(stdout);
  FloorServer server(**reactor, MakeCanned(options));
  server.Serve(listener->get());
  return Status(StatusCode::kIoError, "accepting connections failed");
}

int Main(int argc, char** argv) {
  FloorOptions options;
  std::string operation = "get";
  CLI::App app("Answers without looking: the floor under a server's CPU time per operation.");
  const std::map<std::string, Protocol> protocols = {{"resp", Protocol::kResp},
                                                     {"memcached", Protocol::kMemcached},
                                                     {"native", Protocol::kNative}};
  const std::map<std::string, io::BackEndChoice> back_ends = {{"auto", io::BackEndChoice::kAuto},
                                                              {"uring", io::BackEndChoice::kUring},
                                                              {"epoll", io::BackEndChoice::kEpoll}};
  app.add_option("--port", options.port, "0: a free one, which is printed")->capture_default_str();
  app.add_option("--protocol", options.protocol)->transform(CLI::CheckedTransformer(protocols));
  app.add_option("--op", operation, "the only requests it answers rightly")
      ->check(CLI::IsMember({"get", "set"}))
      ->capture_default_str();
  app.add_option("--value-bytes", options.value_bytes)
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--io", options.back_end, "auto, uring or epoll")
      ->transform(CLI::CheckedTransformer(back_ends));
  CLI11_PARSE(app, argc, argv);
  options.set = operation == "set";
  const Status status = Serve(options);
  std::fprintf(stderr, "floor-server: %s\n", status.message().c_str());
  return 1;
}

}  // namespace
}  // namespace corelane::bench

int main(int argc, char** argv) { return corelane::bench::Main(argc, argv); }
