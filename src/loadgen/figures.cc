#include "loadgen/figures.h"

#include <algorithm>
#include <cstddef>

namespace corelane::loadgen {

void OpFigures::Merge(const OpFigures& other) {
  response_ns.Merge(other.response_ns);
  service_ns.Merge(other.service_ns);
  hits += other.hits;
  misses += other.misses;
  errors += other.errors;
  timeouts += other.timeouts;
  lost += other.lost;
}

void WindowFigures::Merge(const WindowFigures& other) {
  answered += other.answered;
  failed += other.failed;
  under_way += other.under_way;
  behind_ns = std::max(behind_ns, other.behind_ns);
  latency_ns.Merge(other.latency_ns);
}

void VerifyFigures::Merge(const VerifyFigures& other) {
  verified += other.verified;
  stale += other.stale;
  vanished += other.vanished;
  corrupt += other.corrupt;
  never_sent += other.never_sent;
  untracked += other.untracked;
  swept += other.swept;
  unswept += other.unswept;
  if (first_finding.empty()) first_finding = other.first_finding;
}

OpFigures& Figures::Of(OpKind kind) {
  std::unique_ptr<OpFigures>& figures = by_kind[static_cast<size_t>(kind)];
  if (figures == nullptr) figures = std::make_unique<OpFigures>();
  return *figures;
}

OpFigures Figures::Total() const {
  OpFigures total;
  for (const std::unique_ptr<OpFigures>& figures : by_kind) {
    if (figures != nullptr) total.Merge(*figures);
  }
  return total;
}

void Figures::Merge(const Figures& other) {
  for (size_t kind = 0; kind < by_kind.size(); ++kind) {
    if (other.by_kind[kind] != nullptr) Of(static_cast<OpKind>(kind)).Merge(*other.by_kind[kind]);
  }
  windows.resize(std::max(windows.size(), other.windows.size()));
  for (size_t i = 0; i < other.windows.size(); ++i) windows[i].Merge(other.windows[i]);
  never_started += other.never_started;
  held_back += other.held_back;
  lag_ns.Merge(other.lag_ns);
  if (first_error.empty()) first_error = other.first_error;
  verify.Merge(other.verify);
}

}  // namespace corelane::loadgen
