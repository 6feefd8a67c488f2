#pragma once

// Connection: one client socket of the load generator. It remembers, in order, what it has asked,
// and tells its worker of each reply. Requests collect in a buffer and leave in one send at the end
// of the worker's turn.
//
// Life: kOpening (the protocol's first words are not answered yet; operations may be behind them
// already) -> kOpen -> kClosing (broken, or given up; waits for the reactor's last callbacks) ->
// kClosed, from where Open() makes it a new connection.
//
// One thread, the worker's. The worker owns it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/intrusive_list.h"
#include "base/ring.h"
#include "io/reactor.h"
#include "io/unique_fd.h"
#include "loadgen/operation.h"
#include "loadgen/target.h"
#include "loadgen/wire.h"

namespace corelane::loadgen {

// An operation that waits for its reply.
struct Pending {
  int64_t intended_ns = 0;
  int64_t sent_ns = 0;
  uint64_t key = 0;       // the only one, or the first
  uint64_t sequence = 0;  // in a verified run, that of Verifier::Send()
  uint32_t value_bytes = 0;
  OpKind kind = OpKind::kRead;
  bool second = false;  // the write of a read-modify-write
};

// What a connection tells. Called within Reactor::Poll().
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  // When the bytes came that the replies which follow are in.
  virtual void OnArrival() = 0;
  virtual void OnReply(class Connection& connection, const Pending& pending,
                       const WireReply& reply) = 0;
  // The replies of one arrival are done; there is room for so many more operations.
  virtual void OnRoom(class Connection& connection) = 0;
  // The connection is broken. What it had asked is lost.
  virtual void OnBroken(class Connection& connection, const std::string& why) = 0;
  // There are bytes to send at the end of the turn.
  virtual void OnDirty(class Connection& connection) = 0;
};

class Connection final : public io::RecvOp, public io::SendOp, public base::IntrusiveLink<> {
 public:
  // `pipeline`: operations under way at most. `share`: which of its worker's shares of the work it
  // takes its operations from, a number of the worker's.
  Connection(const Target& target, uint32_t pipeline, size_t share, io::Reactor& reactor,
             ConnectionListener& listener);

  // Begins on a socket that is being connected; closed() before.
  void Open(io::UniqueFd fd);
  // Breaks the connection off; OnBroken() is not called.
  void Abort();

  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] size_t share() const { return share_; }
  // From now on so many; no more than at first.
  void set_pipeline(uint32_t pipeline) { pipeline_ = pipeline; }

  [[nodiscard]] bool open() const { return phase_ == Phase::kOpening || phase_ == Phase::kOpen; }
  [[nodiscard]] bool ready() const { return phase_ == Phase::kOpen; }
  // May be opened again, or destroyed.
  [[nodiscard]] bool closed() const { return phase_ == Phase::kClosed; }
  [[nodiscard]] uint32_t room() const {
    return open() && under_way() < pipeline_ ? pipeline_ - under_way() : 0;
  }
  [[nodiscard]] uint32_t under_way() const { return static_cast<uint32_t>(pending_.size()); }
  // Calls visit(pending) for what is not answered, oldest first.
  template <typename Visit>
  void ForEachPending(const Visit& visit) const {
    for (size_t i = 0; i < pending_.size(); ++i) visit(pending_[i]);
  }
  [[nodiscard]] const Pending* oldest() const {
    return pending_.empty() ? nullptr : &pending_.front();
  }

  // One request is written: the caller has room() and writes it through wire() into out(), then
  // says what it was.
  [[nodiscard]] Wire& wire() { return *wire_; }
  [[nodiscard]] base::Buffer& out() { return out_; }
  void Wrote(const Pending& pending);

  // Sends what was written, unless a send is under way.
  void Flush();

  // io::RecvOp, io::SendOp
  void OnReceived(std::span<const char> bytes) override;
  void OnRecvEnd(int result) override;
  void OnSent(int64_t result) override;

 private:
  enum class Phase : uint8_t { kOpening, kOpen, kClosing, kClosed };

  size_t TakeReplies(std::string_view in);
  void TakeReply(const WireReply& reply);
  void Break(const std::string& why);
  void CloseIfQuiet();

  const Target& target_;
  uint32_t pipeline_;
  const size_t share_;
  io::Reactor& reactor_;
  ConnectionListener& listener_;
  Phase phase_ = Phase::kClosed;
  bool receiving_ = false;
  bool sending_ = false;
  io::UniqueFd fd_;
  std::unique_ptr<Wire> wire_;
  size_t opening_replies_ = 0;
  base::Buffer in_;  // the beginning of a reply
  base::Buffer out_;
  base::Buffer in_flight_;
  base::Ring<Pending> pending_;
};

}  // namespace corelane::loadgen
