#include "lane_model.h"

#include <memory>
#include <string>

namespace corelane::wal {

kv::ValueView Fact::View() const {
  kv::ValueView view = value;
  view.bytes = *bytes;
  return view;
}

Fact FactOf(const Frame& frame) {
  Fact fact{.seq = frame.seq,
            .type = frame.type,
            .key = std::string(frame.key),
            .value = frame.value,
            .bytes = std::make_shared<const std::string>(frame.value.bytes)};
  fact.value.bytes = {};
  return fact;
}

bool SameValue(const Fact& left, const Fact& right) {
  return left.key == right.key && left.value.type == right.value.type &&
         left.value.expires_at == right.value.expires_at &&
         left.value.created_at_s == right.value.created_at_s &&
         left.value.client_flags == right.value.client_flags &&
         left.value.marks == right.value.marks && *left.bytes == *right.bytes;
}

bool SameChange(const Fact& left, const Fact& right) {
  return left.seq == right.seq && left.type == right.type && SameValue(left, right);
}

void LaneState::Apply(const Fact& change) {
  const auto entry = entries_.find(change.key);
  switch (change.type) {
    case FrameType::kErase:
      if (entry != entries_.end()) entries_.erase(entry);
      break;
    case FrameType::kExpiry:
      if (entry != entries_.end()) entry->second.value.expires_at = change.value.expires_at;
      break;
    case FrameType::kMarks:
      if (entry != entries_.end()) entry->second.value.marks = change.value.marks;
      break;
    case FrameType::kClear:
      entries_.clear();
      break;
    default:
      entries_[change.key] = change;
  }
}

std::string LaneState::DifferenceTo(const LaneState& other) const {
  for (const auto& [key, fact] : entries_) {
    const auto theirs = other.entries_.find(key);
    if (theirs == other.entries_.end()) return key + " is there";
    if (!SameValue(fact, theirs->second)) return key + " is not what it should be";
  }
  for (const auto& [key, fact] : other.entries_) {
    if (!entries_.contains(key)) return key + " is missing";
  }
  return "";
}

}  // namespace corelane::wal
