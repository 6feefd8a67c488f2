#include "loadgen/tally.h"

#include <utility>

namespace corelane::loadgen {

void Tally::Begin(int64_t from_ns, int64_t until_ns) {
  from_ns_ = from_ns;
  EndBy(until_ns);
  window_end_ns_ = from_ns + kWindowNanos;
}

void Tally::CountNeverStarted() {
  ++figures_.never_started;
  ++window_.failed;
}

void Tally::CountKeys(const Pending& pending, const WireReply& reply) {
  OpFigures& figures = figures_.Of(pending.kind);
  figures.hits += reply.hits;
  figures.misses += reply.misses;
}

void Tally::CountReply(const Pending& pending, const WireReply& reply, int64_t now_ns) {
  OpFigures& figures = figures_.Of(pending.kind);
  if (reply.outcome == Outcome::kError) {
    ++figures.errors;
    ++window_.failed;
    return NoteError(reply.error);
  }
  const int64_t service_ns = std::max<int64_t>(1, now_ns - pending.sent_ns);
  figures.service_ns.Record(service_ns);
  int64_t latency_ns = service_ns;
  if (open_loop_) {
    latency_ns = std::max<int64_t>(1, now_ns - pending.intended_ns);
    figures.response_ns.Record(latency_ns);
  }
  latency_ns_.Record(latency_ns);
}

void Tally::CountLost(const Pending& pending, uint64_t OpFigures::*how) {
  ++(figures_.Of(pending.kind).*how);
  ++window_.failed;
}

void Tally::NoteError(std::string_view error) {
  if (figures_.first_error.empty()) figures_.first_error = error;
}

WorkerNews Tally::EndWindow(uint64_t under_way, int64_t behind_ns) {
  window_.answered = latency_ns_.count();
  window_.under_way = under_way;
  window_.behind_ns = behind_ns;
  window_.latency_ns = SparseHistogram(latency_ns_);
  const WorkerNews news{.kind = WorkerNews::Kind::kWindow,
                        .window = static_cast<uint32_t>(figures_.windows.size()),
                        .answered = window_.answered,
                        .failed = window_.failed,
                        .behind_ns = behind_ns,
                        .p50_ns = latency_ns_.ValueAtPercentile(50),
                        .p99_ns = latency_ns_.ValueAtPercentile(99),
                        .p99_9_ns = latency_ns_.ValueAtPercentile(99.9),
                        .max_ns = latency_ns_.Max()};
  figures_.windows.push_back(std::move(window_));
  window_ = WindowFigures();
  latency_ns_.Reset();
  window_end_ns_ += kWindowNanos;
  return news;
}

}  // namespace corelane::loadgen
