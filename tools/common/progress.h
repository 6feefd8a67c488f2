#pragma once

// Progress: a line on standard error that says how far a long run is, written over in place once a
// second; nothing at all when standard error is no terminal. One thread.

#include <cstdint>
#include <string_view>

#include "env/clock.h"

namespace corelane::tools {

class Progress {
 public:
  explicit Progress(const env::Clock& clock);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { Clear(); }

  // Cheap enough to call for every operation.
  void Update(std::string_view phase, uint64_t done, uint64_t total);
  // Takes the line away, before something else is printed.
  void Clear();

 private:
  static constexpr int64_t kIntervalNanos = 1'000'000'000;

  const env::Clock& clock_;
  const bool terminal_;
  int64_t next_ns_;
  bool shown_ = false;
};

}  // namespace corelane::tools
