#include "base/buffer.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/check.h"

namespace corelane::base {

void Buffer::Consume(size_t count) {
  CHECK(count <= size());
  begin_ += count;
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  if (capacity_ > kKeptBytesMax) {
    block_.reset();
    capacity_ = 0;
  }
}

void Buffer::MakeRoom(size_t count) {
  constexpr size_t kFirstBytes = 512;
  const size_t used = size();
  // Sliding the bytes to the front pays only when it frees at least as much as it moves; otherwise
  // a peer that takes a few bytes at a time would make every append cost the whole buffer.
  if (begin_ >= used && capacity_ - used >= count) {
    if (used != 0) std::memmove(block_.get(), data(), used);
  } else {
    const size_t grown = std::max({kFirstBytes, capacity_ * 2, used + count});
    auto block = std::make_unique_for_overwrite<char[]>(grown);
    if (used != 0) std::memcpy(block.get(), data(), used);
    block_ = std::move(block);
    capacity_ = grown;
  }
  begin_ = 0;
  end_ = used;
}

}  // namespace corelane::base
