#pragma once

// KeyHistory: what a key may hold after a crash. A writer that alone changes the key notes every
// change when it sends it and again when it is acknowledged; between the two the server may or may
// not have made it. After a restart the key must hold the state of the last acknowledged change or
// of one sent after it, and nothing else.
//
// States are numbers: the version of the value, the count of a counter, or kAbsent. One thread at a
// time.

#include <cstdint>
#include <deque>
#include <string>

namespace corelane::e2e {

class KeyHistory {
 public:
  static constexpr int64_t kAbsent = -1;

  // The state that the next change starts from: as if all that was sent had been done.
  [[nodiscard]] int64_t newest() const { return allowed_.back(); }
  // A version that no value of this key has had.
  [[nodiscard]] int64_t NextVersion() { return ++last_version_; }

  void Sent(int64_t state) { allowed_.push_back(state); }
  // The oldest change that was sent and not acknowledged is done.
  void Acknowledged() { allowed_.pop_front(); }

  [[nodiscard]] bool Allows(int64_t state) const {
    for (const int64_t allowed : allowed_) {
      if (allowed == state) return true;
    }
    return false;
  }
  // What was found after the restart is what there is from now on.
  void Settle(int64_t state) { allowed_ = {state}; }

  [[nodiscard]] std::string ToString() const {
    return "acknowledged " + std::to_string(allowed_.front()) + ", " +
           std::to_string(allowed_.size() - 1) + " more sent, the last of them " +
           std::to_string(allowed_.back());
  }

 private:
  std::deque<int64_t> allowed_ = {kAbsent};  // the acknowledged state, then those sent after it
  int64_t last_version_ = 0;
};

}  // namespace corelane::e2e
