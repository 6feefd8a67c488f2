#pragma once

// Session: one client's connection over its whole life: opening it, running requests over it, and
// what is done when it breaks. Owned by a Client; one thread at a time.
//
// What always holds: between two calls of Run() an open connection owes no reply and holds no bytes
// of one. Whatever breaks that (an error, a time-out, bytes that make no sense) closes the
// connection, so that no reply can ever be taken for another request's.

#include <corelane/client.h>
#include <corelane/status.h>

#include <cstddef>

#include "base/buffer.h"
#include "client/replies.h"
#include "client/request_queue.h"
#include "client/socket.h"

namespace corelane::client {

// Takes the replies of one Run(), in the order of the requests.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // `reply` dies with the call. False when it does not have the form that the request asked for.
  [[nodiscard]] virtual bool OnReply(size_t index, proto::NativeOpcode opcode,
                                     const Reply& reply) = 0;
};

class Session {
 public:
  explicit Session(ClientOptions options);

  // Opens a new connection in place of the one there may be.
  [[nodiscard]] Status Open();
  // Closes on the user's behalf: Run() fails until Open().
  void Close();

  // Sends all requests of the queue and gives each reply to the sink. Not OK: the requests that the
  // sink has not seen were not answered, for this reason.
  [[nodiscard]] Status Run(const RequestQueue& queue, ReplySink& sink);

  // An empty queue for a single operation.
  [[nodiscard]] RequestQueue& EmptyQueue() {
    queue_.Reset();
    return queue_;
  }
  [[nodiscard]] const RequestLimits& limits() const { return limits_; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }
  [[nodiscard]] const Socket& socket() const { return socket_; }

 private:
  struct Exchange;

  [[nodiscard]] Status Prepare(const RequestQueue& queue, size_t answered);
  [[nodiscard]] Status ExchangeAll(Exchange& exchange);
  [[nodiscard]] bool SendWhatFits(Exchange& exchange);
  [[nodiscard]] Status ReceiveReplies(Exchange& exchange);
  [[nodiscard]] Status TakeReplies(Exchange& exchange);
  static void AnswerRefused(Exchange& exchange);
  void Break();
  [[nodiscard]] Status Lost(std::string_view why) const;
  [[nodiscard]] Status Distrust(std::string_view why) const;

  ClientOptions options_;
  RequestLimits limits_;
  Socket socket_;
  base::Buffer input_;
  RequestQueue queue_;
  bool closed_by_user_ = false;
};

}  // namespace corelane::client
