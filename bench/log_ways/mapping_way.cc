// The product's own writer: frames are encoded straight into a shared mapping; a helper thread
// prefaults in front of the lane and syncs behind it (wal/lane_log_writer.h).

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "log_ways/frame_ring.h"
#include "log_ways/way.h"
#include "wal/lane_log_writer.h"

namespace corelane::bench {
namespace {

class MappingWay final : public Way {
 public:
  explicit MappingWay(std::unique_ptr<wal::LaneLogWriter> log) : log_(std::move(log)) {}

  [[nodiscard]] uint64_t Append(std::string_view key, const kv::ValueView& value) override {
    switch (log_->Admit(1, key.size() + value.bytes.size())) {
      case wal::Admission::kOk:
        return log_->AppendPut(key, value);
      case wal::Admission::kWait:
        return 0;
      case wal::Admission::kDiskFull:
      case wal::Admission::kFailed:
        break;
    }
    EndProgram(log_->health());
  }
  void EndTurn() override { log_->EndTurn(); }

  // A store into the mapping is in the page cache.
  [[nodiscard]] uint64_t survived_seq() const override { return log_->last_seq(); }
  [[nodiscard]] uint64_t durable_seq() const override { return log_->durable_seq(); }
  [[nodiscard]] uint64_t syncs() const override { return log_->Stats().syncs; }

  void Close() override { EndProgramUnlessOk(log_->Close()); }

 private:
  const std::unique_ptr<wal::LaneLogWriter> log_;
};

}  // namespace

Result<std::unique_ptr<Way>> MakeMappingWay(const WayOptions& options) {
  wal::LaneLogOptions log_options;
  log_options.files = options.files;
  log_options.clock = options.clock;
  log_options.lane = {.directory = options.directory,
                      .lane = FrameRing::kLane,
                      .generation = FrameRing::kGeneration};
  log_options.mode = options.mode;
  Result<std::unique_ptr<wal::LaneLogWriter>> log = wal::OpenLaneLog(log_options);
  if (!log.ok()) return log.status();
  return std::unique_ptr<Way>(std::make_unique<MappingWay>(std::move(log).value()));
}

}  // namespace corelane::bench
