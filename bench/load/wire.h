#pragma once

// Wire: just enough of each protocol for a load generator that must cost less than the server it
// loads. Requests are rendered once and then only their key digits are written over; replies are
// recognised by their first bytes and skipped by their known size.
//
// Every value has the same size, so each protocol has exactly three good replies: a hit, a miss,
// and a stored. Anything else is an error and ends the run: a generator that counts wrong replies
// as operations measures nothing.
//
// Plain values without threads; one per connection or shared read-only.

#include <corelane/status.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corelane::bench {

// memcached's is its text protocol.
enum class Protocol { kResp, kMemcached, kNative };

// "key:" and sixteen digits.
inline constexpr size_t kKeyBytes = 20;
// Only the last eight digits of a key are ever written.
inline constexpr uint64_t kKeysMax = 100'000'000;

// A request with a hole for the number of its key.
class RequestTemplate {
 public:
  RequestTemplate() = default;
  // `text` contains the key of number 0 once, at `key_offset`.
  RequestTemplate(std::string text, size_t key_offset);

  [[nodiscard]] size_t size() const { return text_.size(); }
  [[nodiscard]] const std::string& text() const { return text_; }

  // Writes size() bytes to `out`: the request for key number `key` < kKeysMax.
  void Render(uint64_t key, char* out) const;

 private:
  std::string text_;
  size_t digits_offset_ = 0;
};

// What came out of a span of received bytes.
struct ScanResult {
  size_t consumed = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t stored = 0;
  bool bad = false;  // what follows `consumed` is none of the three good replies

  [[nodiscard]] uint64_t replies() const { return hits + misses + stored; }
};

class Wire {
 public:
  Wire(Protocol protocol, size_t value_bytes);

  [[nodiscard]] const RequestTemplate& get() const { return get_; }
  [[nodiscard]] const RequestTemplate& set() const { return set_; }
  [[nodiscard]] size_t reply_bytes_max() const { return hit_.size; }

  // The bytes of a good reply to a GET of a stored key and to a SET, for a server that answers
  // without looking.
  [[nodiscard]] std::string CannedHit() const;
  [[nodiscard]] std::string CannedStored() const { return stored_.head; }

  // Counts the complete replies at the front of `in`, at most `replies_max`.
  [[nodiscard]] ScanResult Scan(std::string_view in, uint64_t replies_max) const;

 private:
  // A reply: how it begins, how it ends, how long it is.
  struct Shape {
    std::string head;
    std::string tail;
    size_t size = 0;
  };

  static bool Matches(const Shape& shape, std::string_view in);
  static bool MayBecome(const Shape& shape, std::string_view in);

  RequestTemplate get_;
  RequestTemplate set_;
  Shape hit_;
  Shape miss_;
  Shape stored_;
};

[[nodiscard]] Result<Protocol> ParseProtocol(std::string_view name);

}  // namespace corelane::bench
