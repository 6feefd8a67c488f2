#pragma once

// Fact and LaneState: what a test knows of a lane beside its log: each change that was appended,
// and what all of them up to some point come to. Plain values, one thread.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "wal/format.h"

namespace corelane::wal {

// A change, or an entry of a checkpoint, with its bytes, which copies share.
struct Fact {
  uint64_t seq = 0;
  FrameType type = FrameType::kPut;
  std::string key;
  kv::ValueView value;  // without the bytes
  std::shared_ptr<const std::string> bytes;

  // With the bytes.
  [[nodiscard]] kv::ValueView View() const;
};

[[nodiscard]] Fact FactOf(const Frame& frame);
[[nodiscard]] bool SameValue(const Fact& left, const Fact& right);
[[nodiscard]] bool SameChange(const Fact& left, const Fact& right);

// The keys, each with the put that made it, changed by what came after.
class LaneState {
 public:
  void Apply(const Fact& change);

  [[nodiscard]] const std::map<std::string, Fact>& entries() const { return entries_; }
  // Empty when both hold the same, else what does not.
  [[nodiscard]] std::string DifferenceTo(const LaneState& other) const;

 private:
  std::map<std::string, Fact> entries_;
};

}  // namespace corelane::wal
