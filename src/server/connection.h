#pragma once

// Connection: one client socket on one lane. Received bytes go through the codec to the shard; the
// shard's replies collect in the output buffer; the lane sends them once a turn.
//
// Life: kOpen -> kFinishing (no more requests: the peer closed its side, QUIT, a protocol error,
// the server drains; what was received is answered) -> kLingering (all is sent and our side is
// shut; what the peer still sends is thrown away, so that closing does not destroy replies on their
// way) -> kClosing (waits for the last callbacks of the reactor) -> destroyed by the lane.
//
// Bounds: unparsed input (the codec's request_bytes_max and kInputPausedBytes), requests under way
// (Shard::Congested), and replies not sent: over output_buffer_bytes_max nothing more is executed
// or read, and if the client does not take them below that within output_grace_ms it is cut off.
//
// One thread, the lane's. The lane owns it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/intrusive_list.h"
#include "io/reactor.h"
#include "io/unique_fd.h"
#include "proto/codec.h"
#include "server/options.h"
#include "shard/lane_host.h"
#include "shard/shard.h"

namespace corelane::server {

class Lane;
struct DirtyList;
struct ReadyList;

class Connection final : public io::RecvOp,
                         public io::SendOp,
                         public io::TimerOp,
                         public shard::Submitter,
                         public base::IntrusiveLink<>,
                         public base::IntrusiveLink<DirtyList>,
                         public base::IntrusiveLink<ReadyList> {
 public:
  // `refused`: over the limit of connections; the first request is answered with an error and the
  // connection closes.
  Connection(Lane& lane, io::UniqueFd fd, Scheme scheme, bool refused);
  ~Connection() override;

  void Start();
  // No more requests: answers what was received, then closes.
  void Drain();
  // Ends now, whatever is under way.
  void Abort();
  // Small requests wait in the input buffer until the turn's receiving is done, so that the lane
  // can plan and prefetch for many connections before it executes for one: first DecodeReady() for
  // each, then ExecuteReady() for those that said true, with nothing else in between.
  [[nodiscard]] bool DecodeReady(shard::PlannedBatch& batch);
  void ExecuteReady(const shard::PlannedBatch& batch);
  // What the lane does with a dirty connection at the end of its turn: goes on with buffered input
  // and sends. True when it has more to do at once.
  bool EndTurn();

  [[nodiscard]] bool dead() const {
    return phase_ == Phase::kClosing && !receiving_ && !sending_now_;
  }
  // As CLIENT LIST tells of it.
  [[nodiscard]] shard::ClientState Describe() const;
  // No more requests; what was asked is answered, then it closes.
  void CloseAfterReplies();

  // On its way out, whatever is still under way.
  [[nodiscard]] bool closing() const { return phase_ == Phase::kClosing; }
  // For CLIENT LIST and the like: both sides still talk.
  [[nodiscard]] bool listed() const { return phase_ < Phase::kLingering && !peer_closed_; }
  // When the last whole request was received; monotonic.
  [[nodiscard]] int64_t active_at_ns() const { return active_at_ns_; }
  void set_active_at_ns(int64_t now_ns) { active_at_ns_ = now_ns; }
  [[nodiscard]] std::string_view peer() const { return session.peer_address; }

  // io::RecvOp, io::SendOp, io::TimerOp
  void OnReceived(std::span<const char> bytes) override;
  void OnRecvEnd(int result) override;
  void OnSent(int64_t result) override;
  void OnTimer() override;

  // shard::Submitter
  kv::ReplyWriter& BeginReply(uint32_t tag) override;
  void EndReply() override;
  void OnProgress() override;
  void OnLogLost() override;

 private:
  enum class Phase : uint8_t { kOpen, kFinishing, kLingering, kClosing };

  // Stops parsing for this turn after so many requests, so that one connection's backlog does not
  // hold up the others.
  static constexpr size_t kRequestsPerTurnMax = 2048;
  static constexpr size_t kRequestsPerBatch = 32;
  // More bytes than this at once are a pipeline, which gives the prefetcher enough by itself:
  // executed where they are, not copied.
  static constexpr size_t kDeferredBytesMax = 256;
  // With more unparsed input than this, and no way to go on, the socket is not read.
  static constexpr size_t kInputPausedBytes = size_t{256} << 10;
  static constexpr int64_t kLingerMillis = 1000;
  static constexpr size_t kLingerBytesMax = size_t{64} << 20;

  [[nodiscard]] bool OutputFull() const;
  [[nodiscard]] bool Blocked() const;
  void ChooseCodec(char first_byte);
  [[nodiscard]] bool DecodeNext(std::string_view in, shard::PlannedBatch& batch,
                                proto::DecodeResult& result);
  void Run(const shard::PlannedBatch& batch, const proto::DecodeResult& result);
  size_t Execute(std::string_view in);
  bool ExecuteBuffered();
  void TakeResult(const proto::DecodeResult& result);
  void Refuse(uint32_t tag);
  void Finish();
  void Flush();
  void FinishIfDone();
  void WatchOutput();
  void PauseOrResumeReading();

  Lane& lane_;
  io::UniqueFd fd_;
  const Scheme scheme_;
  const bool refused_;
  Phase phase_ = Phase::kOpen;
  bool receiving_ = false;    // a recv is under way
  bool paused_ = false;       // it was cancelled, or is not started, because of Blocked()
  bool peer_closed_ = false;  // nothing more will come
  bool sending_now_ = false;
  bool over_output_ = false;  // the timer runs for the grace period
  bool yielded_ = false;      // stopped at kRequestsPerTurnMax with input left
  size_t needed_ = 1;         // no use decoding with fewer bytes than this
  size_t lingered_bytes_ = 0;
  size_t reply_begin_ = 0;  // where in out_ the reply being written begins
  int64_t active_at_ns_ = 0;
  int64_t last_request_ms_ = 0;  // wall clock
  std::unique_ptr<proto::Codec> codec_;
  proto::DecodeResult ready_result_;  // between DecodeReady() and ExecuteReady()
  base::Buffer in_;                   // received, not yet parsed
  base::Buffer out_;                  // replies, not yet handed to the reactor
  base::Buffer in_flight_;            // being sent
};

}  // namespace corelane::server
