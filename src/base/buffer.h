#pragma once

// Buffer: a growable run of bytes that is filled at the end and taken from the front. Connections
// keep their unparsed input and their unsent output in one. Unlike std::string it hands out its
// spare room uninitialised, takes bytes from the front without moving the rest each time, and gives
// a big block back when it is empty.
//
// Owned by one object, used by one thread. Pointers into it live until the next non-const call.

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace corelane::base {

class Buffer {
 public:
  // A block over this size is freed, not kept, once all its bytes are taken.
  static constexpr size_t kKeptBytesMax = size_t{64} << 10;

  Buffer() = default;
  // A moved-from buffer is an empty one.
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    block_ = std::move(other.block_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }

  [[nodiscard]] size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] size_t capacity() const { return capacity_; }
  [[nodiscard]] char* data() { return block_.get() + begin_; }
  [[nodiscard]] const char* data() const { return block_.get() + begin_; }
  [[nodiscard]] std::string_view view() const { return {data(), size()}; }

  // Room for at least `count` more bytes; write there, then Commit() what was written.
  char* Reserve(size_t count) {
    if (capacity_ - end_ < count) MakeRoom(count);
    return block_.get() + end_;
  }
  void Commit(size_t count) { end_ += count; }

  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    Commit(bytes.size());
  }
  void Append(char byte) {
    *Reserve(1) = byte;
    Commit(1);
  }

  // Drops `count` bytes from the front; count <= size().
  void Consume(size_t count);
  // Drops bytes from the end until `size` are left; size <= size().
  void Truncate(size_t size) { end_ = begin_ + size; }
  void Clear() { Consume(size()); }

 private:
  void MakeRoom(size_t count);

  std::unique_ptr<char[]> block_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace corelane::base
