#include "server/connection.h"

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/absl_view.h"
#include "base/check.h"
#include "base/log.h"
#include "io/socket.h"
#include "proto/browser.h"
#include "server/lane.h"

namespace corelane::server {
namespace {

// What a connection speaks from its first byte to its last.
proto::Protocol ProtocolOf(Scheme scheme, char first_byte) {
  switch (scheme) {
    case Scheme::kNative:
      return proto::Protocol::kNative;
    case Scheme::kResp:
      return proto::Protocol::kResp;
    case Scheme::kText:
      return proto::Protocol::kText;
    case Scheme::kJson:
      return proto::Protocol::kJson;
    case Scheme::kMemcache:
      return first_byte == proto::kMemcacheBinaryMagic ? proto::Protocol::kMemcacheBinary
                                                       : proto::Protocol::kMemcache;
    case Scheme::kAuto:
      break;
  }
  switch (proto::DetectProtocol(first_byte)) {
    case proto::Detection::kResp:
      return proto::Protocol::kResp;
    case proto::Detection::kText:
      return proto::Protocol::kText;
    case proto::Detection::kJson:
      return proto::Protocol::kJson;
    case proto::Detection::kNative:
    case proto::Detection::kUnknown:  // the native protocol's unknown command
      break;
  }
  return proto::Protocol::kNative;
}

}  // namespace

Connection::Connection(Lane& lane, io::UniqueFd fd, Scheme scheme, bool refused)
    : lane_(lane), fd_(std::move(fd)), scheme_(scheme), refused_(refused) {
  session.id = lane.NextConnectionId();
  session.peer_address = io::PeerAddressText(fd_.get());
  session.local_address = io::LocalAddressText(fd_.get());
  session.lane = lane.index();
  active_at_ns_ = lane.clock().MonotonicNanos();
  last_request_ms_ = lane.clock().WallMillis();
  session.connected_at_ms = active_at_ns_ / 1'000'000;
}

Connection::~Connection() { CHECK(dead()); }

void Connection::Start() {
  receiving_ = true;
  lane_.reactor().StartRecv(fd_.get(), *this);
  // Whoever is refused must say something soon to hear why.
  if (refused_) lane_.StartTimer(kLingerMillis, *this);
}

void Connection::Drain() {
  if (phase_ != Phase::kOpen) return;
  // What has arrived is still delivered; then the reactor reports the end of input, which finishes
  // the connection.
  ::shutdown(fd_.get(), SHUT_RD);
  if (!paused_) return;
  peer_closed_ = true;
  OnProgress();
}

void Connection::CloseAfterReplies() {
  session.close_after_reply = true;
  Finish();
}

shard::ClientState Connection::Describe() const {
  shard::ClientState state{.session = session};
  state.fd = fd_.get();
  state.idle_ms = lane_.clock().WallMillis() - last_request_ms_;
  state.input_bytes = in_.size();
  state.input_free_bytes = in_.capacity() - in_.size();
  state.output_bytes = out_.size() + in_flight_.size();
  state.output_capacity_bytes = out_.capacity() + in_flight_.capacity();
  state.object_bytes = sizeof(*this);
  return state;
}

void Connection::Abort() {
  if (phase_ == Phase::kClosing) return;
  phase_ = Phase::kClosing;
  lane_.shard().Forget(*this);
  lane_.reactor().CancelTimer(*this);
  if (receiving_) lane_.reactor().CancelRecv(*this);
  if (sending_now_) lane_.reactor().CancelSend(*this);
  OnProgress();  // the lane takes it out once it is dead
}

// ---- Input ----

void Connection::OnReceived(std::span<const char> bytes) {
  if (phase_ != Phase::kOpen) {
    lingered_bytes_ += bytes.size();
    if (lingered_bytes_ > kLingerBytesMax) Abort();
    return;
  }
  std::string_view fresh(bytes.data(), bytes.size());
  if (in_.empty() && fresh.size() > kDeferredBytesMax) fresh.remove_prefix(Execute(fresh));
  if (phase_ != Phase::kOpen) return;
  in_.Append(fresh);
  if (!in_.empty()) lane_.MarkReady(*this);
  PauseOrResumeReading();
}

void Connection::OnRecvEnd(int result) {
  receiving_ = false;
  if (phase_ == Phase::kClosing) return OnProgress();
  if (paused_ && result == -ECANCELED) {
    PauseOrResumeReading();
    return;
  }
  peer_closed_ = true;
  if (result < 0 || phase_ == Phase::kLingering) Abort();
  OnProgress();
}

bool Connection::OutputFull() const {
  return out_.size() + in_flight_.size() > lane_.options().output_buffer_bytes_max;
}

bool Connection::Blocked() const { return OutputFull() || lane_.shard().Congested(*this); }

void Connection::ChooseCodec(char first_byte) {
  codec_ = proto::MakeCodec(ProtocolOf(scheme_, first_byte), lane_.codec_limits());
}

// Decodes the next requests at the front of `in`. False when that cannot be, or is no use, now.
bool Connection::DecodeNext(std::string_view in, shard::PlannedBatch& batch,
                            proto::DecodeResult& result) {
  if (phase_ != Phase::kOpen || in.empty() || in.size() < needed_ || Blocked()) return false;
  if (codec_ == nullptr) ChooseCodec(in[0]);
  batch.Clear();
  result = codec_->Decode(in, kRequestsPerBatch, batch.requests);
  if (!refused_) lane_.shard().Plan(batch);
  return true;
}

void Connection::Run(const shard::PlannedBatch& batch, const proto::DecodeResult& result) {
  if (!batch.requests.empty()) {
    if (refused_) {
      Refuse(batch.requests[0].tag);
    } else {
      lane_.shard().Execute(batch, *this);
    }
    last_request_ms_ = lane_.shard().slice().now_ms();
    if (lane_.settings().idle_timeout_ms != 0) {
      active_at_ns_ = lane_.clock().MonotonicNanos();
      lane_.Touch(*this);
    }
  }
  TakeResult(result);
}

// Executes the complete requests at the front of `in`; returns how many bytes they were.
size_t Connection::Execute(std::string_view in) {
  shard::PlannedBatch& batch = lane_.batch();
  proto::DecodeResult result;
  size_t consumed = 0;
  size_t executed = 0;
  yielded_ = false;
  while (DecodeNext(in.substr(consumed), batch, result)) {
    lane_.shard().Prefetch({&batch, 1});
    Run(batch, result);
    consumed += result.consumed;
    executed += batch.requests.size();
    if (result.state == proto::DecodeState::kNeedMore) break;
    yielded_ = executed >= kRequestsPerTurnMax;
    if (yielded_) break;
  }
  return consumed;
}

bool Connection::DecodeReady(shard::PlannedBatch& batch) {
  return DecodeNext(in_.view(), batch, ready_result_);
}

void Connection::ExecuteReady(const shard::PlannedBatch& batch) {
  // A request of another connection may have closed this one since it was decoded.
  if (phase_ != Phase::kOpen) return in_.Clear();
  Run(batch, ready_result_);
  in_.Consume(phase_ == Phase::kOpen ? ready_result_.consumed : in_.size());
  // What else is there is executed at the end of the turn.
  if (!in_.empty() && ready_result_.state != proto::DecodeState::kNeedMore) OnProgress();
}

void Connection::TakeResult(const proto::DecodeResult& result) {
  needed_ = result.state == proto::DecodeState::kNeedMore ? result.needed : 1;
  if (session.close_after_reply) {
    Finish();
    return;
  }
  if (result.state != proto::DecodeState::kError || phase_ != Phase::kOpen) return;
  ++lane_.counters().protocol_errors;
  if (result.error.empty()) {
    base::Log(base::Severity::kWarning, "%s: %s", session.peer_address, proto::kBrowserNote);
  } else {
    lane_.shard().SubmitError(result.error_tag, result.error_code, result.error, *this);
  }
  Finish();
}

void Connection::Refuse(uint32_t tag) {
  ++lane_.counters().connections_refused;
  lane_.shard().SubmitError(tag, StatusCode::kBusy, "max number of clients reached", *this);
  Finish();
}

// Goes on with what in_ holds. True when it stopped only to let others have their turn.
bool Connection::ExecuteBuffered() {
  if (phase_ != Phase::kOpen || in_.empty()) return false;
  const size_t consumed = Execute(in_.view());
  in_.Consume(phase_ == Phase::kOpen ? consumed : in_.size());
  return yielded_;
}

void Connection::PauseOrResumeReading() {
  const bool stuck = phase_ == Phase::kOpen && in_.size() > kInputPausedBytes && Blocked();
  if (stuck && !paused_) {
    paused_ = true;
    if (receiving_) lane_.reactor().CancelRecv(*this);
  } else if (!stuck && paused_ && !receiving_ && !peer_closed_ && phase_ != Phase::kClosing) {
    paused_ = false;
    receiving_ = true;
    lane_.reactor().StartRecv(fd_.get(), *this);
  } else if (!stuck && paused_ && peer_closed_) {
    paused_ = false;
  }
}

// ---- Output ----

kv::ReplyWriter& Connection::BeginReply(uint32_t tag) {
  OnProgress();
  reply_begin_ = out_.size();
  return codec_->BeginReply(tag, session, out_);
}

void Connection::EndReply() {
  codec_->EndReply();
  if (session.reply_mode == kv::ReplyMode::kOn) [[likely]]
    return;
  out_.Truncate(reply_begin_);
  if (session.reply_mode == kv::ReplyMode::kSkipTwo) {
    session.reply_mode = kv::ReplyMode::kSkipOne;
  } else if (session.reply_mode == kv::ReplyMode::kSkipOne) {
    session.reply_mode = kv::ReplyMode::kOn;
  }
}

void Connection::OnProgress() { lane_.MarkDirty(*this); }

void Connection::OnLogLost() {
  base::Log(base::Severity::kWarning,
            "%s: closed: the log failed before its changes were on stable storage",
            session.peer_address);
  Abort();
}

void Connection::Flush() {
  if (sending_now_ || out_.empty() || phase_ == Phase::kClosing) return;
  if (!lane_.shard().MayLeave(*this)) return;
  std::swap(in_flight_, out_);
  sending_now_ = true;
  lane_.reactor().StartSend(fd_.get(), in_flight_.view(), *this);
}

void Connection::OnSent(int64_t result) {
  sending_now_ = false;
  in_flight_.Clear();
  if (result < 0) {
    Abort();
    OnProgress();
    return;
  }
  Flush();
  // Somebody may wait for room in the output, or for the end of it.
  if (phase_ != Phase::kOpen || over_output_ || paused_ || !in_.empty()) OnProgress();
}

// A client that does not take its replies gets the grace period, then it is cut off.
void Connection::WatchOutput() {
  if (OutputFull() == over_output_ || phase_ == Phase::kLingering) return;
  over_output_ = !over_output_;
  if (over_output_) {
    lane_.StartTimer(lane_.options().output_grace_ms, *this);
  } else {
    lane_.reactor().CancelTimer(*this);
  }
}

// ---- The end ----

void Connection::Finish() {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kFinishing;
  OnProgress();
}

void Connection::FinishIfDone() {
  if (phase_ == Phase::kOpen && peer_closed_ && !Blocked() && !yielded_) Finish();
  if (phase_ != Phase::kFinishing) return;
  const bool answered = shard::Shard::Answered(*this) && out_.empty() && !sending_now_;
  if (!answered) return;
  if (peer_closed_) return Abort();
  phase_ = Phase::kLingering;
  paused_ = false;
  ::shutdown(fd_.get(), SHUT_WR);
  lane_.StartTimer(kLingerMillis, *this);
  if (!receiving_) {
    receiving_ = true;
    lane_.reactor().StartRecv(fd_.get(), *this);
  }
}

void Connection::OnTimer() {
  if (over_output_ && phase_ != Phase::kLingering) {
    ++lane_.counters().connections_cut_off;
    base::Log(base::Severity::kWarning,
              "%s: cut off: %d bytes of replies not read within %d ms (--output-buffer-limit)",
              session.peer_address, out_.size() + in_flight_.size(),
              lane_.options().output_grace_ms);
  }
  Abort();
}

bool Connection::EndTurn() {
  bool more = false;
  if (session.close_after_reply) Finish();
  if (phase_ == Phase::kOpen) more = ExecuteBuffered();
  Flush();
  if (phase_ == Phase::kClosing) return false;
  WatchOutput();
  PauseOrResumeReading();
  FinishIfDone();
  return more;
}

}  // namespace corelane::server
