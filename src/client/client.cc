#include <corelane/client.h>

#include <corelane/pipeline.h>

#include "base/status_macros.h"
#include "client/replies.h"
#include "client/request_queue.h"
#include "client/session.h"

namespace corelane {
namespace {

using client::Reply;
using client::ReplySink;
using client::RequestQueue;
using client::Session;
using proto::NativeOpcode;

const Status& StatusOf(const Status& status) { return status; }
template <typename T>
const Status& StatusOf(const Result<T>& result) {
  return result.status();
}
const Status& StatusOf(const PipelineResult& result) { return result.status; }

// Decodes the reply of the only request.
template <typename Answer, typename Decode>
class OneReply final : public ReplySink {
 public:
  explicit OneReply(Decode decode) : decode_(std::move(decode)) {}
  bool OnReply(size_t /*index*/, NativeOpcode opcode, const Reply& reply) override {
    answer_ = decode_(opcode, reply);
    return StatusOf(answer_).code() != StatusCode::kProtocolError;
  }
  Answer& answer() { return answer_; }

 private:
  Decode decode_;
  Answer answer_ = Status();
};

// Runs the one request in `queue` and decodes its reply.
template <typename Answer, typename Decode>
Answer RunOne(Session& session, const RequestQueue& queue, Decode decode) {
  OneReply<Answer, Decode> sink(std::move(decode));
  if (Status status = session.Run(queue, sink); !status.ok()) return status;
  return std::move(sink.answer());
}

template <typename Answer>
Answer RunOne(Session& session, const RequestQueue& queue, Answer (*decode)(const Reply&)) {
  return RunOne<Answer>(session, queue,
                        [decode](NativeOpcode, const Reply& reply) { return decode(reply); });
}

// Decodes the replies of a batch. What stays unanswered keeps the status that it is given at the
// end.
template <typename Answer, typename Decode>
class ManyReplies final : public ReplySink {
 public:
  ManyReplies(size_t count, Decode decode) : decode_(std::move(decode)) { answers_.reserve(count); }
  bool OnReply(size_t /*index*/, NativeOpcode opcode, const Reply& reply) override {
    answers_.push_back(decode_(opcode, reply));
    return StatusOf(answers_.back()).code() != StatusCode::kProtocolError;
  }
  std::vector<Answer>& answers() { return answers_; }

 private:
  Decode decode_;
  std::vector<Answer> answers_;
};

// Runs all requests in `queue`; those that were not answered get `fail(status)`.
template <typename Answer, typename Decode, typename Fail>
std::vector<Answer> RunMany(Session& session, const RequestQueue& queue, Decode decode, Fail fail) {
  ManyReplies<Answer, Decode> sink(queue.size(), std::move(decode));
  const Status status = session.Run(queue, sink);
  std::vector<Answer> answers = std::move(sink.answers());
  while (answers.size() < queue.size()) answers.push_back(fail(status));
  return answers;
}

}  // namespace

Client::Client(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::Connect(ClientOptions options) {
  auto session = std::make_unique<Session>(std::move(options));
  RETURN_IF_ERROR(session->Open());
  return Client(std::move(session));
}

Status Client::Ping() {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Ping();
  return RunOne(*session_, queue, client::DecodeDone);
}

Status Client::Put(std::string_view key, std::string_view value) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Put(key, value);
  return RunOne(*session_, queue, client::DecodeDone);
}

Status Client::Put(std::string_view key, std::string_view value, std::chrono::milliseconds ttl) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.PutText(key, value, ttl);
  return RunOne(*session_, queue, client::DecodeDone);
}

Status Client::PutTyped(std::string_view key, const Value& value,
                        std::optional<std::chrono::milliseconds> ttl) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.PutTyped(key, value, ttl);
  return RunOne(*session_, queue, client::DecodeDone);
}

Result<std::optional<std::string>> Client::Get(std::string_view key) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Get(key);
  return RunOne(*session_, queue, client::DecodeText);
}

Result<std::optional<StoredValue>> Client::GetTyped(std::string_view key) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.GetTyped(key);
  return RunOne(*session_, queue, client::DecodeTyped);
}

Result<bool> Client::Delete(std::string_view key) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Delete(key);
  return RunOne<Result<bool>>(*session_, queue, client::DecodeDeleted);
}

Result<bool> Client::Contains(std::string_view key) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Contains(key);
  return RunOne(*session_, queue, client::DecodeFound);
}

Result<uint64_t> Client::Count() {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Count();
  return RunOne(*session_, queue, client::DecodeCount);
}

Result<int64_t> Client::Increment(std::string_view key, int64_t delta) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Increment(key, delta);
  return RunOne(*session_, queue, client::DecodeInteger);
}

Result<std::optional<TimeToLive>> Client::Ttl(std::string_view key) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Ttl(key);
  return RunOne(*session_, queue, client::DecodeTtl);
}

Result<bool> Client::Expire(std::string_view key, std::chrono::milliseconds ttl) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Expire(key, ttl);
  return RunOne(*session_, queue, client::DecodeFound);
}

Result<bool> Client::Persist(std::string_view key) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Persist(key);
  return RunOne(*session_, queue, client::DecodeFound);
}

Result<ListPage> Client::List(uint64_t cursor, uint32_t keys_max) {
  RequestQueue& queue = session_->EmptyQueue();
  queue.List(cursor, keys_max);
  return RunOne(*session_, queue, client::DecodePage);
}

Result<ServerStats> Client::Stats() {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Stats();
  return RunOne(*session_, queue, client::DecodeStats);
}

Status Client::Save() {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Save();
  return RunOne(*session_, queue, client::DecodeDone);
}

Status Client::Clear() {
  RequestQueue& queue = session_->EmptyQueue();
  queue.Clear();
  return RunOne(*session_, queue, client::DecodeDone);
}

Result<std::vector<std::optional<std::string>>> Client::MultiGet(
    std::span<const std::string_view> keys) {
  using Items = std::vector<std::optional<std::string>>;
  if (keys.empty()) return Items();
  RequestQueue& queue = session_->EmptyQueue();
  queue.MultiGet(keys);
  return RunOne<Result<Items>>(*session_, queue, [&](NativeOpcode, const Reply& reply) {
    return client::DecodeItems(reply, keys.size());
  });
}

Result<size_t> Client::MultiPut(std::span<const KeyValue> entries) {
  if (entries.empty()) return size_t{0};
  RequestQueue& queue = session_->EmptyQueue();
  queue.MultiPut(entries);
  return RunOne(*session_, queue, client::DecodeMany);
}

std::vector<Status> Client::PutBatch(std::span<const KeyValue> entries) {
  RequestQueue& queue = session_->EmptyQueue();
  for (const KeyValue& entry : entries) queue.Put(entry.key, entry.value);
  return RunMany<Status>(
      *session_, queue, [](NativeOpcode, const Reply& reply) { return client::DecodeDone(reply); },
      [](const Status& status) { return status; });
}

std::vector<Result<std::optional<std::string>>> Client::GetBatch(
    std::span<const std::string_view> keys) {
  using Answer = Result<std::optional<std::string>>;
  RequestQueue& queue = session_->EmptyQueue();
  for (const std::string_view key : keys) queue.Get(key);
  return RunMany<Answer>(
      *session_, queue, [](NativeOpcode, const Reply& reply) { return client::DecodeText(reply); },
      [](const Status& status) { return Answer(status); });
}

std::vector<Result<std::optional<StoredValue>>> Client::GetTypedBatch(
    std::span<const std::string_view> keys) {
  using Answer = Result<std::optional<StoredValue>>;
  RequestQueue& queue = session_->EmptyQueue();
  for (const std::string_view key : keys) queue.GetTyped(key);
  return RunMany<Answer>(
      *session_, queue, [](NativeOpcode, const Reply& reply) { return client::DecodeTyped(reply); },
      [](const Status& status) { return Answer(status); });
}

std::vector<PipelineResult> Client::Execute(const Pipeline& pipeline) {
  return RunMany<PipelineResult>(*session_, pipeline.requests(), client::DecodeAny,
                                 [](const Status& status) {
                                   PipelineResult result;
                                   result.status = status;
                                   return result;
                                 });
}

void Client::Close() { session_->Close(); }

Status Client::Reconnect() { return session_->Open(); }

bool Client::connected() const { return session_->socket().is_open(); }

bool Client::LooksHealthy() const { return session_->socket().IsQuiet(); }

const ClientOptions& Client::options() const { return session_->options(); }

}  // namespace corelane
