#pragma once

// Deadline: a moment on the monotonic clock by which something must have happened, or never. A
// plain value. The client library lives in programs that have no clock of ours, so it reads the
// system's own.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace corelane::client {

class Deadline {
 public:
  // `timeout_ms` from now; 0 is never.
  [[nodiscard]] static Deadline After(uint32_t timeout_ms) {
    Deadline deadline;
    if (timeout_ms != 0) deadline.at_ = Clock::now() + std::chrono::milliseconds(timeout_ms);
    return deadline;
  }

  // The earlier of this one and an equal share of the time left, when it has to do for `tries`
  // tries.
  [[nodiscard]] Deadline ShareOf(size_t tries) const {
    Deadline share = *this;
    if (at_.has_value() && tries > 1) {
      const Clock::time_point now = Clock::now();
      share.at_ = now + (*at_ - now) / static_cast<int64_t>(tries);
    }
    return share;
  }

  // What poll(2) wants: the milliseconds left, rounded up so that it never spins; -1 for never, 0
  // when it has passed.
  [[nodiscard]] int PollMillis() const {
    if (!at_.has_value()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*at_ - Clock::now()).count();
    return static_cast<int>(std::clamp<int64_t>(left, 0, kPollMillisMax));
  }

 private:
  using Clock = std::chrono::steady_clock;
  // A longer wait is cut into pieces of this.
  static constexpr int64_t kPollMillisMax = 1'000'000'000;

  std::optional<Clock::time_point> at_;
};

}  // namespace corelane::client
