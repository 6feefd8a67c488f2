#include "shard/mailbox.h"

#include <memory>
#include <span>
#include <vector>

#include "base/check.h"

namespace corelane::shard {

Exchange::Exchange(uint32_t lanes) : lanes_(lanes), signals_(lanes) {
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    mailboxes_.push_back(std::make_unique<Mailbox>(lane, signals_, transaction_clock_));
  }
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    for (uint32_t other = lane + 1; other < lanes; ++other) {
      mailboxes_[lane]->Connect(*mailboxes_[other]);
    }
  }
}

Exchange::~Exchange() = default;

Mailbox::Mailbox(uint32_t lane, std::span<LaneSignal> signals, TransactionClock& transaction_clock)
    : lane_(lane),
      signals_(signals),
      transaction_clock_(transaction_clock),
      peers_(signals.size()) {}

void Mailbox::Connect(Mailbox& other) {
  Peer& there = peers_[other.lane_];
  Peer& here = other.peers_[lane_];
  for (Peer* peer : {&there, &here}) {
    peer->requests_out = std::make_unique<Queue>(kMessageClasses * kCredits);
    peer->answers_out = std::make_unique<Queue>(kMessageClasses * kCredits);
  }
  there.requests_in = here.requests_out.get();
  there.answers_in = here.answers_out.get();
  here.requests_in = there.requests_out.get();
  here.answers_in = there.answers_out.get();
}

bool Mailbox::Send(LaneMessage* message) {
  Peer& peer = peers_[message->target];
  message->origin = lane_;
  Peer::Class& of = ClassOf(peer, *message);
  if (of.outstanding == kCredits || !of.spill.empty()) {
    of.spill.Push(message);
    ++counters_.spilled;
    return false;
  }
  SendWithCredit(peer, message);
  return true;
}

Mailbox::Peer::Class& Mailbox::ClassOf(Peer& peer, const LaneMessage& message) {
  const bool holds_keys =
      message.kind == MessageKind::kHeld || message.kind == MessageKind::kRelease;
  return peer.classes[holds_keys ? 1 : 0];
}

void Mailbox::SendWithCredit(Peer& peer, LaneMessage* message) {
  ++ClassOf(peer, *message).outstanding;
  ++counters_.sent;
  // There is room: the queue holds the credits of all classes.
  CHECK(peer.requests_out->TryPush(message));
}

void Mailbox::Answer(LaneMessage* message) {
  // There is room: the origin has no more messages here than it has credits.
  CHECK(peers_[message->origin].answers_out->TryPush(message));
}

size_t Mailbox::TakeRequests(std::span<LaneMessage*> out) {
  size_t taken = 0;
  const auto lanes = static_cast<uint32_t>(peers_.size());
  for (uint32_t step = 0; step < lanes && taken < out.size(); ++step) {
    Peer& peer = peers_[next_request_peer_];
    next_request_peer_ = next_request_peer_ + 1 == lanes ? 0 : next_request_peer_ + 1;
    if (peer.requests_in != nullptr) taken += peer.requests_in->PopBatch(out.subspan(taken));
  }
  counters_.received += taken;
  return taken;
}

size_t Mailbox::TakeAnswers(std::span<LaneMessage*> out) {
  size_t taken = 0;
  const auto lanes = static_cast<uint32_t>(peers_.size());
  for (uint32_t step = 0; step < lanes && taken < out.size(); ++step) {
    Peer& peer = peers_[next_answer_peer_];
    next_answer_peer_ = next_answer_peer_ + 1 == lanes ? 0 : next_answer_peer_ + 1;
    if (peer.answers_in == nullptr) continue;
    const size_t count = peer.answers_in->PopBatch(out.subspan(taken));
    for (const LaneMessage* answer : out.subspan(taken, count)) {
      --ClassOf(peer, *answer).outstanding;
    }
    taken += count;
    for (Peer::Class& of : peer.classes) {
      while (!of.spill.empty() && of.outstanding < kCredits) SendWithCredit(peer, of.spill.Pop());
    }
  }
  return taken;
}

void Mailbox::Publish() {
  for (uint32_t other = 0; other < peers_.size(); ++other) {
    Peer& peer = peers_[other];
    if (peer.requests_out == nullptr) continue;
    const bool requests = peer.requests_out->Publish();
    const bool answers = peer.answers_out->Publish();
    if ((requests || answers) && signals_[other].Ring()) ++counters_.doorbells;
  }
}

bool Mailbox::HasWork() const {
  for (const Peer& peer : peers_) {
    if (peer.requests_in == nullptr) continue;
    if (!peer.requests_in->Empty() || !peer.answers_in->Empty()) return true;
  }
  return false;
}

}  // namespace corelane::shard
