#pragma once

// LaneLogWriter: the LaneLog of the server. A change is encoded straight into the mapping of the
// current segment: no copy, no system call, no lock. Behind it stands a LogHelper with a thread of
// its own.
//
// Made by OpenLaneLog on the control plane, then owned and used by its lane. Close() and the
// destructor sync, hence block: they belong to the shutdown, when the lane has nothing else to do.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "wal/format.h"
#include "wal/lane_log.h"
#include "wal/lane_log_options.h"
#include "wal/log_helper.h"

namespace corelane::wal {

class LaneLogWriter final : public LaneLog {
 public:
  // Use OpenLaneLog. `first` is what helper->Start() returned.
  LaneLogWriter(const LaneLogOptions& options, std::unique_ptr<LogHelper> helper,
                LogSegment* first);
  LaneLogWriter(const LaneLogWriter&) = delete;
  LaneLogWriter& operator=(const LaneLogWriter&) = delete;
  ~LaneLogWriter() override;

  // Syncs everything in every mode, gives unused room back, ends the helper. Says whether all of
  // that worked. Nothing may be appended afterwards; a second call does nothing and says the same.
  [[nodiscard]] Status Close() override;

  [[nodiscard]] Admission Admit(size_t frames, size_t bytes) override;
  uint64_t AppendPut(std::string_view key, const kv::ValueView& value) override;
  uint64_t AppendErase(std::string_view key) override;
  uint64_t AppendExpiry(std::string_view key, kv::ExpiryMillis expires_at) override;
  uint64_t AppendMarks(std::string_view key, kv::Marks marks) override;
  uint64_t AppendClear() override;
  [[nodiscard]] uint64_t last_seq() const override { return last_seq_; }
  [[nodiscard]] uint64_t segment() const override { return segment_->header.number; }
  [[nodiscard]] uint64_t released_seq() const override {
    return options_.mode == FsyncMode::kAlways ? helper_->durable_seq() : last_seq_;
  }
  void EndTurn() override;
  void RequestSync() override;
  [[nodiscard]] uint64_t durable_seq() const override { return helper_->durable_seq(); }
  [[nodiscard]] Status health() const override { return helper_->health(); }
  [[nodiscard]] LogStats Stats() const override;

 private:
  [[nodiscard]] Admission AdmitSlowly(uint64_t bytes);
  void Use(LogSegment* segment);
  void ChangeSegment(LogSegment* next);
  uint64_t Append(Frame& frame);
  void Store(Frame& frame);
  void StoreMark();
  [[nodiscard]] Status DoClose();

  const LaneLogOptions options_;
  const std::unique_ptr<LogHelper> helper_;

  LogSegment* segment_ = nullptr;
  char* bytes_ = nullptr;  // the segment's mapping
  uint64_t salt_ = 0;
  uint64_t position_ = 0;   // behind the last frame
  uint64_t ready_end_ = 0;  // what is known of the segment's ready_end
  uint64_t last_seq_;
  uint64_t published_seq_;
  uint64_t ring_position_ = 0;  // past this the helper is to look after room
  uint64_t marked_seq_;         // what the last durable mark said
  bool mark_due_ = false;
  bool waited_ = false;
  bool closed_ = false;
  Status close_status_;

  LogStats stats_;
};

// kBadArgument for a segment size under kSegmentBytesMin; otherwise what the file system says.
[[nodiscard]] Result<std::unique_ptr<LaneLogWriter>> OpenLaneLog(const LaneLogOptions& options);

}  // namespace corelane::wal
