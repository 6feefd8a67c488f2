// Direct writes of whole blocks over segments that were filled with zeros before, through an
// io_uring that the lane itself submits to; no helper thread and no page cache. The last block is
// mostly a part, and is written again with the frames that follow; so one write is under way at a
// time, and what comes meanwhile goes with the next one, as in a group commit.
//
//   always     every write is synced by itself (RWF_DSYNC)
//   everysec   one sync a second through the ring, beside the writes
//   os         never synced; a write that is over has left the process, and no page cache holds it
//
// A frame survives kill -9 when its write is over. Before that nobody promises: the kernel may have
// put the write into a queue of its own, which dies with the process.

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "base/status_macros.h"
#include "env/posix_file_system.h"
#include "io/unique_fd.h"
#include "io/uring_ring.h"
#include "log_ways/frame_ring.h"
#include "log_ways/segment_files.h"
#include "log_ways/sync_schedule.h"
#include "log_ways/way.h"
#include "wal/format.h"

namespace corelane::bench {
namespace {

constexpr uint64_t kBlock = FrameRing::kBlockBytes;
constexpr uint64_t BlockOf(uint64_t position) { return position / kBlock * kBlock; }

// More are used again from the first one on, so that not too much must be filled with zeros.
constexpr uint64_t kSegmentsMax = 4;
constexpr uint32_t kQueueEntries = 16;

Status Failed(std::string_view what, int error) {
  return Status(StatusCode::kIoError, absl::StrCat("direct: ", base::ToAbsl(what), ": ",
                                                   static_cast<const char*>(strerror(error))));
}

class DirectWay final : public Way {
 public:
  DirectWay(const WayOptions& options, uint64_t segment_bytes, std::vector<io::UniqueFd> segments,
            std::unique_ptr<io::UringRing> uring)
      : mode_(options.mode),
        schedule_(options.mode, options.clock->MonotonicNanos()),
        ring_(segment_bytes),
        segments_(std::move(segments)),
        tail_(std::make_unique<Tail>()),
        uring_(std::move(uring)) {}

  [[nodiscard]] uint64_t Append(std::string_view key, const kv::ValueView& value) override {
    return ring_.Append(key, value);
  }

  // A lane of the product would have its loop's own call carry the write; here it costs one.
  void EndTurn() override {
    StartWrite();
    uring_->Enter(0);
  }

  [[nodiscard]] bool PollDue(int64_t now_ns) override {
    const uint32_t kernel_flags = __atomic_load_n(uring_->raw().sq.kflags, __ATOMIC_RELAXED);
    return (kernel_flags & IORING_SQ_TASKRUN) != 0 || uring_->ready() > 0 || SyncDue(now_ns);
  }

  void Poll(int64_t now_ns) override {
    uring_->Enter(0);
    while (uring_->ready() > 0) Complete(uring_->Take());
    if (SyncDue(now_ns)) StartSync(now_ns);
    StartWrite();
    uring_->Enter(0);
  }

  [[nodiscard]] uint64_t survived_seq() const override { return written_seq_; }
  [[nodiscard]] uint64_t durable_seq() const override { return durable_seq_; }
  [[nodiscard]] uint64_t syncs() const override { return syncs_; }

  void Close() override {
    while (true) {
      StartWrite();
      if (!writing_ && syncing_ == 0) break;
      uring_->Enter(-1);
      while (uring_->ready() > 0) Complete(uring_->Take());
    }
    for (const io::UniqueFd& segment : segments_) {
      if (fdatasync(segment.get()) != 0) EndProgram(Failed("sync", errno));
    }
  }

 private:
  enum Kind : uint64_t { kWrite = 1, kSync = 2 };
  struct alignas(kBlock) Tail {
    char bytes[kBlock];
  };

  [[nodiscard]] int FdOf(uint64_t segment) const {
    return segments_[segment % segments_.size()].get();
  }

  [[nodiscard]] bool SyncDue(int64_t now_ns) const {
    return mode_ == wal::FsyncMode::kEverySecond && syncing_ == 0 &&
           schedule_.Due(written_seq_ > durable_seq_, now_ns);
  }

  // All blocks that have something new, as far as this segment goes.
  void StartWrite() {
    if (writing_ || written_end_ == ring_.end()) return;
    const uint64_t segment = written_end_ / ring_.segment_bytes();
    const uint64_t segment_end = (segment + 1) * ring_.segment_bytes();
    writing_end_ = std::min(ring_.end(), segment_end);
    // Frames of the next segment count with its own write.
    writing_seq_ = ring_.end() <= segment_end ? ring_.last_seq() : written_seq_;
    const uint64_t begin = BlockOf(written_end_);
    const uint32_t pieces = Gather(begin, writing_end_);
    io_uring_sqe& sqe = uring_->NextSqe();
    ::io_uring_prep_writev2(&sqe, FdOf(segment), pieces_.data(), pieces,
                            begin % ring_.segment_bytes(),
                            mode_ == wal::FsyncMode::kAlways ? RWF_DSYNC : 0);
    sqe.user_data = kWrite;
    writing_ = true;
  }

  // The whole blocks as they lie in the ring, in two pieces when they go over its end, and a copy
  // of the last one if it is a part: the lane goes on filling that.
  uint32_t Gather(uint64_t begin, uint64_t end) {
    const uint64_t whole_end = BlockOf(end);
    uint32_t pieces = 0;
    writing_bytes_ = 0;
    for (uint64_t at = begin; at < whole_end;) {
      const std::string_view piece = ring_.Piece(at, whole_end);
      AddPiece(pieces++, piece);
      at += piece.size();
    }
    if (whole_end < end) {
      const std::string_view part = ring_.Piece(whole_end, end);
      std::memcpy(tail_->bytes, part.data(), part.size());
      std::memset(tail_->bytes + part.size(), 0, kBlock - part.size());
      AddPiece(pieces++, {tail_->bytes, kBlock});
    }
    return pieces;
  }

  void AddPiece(uint32_t index, std::string_view bytes) {
    pieces_[index] = {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    writing_bytes_ += bytes.size();
  }

  void StartSync(int64_t now_ns) {
    schedule_.Began(now_ns);
    syncing_seq_ = written_seq_;
    const uint64_t last = (written_end_ - 1) / ring_.segment_bytes();
    for (uint64_t segment = synced_end_ / ring_.segment_bytes(); segment <= last; ++segment) {
      io_uring_sqe& sqe = uring_->NextSqe();
      ::io_uring_prep_fsync(&sqe, FdOf(segment), IORING_FSYNC_DATASYNC);
      sqe.user_data = kSync;
      ++syncing_;
    }
    synced_end_ = written_end_;
  }

  void Complete(const io::UringCompletion& completion) {
    if (completion.result < 0) EndProgram(Failed("write or sync", -completion.result));
    if (completion.user_data == kSync) {
      ++syncs_;
      if (--syncing_ == 0) durable_seq_ = syncing_seq_;
      return;
    }
    if (static_cast<uint64_t>(completion.result) != writing_bytes_) {
      EndProgram(Failed("a write of a part only", EIO));
    }
    writing_ = false;
    written_end_ = writing_end_;
    written_seq_ = writing_seq_;
    ring_.Free(BlockOf(written_end_));
    if (mode_ != wal::FsyncMode::kAlways) return;
    durable_seq_ = written_seq_;
    ++syncs_;
  }

  const wal::FsyncMode mode_;
  SyncSchedule schedule_;
  FrameRing ring_;
  const std::vector<io::UniqueFd> segments_;

  // Up to where writes are over, and the one that is under way.
  uint64_t written_end_ = 0;
  uint64_t written_seq_ = 0;
  bool writing_ = false;
  uint64_t writing_end_ = 0;
  uint64_t writing_seq_ = 0;
  uint64_t writing_bytes_ = 0;
  std::array<iovec, 3> pieces_{};
  const std::unique_ptr<Tail> tail_;

  uint64_t durable_seq_ = 0;
  uint64_t synced_end_ = 0;
  uint64_t syncing_seq_ = 0;
  uint64_t syncing_ = 0;  // syncs under way
  uint64_t syncs_ = 0;
  // The last member: nothing that it may still write from goes before it.
  const std::unique_ptr<io::UringRing> uring_;
};

// Filled with zeros through the page cache, which then has to forget it: a direct write beside
// cached pages is handed to a thread of the kernel.
Result<io::UniqueFd> OpenZeroed(const std::string& path, uint64_t bytes) {
  env::PosixFileSystem files(env::PosixFileSystem::AllocateBy::kZeros);
  const Result<bool> there = files.Exists(path);
  if (!there.ok()) return there.status();
  Result<std::unique_ptr<env::File>> file =
      files.Open(path, *there ? env::OpenMode::kReadWrite : env::OpenMode::kCreateNew);
  if (!file.ok()) return file.status();
  if (!*there) RETURN_IF_ERROR((*file)->Allocate(0, bytes));
  RETURN_IF_ERROR((*file)->Sync());
  io::UniqueFd direct(open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC));
  if (!direct.valid()) return Failed("open with O_DIRECT", errno);
  const int error = posix_fadvise(direct.get(), 0, 0, POSIX_FADV_DONTNEED);
  if (error != 0) return Failed("drop cached pages", error);
  return direct;
}

}  // namespace

Result<std::unique_ptr<Way>> MakeDirectWay(const WayOptions& options) {
  Result<std::unique_ptr<io::UringRing>> uring = io::UringRing::Make(kQueueEntries);
  if (!uring.ok()) return uring.status();
  const SegmentPlan plan = PlanSegments(options.bytes_max);
  std::vector<io::UniqueFd> segments;
  for (uint64_t number = 1; number <= std::min(plan.segments, kSegmentsMax); ++number) {
    const std::string path = absl::StrCat(options.directory, "/", wal::SegmentName(number));
    Result<io::UniqueFd> segment = OpenZeroed(path, plan.segment_bytes);
    if (!segment.ok()) return segment.status();
    segments.push_back(std::move(segment).value());
  }
  RETURN_IF_ERROR(options.files->SyncDirectory(options.directory));
  return std::unique_ptr<Way>(std::make_unique<DirectWay>(
      options, plan.segment_bytes, std::move(segments), std::move(uring).value()));
}

}  // namespace corelane::bench
