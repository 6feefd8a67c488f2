#include "loadgen/sequence_book.h"

#include <algorithm>

#include "base/check.h"

namespace corelane::loadgen {

SequenceBook::SequenceBook(const KeyShare& share, size_t keys_max, bool misses_allowed)
    : share_(share), misses_allowed_(misses_allowed), rows_(keys_max) {}

const SequenceBook::Row* SequenceBook::Find(uint64_t key) const {
  if (!share_.Owns(key)) return nullptr;
  const uint64_t index = share_.IndexOf(key);
  return index < rows_.size() ? &rows_[index] : nullptr;
}

SequenceBook::Row* SequenceBook::Find(uint64_t key) {
  const Row* const row = static_cast<const SequenceBook*>(this)->Find(key);
  return row == nullptr ? nullptr : &rows_[static_cast<size_t>(row - rows_.data())];
}

uint64_t SequenceBook::Send(uint64_t key, WriteKind kind) {
  Row* const row = Find(key);
  if (row == nullptr) return 0;
  ++row->sent;
  if (kind == WriteKind::kDelete) row->deleted = row->sent;
  return row->sent;
}

void SequenceBook::Acknowledge(uint64_t key, uint64_t sequence) {
  Row* const row = Find(key);
  if (row == nullptr) return;
  CHECK(sequence <= row->sent);
  row->floor = std::max(row->floor, sequence);
}

void SequenceBook::Abandon(uint64_t key, uint64_t sequence, WriteKind kind) {
  if (Find(key) == nullptr) return;
  Abandoned& abandoned = abandoned_[key];
  if (kind == WriteKind::kDelete) {
    abandoned.deletes = true;
  } else {
    abandoned.values.push_back(sequence);
  }
}

std::optional<uint64_t> SequenceBook::NextWritten(uint64_t& index) const {
  while (index < rows_.size()) {
    const uint64_t at = index++;
    if (rows_[at].sent > 0) return share_.KeyAt(at);
  }
  return std::nullopt;
}

uint64_t SequenceBook::Floor(uint64_t key) const {
  const Row* const row = Find(key);
  return row == nullptr ? 0 : row->floor;
}

ReadState SequenceBook::Judge(uint64_t key, uint64_t floor, std::optional<uint64_t> sequence) {
  Row* const row = Find(key);
  if (row == nullptr) return ReadState::kUntracked;
  if (!sequence.has_value()) {
    return MayBeGone(*row, key, floor) ? ReadState::kSound : ReadState::kLost;
  }
  if (*sequence == 0 || *sequence > row->sent) {
    return floor == 0 ? ReadState::kSound : ReadState::kNeverSent;
  }
  if (*sequence < floor) {
    return IsAbandoned(key, *sequence) ? ReadState::kSound : ReadState::kStale;
  }
  row->floor = std::max(row->floor, *sequence);
  return ReadState::kSound;
}

bool SequenceBook::MayBeGone(const Row& row, uint64_t key, uint64_t floor) const {
  if (floor == 0 || row.deleted >= floor || misses_allowed_) return true;
  const auto found = abandoned_.find(key);
  return found != abandoned_.end() && found->second.deletes;
}

bool SequenceBook::IsAbandoned(uint64_t key, uint64_t sequence) const {
  const auto found = abandoned_.find(key);
  if (found == abandoned_.end()) return false;
  const std::vector<uint64_t>& values = found->second.values;
  return std::find(values.begin(), values.end(), sequence) != values.end();
}

}  // namespace corelane::loadgen
