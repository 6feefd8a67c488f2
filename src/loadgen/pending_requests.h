#pragma once

// PendingRequests: what a wire has asked and has no answer to yet, oldest first. A ring that grows
// to the deepest pipeline it has seen and allocates nothing after that. Owned by a wire; one
// thread.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace corelane::loadgen {

enum class AskedKind : uint8_t {
  kOpen,
  kRead,
  kReadMany,
  kWrite,
  kWriteMany,
  kDelete,
  kExpire,
  kRaw,
};

struct Asked {
  AskedKind kind = AskedKind::kRead;
  uint32_t keys = 1;
};

class PendingRequests {
 public:
  void Push(AskedKind kind, size_t keys = 1) {
    if (size_ == ring_.size()) Grow();
    ring_[(first_ + size_) & (ring_.size() - 1)] = {kind, static_cast<uint32_t>(keys)};
    ++size_;
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }
  // The oldest one; there must be one.
  [[nodiscard]] Asked front() const { return ring_[first_]; }
  void Pop() {
    first_ = (first_ + 1) & (ring_.size() - 1);
    --size_;
  }

 private:
  static constexpr size_t kFirstCapacity = 16;

  void Grow() {
    std::vector<Asked> wider(ring_.empty() ? kFirstCapacity : 2 * ring_.size());
    for (size_t i = 0; i < size_; ++i) wider[i] = ring_[(first_ + i) & (ring_.size() - 1)];
    ring_ = std::move(wider);
    first_ = 0;
  }

  std::vector<Asked> ring_;  // its size is a power of two, or 0
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace corelane::loadgen
