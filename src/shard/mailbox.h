#pragma once

// Mailboxes: how lanes hand requests to each other without a lock. For every ordered pair of lanes
// there is one queue of requests (from
// -> to) and one of answers (to -> from); Exchange owns them all, and each lane works through its
// own Mailbox.
//
// Why nothing blocks and nothing deadlocks: a lane may have at most kCredits messages at another
// lane, executed or not. Both queues of a pair have room for that many, so an answer always fits. A
// request without a credit waits in a list at its origin (the spill), in order; what bounds the
// spill is that a connection with spilled requests is not read any further (shard.h).
//
// Messages of transactions that hold keys (kHeld, kRelease) have credits of their own: those that
// wait for the keys may have used up the others, and must not keep them from being given back.
//
// Thread rules: Mailbox i belongs to lane i. Exchange is made before the lanes start and destroyed
// after they end.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/spsc_queue.h"
#include "shard/call.h"
#include "shard/lane_signal.h"
#include "shard/transaction_clock.h"

namespace corelane::shard {

// Messages of each class that one lane may have at one other lane. A power of two.
inline constexpr size_t kCredits = 1024;
inline constexpr size_t kMessageClasses = 2;

struct MailboxCounters {
  uint64_t sent = 0;       // requests handed to other lanes
  uint64_t received = 0;   // requests taken from other lanes
  uint64_t doorbells = 0;  // wake-ups paid for
  uint64_t spilled = 0;    // requests that had to wait for a credit
};

class Mailbox;

class Exchange {
 public:
  explicit Exchange(uint32_t lanes);
  ~Exchange();
  [[nodiscard]] uint32_t lanes() const { return lanes_; }
  [[nodiscard]] Mailbox& mailbox(uint32_t lane) { return *mailboxes_[lane]; }
  [[nodiscard]] LaneSignal& signal(uint32_t lane) { return signals_[lane]; }
  [[nodiscard]] TransactionClock& transaction_clock() { return transaction_clock_; }

 private:
  const uint32_t lanes_;
  TransactionClock transaction_clock_;
  std::vector<LaneSignal> signals_;
  std::vector<std::unique_ptr<Mailbox>> mailboxes_;
};

class Mailbox {
 public:
  Mailbox(uint32_t lane, std::span<LaneSignal> signals, TransactionClock& transaction_clock);

  // Connects the queues between this lane and `other`. Once for each pair, before either runs.
  void Connect(Mailbox& other);

  // Hands `message` to lane `message.target`, or queues it in the spill when there is no credit. It
  // is visible to the target after Publish(). True when it went, false when it was spilled.
  bool Send(LaneMessage* message);
  // Hands an executed message back to `message.origin`.
  void Answer(LaneMessage* message);

  // Requests from other lanes, up to out.size(), taking lanes in turn so that none starves.
  [[nodiscard]] size_t TakeRequests(std::span<LaneMessage*> out);
  // Answers to own requests, likewise; each gives a credit back, and what the spill holds for that
  // lane moves on.
  [[nodiscard]] size_t TakeAnswers(std::span<LaneMessage*> out);

  // Makes everything sent and answered since the last call visible and rings each lane concerned,
  // once, if it sleeps.
  void Publish();

  // Is there anything to take? For the last look before sleeping.
  [[nodiscard]] bool HasWork() const;
  [[nodiscard]] LaneSignal& signal() { return signals_[lane_]; }
  [[nodiscard]] TransactionClock& transaction_clock() { return transaction_clock_; }
  [[nodiscard]] const MailboxCounters& counters() const { return counters_; }

 private:
  using Queue = base::SpscQueue<LaneMessage*>;

  struct Peer {
    std::unique_ptr<Queue> requests_out;  // owned by the producing side
    std::unique_ptr<Queue> answers_out;
    Queue* requests_in = nullptr;
    Queue* answers_in = nullptr;
    struct Class {
      size_t outstanding = 0;
      Fifo<LaneMessage> spill;
    };
    Class classes[kMessageClasses];
  };

  [[nodiscard]] static Peer::Class& ClassOf(Peer& peer, const LaneMessage& message);
  void SendWithCredit(Peer& peer, LaneMessage* message);

  const uint32_t lane_;
  const std::span<LaneSignal> signals_;
  TransactionClock& transaction_clock_;
  std::vector<Peer> peers_;
  uint32_t next_request_peer_ = 0;
  uint32_t next_answer_peer_ = 0;
  MailboxCounters counters_;
};

}  // namespace corelane::shard
