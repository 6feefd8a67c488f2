#include "shard/mailbox.h"

#include <memory>
#include <span>
#include <vector>

#include "base/check.h"

namespace corelane::shard {

Exchange::Exchange(uint32_t lanes) : lanes_(lanes), signals_(lanes) {
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    mailboxes_.push_back(std::make_unique<Mailbox>(lane, signals_));
  }
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    for (uint32_t other = lane + 1; other < lanes; ++other) {
      mailboxes_[lane]->Connect(*mailboxes_[other]);
    }
  }
}

Exchange::~Exchange() = default;

Mailbox::Mailbox(uint32_t lane, std::span<LaneSignal> signals)
    : lane_(lane), signals_(signals), peers_(signals.size()) {}

void Mailbox::Connect(Mailbox& other) {
  Peer& there = peers_[other.lane_];
  Peer& here = other.peers_[lane_];
  for (Peer* peer : {&there, &here}) {
    peer->requests_out = std::make_unique<Queue>(kCredits);
    peer->answers_out = std::make_unique<Queue>(kCredits);
  }
  there.requests_in = here.requests_out.get();
  there.answers_in = here.answers_out.get();
  here.requests_in = there.requests_out.get();
  here.answers_in = there.answers_out.get();
}

bool Mailbox::Send(LaneMessage* message) {
  Peer& peer = peers_[message->target];
  message->origin = lane_;
  if (peer.outstanding == kCredits || !peer.spill.empty()) {
    peer.spill.Push(message);
    ++counters_.spilled;
    return false;
  }
  SendWithCredit(peer, message);
  return true;
}

void Mailbox::SendWithCredit(Peer& peer, LaneMessage* message) {
  ++peer.outstanding;
  ++counters_.sent;
  // There is room: the queue holds kCredits, and no more than that are outstanding.
  CHECK(peer.requests_out->TryPush(message));
}

void Mailbox::Answer(LaneMessage* message) {
  // There is room: the origin has at most kCredits messages here.
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
    taken += count;
    peer.outstanding -= count;
    while (!peer.spill.empty() && peer.outstanding < kCredits) {
      SendWithCredit(peer, peer.spill.Pop());
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
