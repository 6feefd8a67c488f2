#include "client/session.h"

#include <string>
#include <utility>

#include "base/status_macros.h"

namespace corelane::client {
namespace {

// What one recv(2) asks for. The input grows by what has arrived, never by what was announced.
constexpr size_t kReceiveBytes = size_t{64} << 10;
// The text of a failure; it may be longer than the values of a client that allows small ones only.
constexpr size_t kErrorTextBytesMax = size_t{64} << 10;

// How long a reply to `request` may be that begins with this status byte.
size_t ReplyBytesMax(const QueuedRequest& request, char status) {
  const auto code = static_cast<StatusCode>(static_cast<uint8_t>(status));
  const bool has_value = code == StatusCode::kOk || code == StatusCode::kNotFound;
  return has_value ? request.reply_bytes_max : kErrorTextBytesMax;
}

// Version 1 promises never to answer more than its three statuses, so any other byte is not a
// reply.
bool IsStatusFor(const QueuedRequest& request, char status) {
  return static_cast<uint8_t>(request.opcode) >= proto::kNativeExtensionsBegin ||
         static_cast<uint8_t>(status) <= static_cast<uint8_t>(StatusCode::kError);
}

RequestLimits LimitsOf(const ClientOptions& options) {
  return {options.key_bytes_max, options.value_bytes_max, options.version_1_only};
}

}  // namespace

// One run over one connection.
struct Session::Exchange {
  const RequestQueue& queue;
  ReplySink& sink;
  size_t& answered;
  size_t sent = 0;  // bytes of the queue
  bool can_send = true;

  [[nodiscard]] bool done() const { return answered == queue.size(); }
  [[nodiscard]] bool wants_to_send() const { return can_send && sent < queue.bytes().size(); }
};

Session::Session(ClientOptions options)
    : options_(std::move(options)), limits_(LimitsOf(options_)), queue_(limits_) {}

Status Session::Open() {
  Break();
  closed_by_user_ = false;
  Result<Socket> socket =
      Socket::Connect(options_.host, options_.port, options_.connect_timeout_ms);
  if (!socket.ok()) return socket.status();
  socket_ = std::move(*socket);
  return OkStatus();
}

void Session::Close() {
  Break();
  closed_by_user_ = true;
}

void Session::Break() {
  socket_.Close();
  input_.Clear();
}

Status Session::Run(const RequestQueue& queue, ReplySink& sink) {
  size_t answered = 0;
  for (bool is_retry = false;; is_retry = true) {
    Exchange exchange{queue, sink, answered};
    AnswerRefused(exchange);
    if (exchange.done()) return OkStatus();
    RETURN_IF_ERROR(Prepare(queue, answered));
    exchange.sent = queue.BeginOf(answered);
    Status status = ExchangeAll(exchange);
    // More than was asked for has come: the answers stand, but the next one could be anybody's.
    if (status.ok() && !input_.empty()) Break();
    if (status.ok()) return status;
    Break();
    const bool may_retry =
        !is_retry && status.code() == StatusCode::kConnectionLost && queue.RepeatableFrom(answered);
    if (!may_retry) return status;
  }
}

// Sees to an open connection before anything is sent.
Status Session::Prepare(const RequestQueue& queue, size_t answered) {
  if (closed_by_user_) return Status(StatusCode::kClosed, "the client is closed");
  // What must not be sent twice gets a look at the connection first, so that it does not fail for
  // one that the server closed long ago.
  if (socket_.is_open() && !queue.RepeatableFrom(answered) && !socket_.IsQuiet()) Break();
  return socket_.is_open() ? OkStatus() : Open();
}

Status Session::ExchangeAll(Exchange& exchange) {
  // Of a batch, each reply and each piece that is sent shows that the server is alive.
  const bool renews = exchange.queue.size() > 1;
  Deadline deadline = Deadline::After(options_.request_timeout_ms);
  while (!exchange.done()) {
    const size_t answered_before = exchange.answered;
    const bool has_sent = SendWhatFits(exchange);
    const Readiness ready = socket_.Wait(exchange.wants_to_send(), deadline);
    if (ready.timed_out()) {
      return Status(StatusCode::kTimeout, AddressText(options_.host, options_.port) +
                                              " did not reply within " +
                                              std::to_string(options_.request_timeout_ms) + " ms");
    }
    if (ready.readable) RETURN_IF_ERROR(ReceiveReplies(exchange));
    if (renews && (has_sent || exchange.answered != answered_before)) {
      deadline = Deadline::After(options_.request_timeout_ms);
    }
  }
  return OkStatus();
}

// True when anything was sent.
bool Session::SendWhatFits(Exchange& exchange) {
  const size_t sent_before = exchange.sent;
  while (exchange.wants_to_send()) {
    const TransferResult result = socket_.Send(exchange.queue.bytes().substr(exchange.sent));
    exchange.sent += result.bytes;
    // The server may have said why it closed, and that can still be read.
    if (result.outcome == Transfer::kBroken) exchange.can_send = false;
    if (result.outcome != Transfer::kSome) break;
  }
  return exchange.sent != sent_before;
}

Status Session::ReceiveReplies(Exchange& exchange) {
  char* room = input_.Reserve(kReceiveBytes);
  const TransferResult result = socket_.Receive(room, kReceiveBytes);
  switch (result.outcome) {
    case Transfer::kSome:
      input_.Commit(result.bytes);
      return TakeReplies(exchange);
    case Transfer::kWouldBlock:
      return OkStatus();
    case Transfer::kEnd:
      return Lost("closed by the server");
    case Transfer::kBroken:
      break;
  }
  return Lost(ErrorText(result.error));
}

Status Session::TakeReplies(Exchange& exchange) {
  size_t taken = 0;
  while (!exchange.done()) {
    const std::string_view rest = input_.view().substr(taken);
    if (rest.empty()) break;
    const QueuedRequest& request = exchange.queue[exchange.answered];
    if (!IsStatusFor(request, rest[0])) return Distrust("a reply has no known status");
    const proto::NativeReplyResult result =
        proto::DecodeNativeReply(rest, ReplyBytesMax(request, rest[0]));
    if (result.state == proto::ReplyState::kNeedMore) break;
    if (result.state == proto::ReplyState::kError) {
      return Distrust(result.error == StatusCode::kValueTooLarge
                          ? "a reply is longer than the limit for values"
                          : "a reply has no known status");
    }
    const bool makes_sense = exchange.sink.OnReply(exchange.answered, request.opcode, result.reply);
    ++exchange.answered;
    if (!makes_sense) return Distrust("a reply is malformed");
    taken += result.consumed;
    AnswerRefused(exchange);
  }
  input_.Consume(taken);
  return OkStatus();
}

// Answers the requests that are next in the order and were refused here.
void Session::AnswerRefused(Exchange& exchange) {
  while (!exchange.done()) {
    const QueuedRequest& request = exchange.queue[exchange.answered];
    if (request.refusal == StatusCode::kOk) return;
    // A refusal makes sense to every sink.
    (void)exchange.sink.OnReply(exchange.answered, request.opcode,
                                {request.refusal, request.refusal_text});
    ++exchange.answered;
  }
}

Status Session::Lost(std::string_view why) const {
  return Status(
      StatusCode::kConnectionLost,
      "connection to " + AddressText(options_.host, options_.port) + " lost: " + std::string(why));
}

Status Session::Distrust(std::string_view why) const {
  return Status(StatusCode::kProtocolError,
                AddressText(options_.host, options_.port) +
                    " does not speak the native protocol as it should: " + std::string(why));
}

}  // namespace corelane::client
