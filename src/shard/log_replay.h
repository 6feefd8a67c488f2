#pragma once

// LogReplay: puts the frames of a lane's log into an engine, in order. What has expired by now goes
// with DropExpired(), after the last frame and not before: any frame can still give a key a longer
// life.
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
  void DropExpired();

 private:
  [[nodiscard]] Status Replay(const wal::Frame& frame);
  [[nodiscard]] Status OutOfMemory() const;
  void SayProgress();

  storage::Engine& engine_;
  const uint64_t hash_seed_;
  const env::Clock& clock_;
  const std::string name_;
  uint64_t frames_ = 0;
  int64_t next_progress_ns_;
};

}  // namespace corelane::shard
