#include "loadgen/canned_server.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/buffer.h"
#include "base/check.h"
#include "io/socket.h"
#include "kv/request.h"
#include "kv/session.h"
#include "proto/codec.h"

namespace corelane::loadgen {
namespace {

proto::Protocol ServerProtocol(WireProtocol protocol) {
  switch (protocol) {
    case WireProtocol::kNative:
      return proto::Protocol::kNative;
    case WireProtocol::kResp2:
    case WireProtocol::kResp3:
      return proto::Protocol::kResp;
    case WireProtocol::kMemcacheText:
    case WireProtocol::kMemcacheMeta:
      return proto::Protocol::kMemcache;
    case WireProtocol::kJson:
      break;
  }
  return proto::Protocol::kJson;
}

// The value as the commands of each protocol hand it to its codec.
void SayValue(WireProtocol protocol, std::string_view key, std::string_view value,
              kv::ReplyWriter& out) {
  switch (protocol) {
    case WireProtocol::kMemcacheText:
      out.Array(1);
      out.Array(2);
      out.Bulk(key);
      break;
    case WireProtocol::kMemcacheMeta:
      out.Array(4);
      out.Simple("VA");
      out.Integer(static_cast<int64_t>(value.size()));
      out.Bulk("");
      break;
    default:
      break;
  }
  out.Value({.bytes = value});
}

// The same for what a write that has been done says.
void SayStored(WireProtocol protocol, kv::ReplyWriter& out) {
  switch (protocol) {
    case WireProtocol::kMemcacheText:
      return out.Simple("STORED");
    case WireProtocol::kMemcacheMeta:
      out.Array(2);
      out.Simple("HD");
      return out.Bulk("");
    default:
      return out.Ok();
  }
}

// The server's own codec says it, so that there is no second idea of the protocol here.
CannedReply ReplyTo(WireProtocol protocol, std::string_view request,
                    const std::function<void(kv::ReplyWriter&)>& say) {
  // A request is longer than the key and the value in it.
  proto::CodecLimits limits;
  limits.key_bytes_max = std::max(limits.key_bytes_max, request.size());
  limits.value_bytes_max = std::max(limits.value_bytes_max, request.size());
  limits.request_bytes_max = std::max(limits.request_bytes_max, request.size());
  const std::unique_ptr<proto::Codec> codec = proto::MakeCodec(ServerProtocol(protocol), limits);
  kv::RequestBatch batch;
  const proto::DecodeResult decoded = codec->Decode(request, 2, batch);
  CHECK(decoded.consumed == request.size() && batch.size() == 1);
  const kv::Session session;
  base::Buffer reply;
  say(codec->BeginReply(batch[0].tag, session, reply));
  codec->EndReply();
  return {.request_bytes = request.size(), .reply = std::string(reply.view())};
}

}  // namespace

CannedReply CannedRead(WireProtocol protocol, std::string_view key, size_t value_bytes) {
  base::Buffer request;
  MakeWire(protocol)->Read(key, request);
  const std::string value(value_bytes, 'v');
  return ReplyTo(protocol, request.view(),
                 [&](kv::ReplyWriter& out) { SayValue(protocol, key, value, out); });
}

CannedReply CannedWrite(WireProtocol protocol, std::string_view key, size_t value_bytes) {
  base::Buffer request;
  MakeWire(protocol)->Write(key, std::string(value_bytes, 'v'), 0, request);
  return ReplyTo(protocol, request.view(), [&](kv::ReplyWriter& out) { SayStored(protocol, out); });
}

// One connection; leaves its server as its last act, when neither operation is under way any more.
class CannedServer::Connection final : public io::RecvOp, public io::SendOp {
 public:
  Connection(CannedServer& server, io::UniqueFd fd) : server_(server), fd_(std::move(fd)) {}

  void Start() { server_.reactor_.StartRecv(fd_.get(), *this); }

  void OnReceived(std::span<const char> bytes) override {
    received_ += bytes.size();
    owed_ += received_ / server_.request_bytes_;
    received_ %= server_.request_bytes_;
    if (!sending_) SendSome();
  }

  void OnRecvEnd(int /*result*/) override {
    receiving_ = false;
    if (!sending_) server_.Remove(*this);
  }

  void OnSent(int64_t result) override {
    sending_ = false;
    if (result < 0 && receiving_) {
      owed_ = 0;
      server_.reactor_.CancelRecv(*this);
    } else if (!receiving_) {
      server_.Remove(*this);
    } else {
      SendSome();
    }
  }

 private:
  void SendSome() {
    const size_t held = server_.replies_.size() / server_.reply_bytes_;
    const size_t count = std::min(owed_, held);
    if (count == 0) return;
    owed_ -= count;
    sending_ = true;
    if (server_.burn_ns_ > 0) server_.Burn(count);
    server_.reactor_.StartSend(
        fd_.get(), std::span(server_.replies_).first(count * server_.reply_bytes_), *this);
  }

  CannedServer& server_;
  io::UniqueFd fd_;
  size_t received_ = 0;  // of the next request
  size_t owed_ = 0;      // replies
  bool sending_ = false;
  bool receiving_ = true;
};

CannedServer::CannedServer(io::Reactor& reactor, const CannedReply& canned)
    : reactor_(reactor), request_bytes_(canned.request_bytes), reply_bytes_(canned.reply.size()) {
  CHECK(request_bytes_ > 0 && reply_bytes_ > 0);
  const size_t held = std::clamp<size_t>(kBytesPerSendMax / reply_bytes_, 1, kRepliesPerSendMax);
  replies_.reserve(held * reply_bytes_);
  for (size_t i = 0; i < held; ++i) replies_ += canned.reply;
}

CannedServer::~CannedServer() = default;

void CannedServer::BurnPerRequest(const env::Clock& clock, int64_t burn_ns) {
  clock_ = &clock;
  burn_ns_ = burn_ns;
}

void CannedServer::Burn(size_t requests) const {
  const int64_t until_ns = clock_->MonotonicNanos() + static_cast<int64_t>(requests) * burn_ns_;
  while (clock_->MonotonicNanos() < until_ns) {
  }
}

void CannedServer::Start(int listener_fd) { reactor_.StartAccept(listener_fd, *this); }

void CannedServer::OnAccepted(int fd) {
  io::SetNoDelay(fd);
  connections_.push_back(std::make_unique<Connection>(*this, io::UniqueFd(fd)));
  connections_.back()->Start();
}

void CannedServer::OnAcceptError(int /*error*/) {}

void CannedServer::OnAcceptEnd(int /*result*/) { ended_ = true; }

void CannedServer::Remove(const Connection& gone) {
  connections_.remove_if([&gone](const auto& connection) { return connection.get() == &gone; });
}

}  // namespace corelane::loadgen
