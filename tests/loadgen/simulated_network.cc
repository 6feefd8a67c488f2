#include "simulated_network.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <span>
#include <utility>

#include "base/check.h"

namespace corelane::loadgen {

namespace {

// Only what a worker uses.
class SimulatedReactor final : public io::Reactor {
 public:
  explicit SimulatedReactor(SimulatedNetwork& network) : network_(network) {}

  [[nodiscard]] io::BackEnd back_end() const override { return io::BackEnd::kEpoll; }
  void StartRecv(int fd, io::RecvOp& op) override { receivers_[fd] = &op; }
  void CancelRecv(io::RecvOp& op) override {
    std::erase_if(receivers_, [&](const auto& entry) { return entry.second == &op; });
    ready_.push_back([&op] { op.OnRecvEnd(-ECANCELED); });
  }
  void StartSend(int fd, std::span<const char> bytes, io::SendOp& op) override {
    network_.Receive(network_.PeerOf(fd), {bytes.data(), bytes.size()});
    const auto size = static_cast<int64_t>(bytes.size());
    ready_.push_back([&op, size] { op.OnSent(size); });
  }
  void CancelSend(io::SendOp& /*op*/) override {}  // its end is in ready_ already
  size_t Poll(int64_t timeout_ns) override;

  void StartAccept(int /*fd*/, io::AcceptOp& /*op*/) override { CHECK(false); }
  void CancelAccept(io::AcceptOp& /*op*/) override { CHECK(false); }
  void StartReadable(int /*fd*/, io::ReadableOp& /*op*/) override { CHECK(false); }
  void CancelReadable(io::ReadableOp& /*op*/) override { CHECK(false); }
  void StartTimer(int64_t /*deadline_ns*/, io::TimerOp& /*op*/) override { CHECK(false); }
  void CancelTimer(io::TimerOp& /*op*/) override { CHECK(false); }
  void Wake() override { CHECK(false); }
  [[nodiscard]] const io::ReactorCounters& counters() const override { return counters_; }

 private:
  void PassTime(int64_t timeout_ns);
  size_t Deliver();

  SimulatedNetwork& network_;
  std::map<int, io::RecvOp*> receivers_;
  std::vector<std::function<void()>> ready_;
  io::ReactorCounters counters_;
};

size_t SimulatedReactor::Poll(int64_t timeout_ns) {
  if (ready_.empty()) PassTime(std::max(timeout_ns, SimulatedNetwork::kPollNanos));
  std::vector<std::function<void()>> callbacks;
  callbacks.swap(ready_);
  for (const auto& callback : callbacks) callback();
  return callbacks.size() + Deliver();
}

void SimulatedReactor::PassTime(int64_t timeout_ns) {
  int64_t until_ns = network_.clock().MonotonicNanos() + timeout_ns;
  for (const auto& [fd, op] : receivers_) {
    const auto& answers = network_.PeerOf(fd).answers;
    if (!answers.empty()) until_ns = std::min(until_ns, answers.front().at_ns);
  }
  network_.clock().MoveTo(std::max(until_ns, network_.clock().MonotonicNanos()));
}

// Everything that is due by now.
size_t SimulatedReactor::Deliver() {
  size_t delivered = 0;
  const int64_t now_ns = network_.clock().MonotonicNanos();
  const std::map<int, io::RecvOp*> receivers = receivers_;
  for (const auto& [fd, op] : receivers) {
    auto& answers = network_.PeerOf(fd).answers;
    while (receivers_.contains(fd) && !answers.empty() && answers.front().at_ns <= now_ns) {
      const Script::Answer answer = answers.front();
      answers.pop_front();
      ++delivered;
      if (answer.closes) {
        receivers_.erase(fd);
        op->OnRecvEnd(0);
      } else {
        op->OnReceived(std::span(answer.bytes.data(), answer.bytes.size()));
      }
    }
  }
  return delivered;
}

}  // namespace

SimulatedNetwork::SimulatedNetwork(VirtualClock& clock, Script& script)
    : clock_(clock), script_(script) {}

SimulatedNetwork::~SimulatedNetwork() = default;

Result<std::unique_ptr<io::Reactor>> SimulatedNetwork::MakeReactor() {
  return std::unique_ptr<io::Reactor>(std::make_unique<SimulatedReactor>(*this));
}

Result<io::UniqueFd> SimulatedNetwork::Connect(const io::Endpoint& /*endpoint*/) {
  // A descriptor that is nothing but a number.
  io::UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(fd.valid());
  peers_.erase(fd.get());
  peers_.try_emplace(fd.get());
  ++connects_;
  return fd;
}

void SimulatedNetwork::Receive(Peer& peer, std::string_view bytes) {
  peer.received.append(bytes);
  kv::RequestBatch batch;
  const proto::DecodeResult result = peer.codec.Decode(peer.received, SIZE_MAX, batch);
  CHECK(result.state != proto::DecodeState::kError);
  for (size_t i = 0; i < batch.size(); ++i) {
    Script::Answer answer = script_.AnswerTo(requests_++, clock_.MonotonicNanos(), batch[i]);
    if (answer.bytes.empty()) {
      answer.bytes = batch[i].command == "GET" ? "$-1\r\n" : "+OK\r\n";
    }
    answer.at_ns = std::max(answer.at_ns, peer.last_answer_ns);
    peer.last_answer_ns = answer.at_ns;
    peer.answers.push_back(std::move(answer));
  }
  peer.received.erase(0, result.consumed);
}

}  // namespace corelane::loadgen
