#pragma once

// LogReplay: puts the frames of a lane's log into an engine, in order. What has expired by now does
// not come back.
//
// One thread. Says how far it is on long logs.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <utility>

#include "env/clock.h"
#include "storage/engine.h"
#include "wal/segment_reader.h"

namespace corelane::shard {

class LogReplay final : public wal::FrameVisitor {
 public:
  // `name` is what progress lines call the log.
  LogReplay(storage::Engine& engine, uint64_t hash_seed, const env::Clock& clock, std::string name);

  [[nodiscard]] Status OnFrame(const wal::Frame& frame) override;

 private:
  void SayProgress();

  storage::Engine& engine_;
  const uint64_t hash_seed_;
  const env::Clock& clock_;
  const std::string name_;
  const int64_t now_ms_;
  uint64_t frames_ = 0;
  int64_t next_progress_ns_;
};

}  // namespace corelane::shard
