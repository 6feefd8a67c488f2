#pragma once

// Ring: a first-in first-out queue in one block that grows to the longest it has been and allocates
// nothing after that. Elements are plain values and may be looked at in place, oldest first.
//
// Owned by one object, used by one thread. References into it live until the next Push().

#include <cstddef>
#include <utility>
#include <vector>

namespace corelane::base {

template <typename T>
class Ring {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t size() const { return size_; }
  // The oldest one; not empty().
  [[nodiscard]] const T& front() const { return slots_[first_]; }
  // Counted from the oldest one; index < size().
  [[nodiscard]] const T& operator[](size_t index) const { return slots_[Slot(index)]; }

  void Push(const T& element) {
    if (size_ == slots_.size()) Grow();
    slots_[Slot(size_)] = element;
    ++size_;
  }
  // Drops the oldest one; not empty().
  void Pop() {
    first_ = Slot(1);
    --size_;
  }
  void Clear() { first_ = size_ = 0; }

 private:
  static constexpr size_t kFirstCapacity = 16;

  [[nodiscard]] size_t Slot(size_t index) const { return (first_ + index) & (slots_.size() - 1); }
  void Grow() {
    std::vector<T> wider(slots_.empty() ? kFirstCapacity : 2 * slots_.size());
    for (size_t i = 0; i < size_; ++i) wider[i] = (*this)[i];
    slots_ = std::move(wider);
    first_ = 0;
  }

  std::vector<T> slots_;  // their number is a power of two, or 0
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace corelane::base
