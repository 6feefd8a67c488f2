#pragma once

// What several tests of the log need: a visitor that keeps copies, a listener that can be waited
// for, and a lane log in a directory of its own. Each object belongs to one test.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/clock.h"
#include "env/posix_file_system.h"
#include "fault/temp_directory.h"
#include "wal/lane_log_writer.h"
#include "wal/recovery.h"

namespace corelane::wal {

// A change with its bytes.
struct Change {
  FrameType type = FrameType::kPut;
  uint64_t seq = 0;
  std::string key;
  kv::ValueType value_type = kv::ValueType::kString;
  std::string value;
  kv::ExpiryMillis expires_at = kv::kNoExpiry;
  uint32_t created_at_s = 0;
  bool operator==(const Change&) const = default;
};

class KeepingVisitor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& frame) override {
    changes.push_back({frame.type, frame.seq, std::string(frame.key), frame.value.type,
                       std::string(frame.value.bytes), frame.value.expires_at,
                       frame.value.created_at_s});
    return OkStatus();
  }
  std::vector<Change> changes;
};

// Counts what the helper thread reports, and lets the test's thread wait until something holds.
class WaitingListener final : public DurabilityListener {
 public:
  void OnLogProgress() override {
    const std::lock_guard lock(mutex_);
    ++progress_;
    changed_.notify_all();
  }

  // `holds` is looked at after every report. The limit only ends a test that has failed.
  [[nodiscard]] bool WaitUntil(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::unique_lock lock(mutex_);
    while (true) {
      const uint64_t seen = progress_;
      lock.unlock();
      if (holds()) return true;
      lock.lock();
      if (!changed_.wait_until(lock, limit, [&] { return progress_ != seen; })) return false;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t progress_ = 0;
};

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void WriteBytes(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

class WalTest : public testing::Test {
 protected:
  WalTest() { lane_.directory = directory_.path(); }

  [[nodiscard]] LaneLogOptions Options(FsyncMode mode) {
    LaneLogOptions options;
    options.files = &files_;
    options.clock = &clock_;
    options.lane = lane_;
    options.mode = mode;
    options.segment_bytes = kSegmentBytesMin;
    options.salt_seed = 7;
    options.listener = &listener_;
    return options;
  }

  [[nodiscard]] static std::unique_ptr<LaneLogWriter> MustOpen(const LaneLogOptions& options) {
    auto log = OpenLaneLog(options);
    EXPECT_TRUE(log.ok()) << log.status().ToString();
    return log.ok() ? std::move(log).value() : nullptr;
  }

  // Appends, waiting for room where need be. Returns the sequence number.
  uint64_t Put(LaneLog& log, std::string_view key, std::string_view value) {
    EXPECT_TRUE(listener_.WaitUntil(
        [&] { return log.Admit(1, key.size() + value.size()) != Admission::kWait; }));
    const uint64_t seq = log.AppendPut(key, {.type = kv::ValueType::kString,
                                             .bytes = value,
                                             .expires_at = kv::kNoExpiry,
                                             .created_at_s = 5});
    log.EndTurn();
    return seq;
  }

  [[nodiscard]] Result<LaneRecovery> Recover(KeepingVisitor& visitor) {
    return RecoverLane(files_, lane_, visitor);
  }

  [[nodiscard]] std::string SegmentPath(uint64_t number) const {
    return directory_.Sub(SegmentName(number));
  }

  fault::TempDirectory directory_;
  env::PosixFileSystem files_;
  env::SystemClock clock_;
  LaneIdentity lane_;
  WaitingListener listener_;
};

}  // namespace corelane::wal
