#include "loadgen/connection.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace corelane::loadgen {

Connection::Connection(const Target& target, uint32_t pipeline, size_t share, io::Reactor& reactor,
                       ConnectionListener& listener)
    : target_(target), pipeline_(pipeline), share_(share), reactor_(reactor), listener_(listener) {}

void Connection::Open(io::UniqueFd fd) {
  CHECK(closed());
  fd_ = std::move(fd);
  wire_ = MakeWire(target_.protocol);
  in_.Clear();
  out_.Clear();
  pending_.Clear();
  opening_replies_ = wire_->Open(out_);
  phase_ = opening_replies_ == 0 ? Phase::kOpen : Phase::kOpening;
  receiving_ = true;
  reactor_.StartRecv(fd_.get(), *this);
  if (!out_.empty()) listener_.OnDirty(*this);
}

void Connection::Abort() {
  if (!open()) return;
  phase_ = Phase::kClosing;
  pending_.Clear();
  if (receiving_) reactor_.CancelRecv(*this);
  if (sending_) reactor_.CancelSend(*this);
  CloseIfQuiet();
}

void Connection::Break(const std::string& why) {
  if (!open()) return;
  listener_.OnBroken(*this, why);
  Abort();
}

void Connection::CloseIfQuiet() {
  if (phase_ != Phase::kClosing || receiving_ || sending_) return;
  phase_ = Phase::kClosed;
  fd_.Reset();
}

// ---- Output ----

void Connection::Wrote(const Pending& pending) {
  pending_.Push(pending);
  listener_.OnDirty(*this);
}

void Connection::Flush() {
  if (!open() || sending_ || out_.empty()) return;
  std::swap(out_, in_flight_);
  sending_ = true;
  reactor_.StartSend(fd_.get(), std::span(in_flight_.data(), in_flight_.size()), *this);
}

void Connection::OnSent(int64_t result) {
  sending_ = false;
  in_flight_.Clear();
  if (!open()) return CloseIfQuiet();
  if (result < 0) return Break(std::strerror(static_cast<int>(-result)));
  if (!out_.empty()) listener_.OnDirty(*this);
}

// ---- Input ----

void Connection::OnReceived(std::span<const char> bytes) {
  if (!open()) return;
  listener_.OnArrival();
  const std::string_view fresh(bytes.data(), bytes.size());
  if (in_.empty()) {
    const size_t taken = TakeReplies(fresh);
    if (open()) in_.Append(fresh.substr(taken));
  } else {
    in_.Append(fresh);
    in_.Consume(TakeReplies(in_.view()));
  }
  if (open()) listener_.OnRoom(*this);
}

// Takes the whole replies at the front of `in`; returns how many bytes they are.
size_t Connection::TakeReplies(std::string_view in) {
  size_t taken = 0;
  while (taken < in.size() && open()) {
    if (pending_.empty() && opening_replies_ == 0) {
      Break("the server sent what nobody asked for");
      break;
    }
    WireReply reply;
    const proto::ReplyState state = wire_->Next(in.substr(taken), reply);
    if (state == proto::ReplyState::kNeedMore) break;
    if (state == proto::ReplyState::kError) {
      Break("the server's reply is not one to the request");
      break;
    }
    TakeReply(reply);
    taken += reply.bytes;
  }
  return taken;
}

void Connection::TakeReply(const WireReply& reply) {
  if (opening_replies_ > 0) {
    if (reply.outcome == Outcome::kError) {
      return Break("the server refuses the connection: " + std::string(reply.error));
    }
    if (--opening_replies_ == 0) phase_ = Phase::kOpen;
    return;
  }
  const Pending pending = pending_.front();
  pending_.Pop();
  listener_.OnReply(*this, pending, reply);
}

void Connection::OnRecvEnd(int result) {
  receiving_ = false;
  if (!open()) return CloseIfQuiet();
  Break(result == 0 ? "the server closed the connection" : std::strerror(-result));
}

}  // namespace corelane::loadgen
