#include "log_lives.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "wal/segment_reader.h"

namespace corelane::wal {
namespace {

class IgnoringVisitor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& /*frame*/) override { return OkStatus(); }
};

}  // namespace

class LogLives::Auditor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& frame) override {
    found.push_back({frame.seq, DigestOf(frame)});
    return OkStatus();
  }
  std::vector<Fact> found;
};

LogLives::LogLives(fault::SimulatedDisk& disk, uint64_t seed) : disk_(disk), random_(seed) {}

std::unique_ptr<LogLives> LogLives::On(fault::SimulatedDisk& disk, uint64_t seed) const {
  auto other = std::make_unique<LogLives>(disk, seed);
  other->facts_ = facts_;
  other->promises_ = promises_;
  other->complaint_ = complaint_;
  return other;
}

void LogLives::Complain(const std::string& what) {
  if (complaint_.empty()) complaint_ = what;
}

uint64_t LogLives::DigestOf(const Frame& frame) {
  const std::string text =
      absl::StrFormat("%d %d %d %d %d %d ", static_cast<int>(frame.type),
                      static_cast<int>(frame.value.type), frame.value.expires_at,
                      frame.value.created_at_s, frame.value.client_flags, frame.value.marks);
  const uint64_t key = base::KeyHash(frame.key, base::KeyHash(text, frame.key.size()));
  return base::KeyHash(frame.value.bytes, key);
}

void LogLives::Die(Death death) {
  if (death == Death::kPowerLoss) {
    disk_.LosePower(random_);
    promises_.appended_seq = promises_.durable_seq;
  } else {
    disk_.KillProcess();
  }
  promises_.at_start_seq = promises_.appended_seq;
}

void LogLives::PromiseNoMoreThanMarks() {
  const auto copy = disk_.Fork();
  const uint64_t marked = MarkedSeq(*copy, std::string(kLaneDirectory));
  promises_.at_start_seq = std::min(promises_.at_start_seq, marked);
  promises_.durable_seq = std::min(promises_.durable_seq, marked);
  promises_.appended_seq = promises_.at_start_seq;
}

Status LogLives::Live(const LifePlan& plan) {
  started_ = false;
  Result<std::unique_ptr<LaneLogWriter>> log = Start(plan);
  if (!log.ok()) return log.status();
  started_ = true;
  Status status = Work(**log, plan);
  if (status.ok() && plan.wait_for_sync) WaitForDurable(**log);
  NotePromises(**log, plan.mode);
  if (!plan.close) disk_.CrashNow();
  if (!plan.close || !status.ok()) return status;
  status = (*log)->Close();
  if (status.ok() && !disk_.crashed()) {
    promises_.durable_seq = promises_.appended_seq = (*log)->last_seq();
  }
  return status;
}

// As shard/slice_opener.cc does it.
Result<std::unique_ptr<LaneLogWriter>> LogLives::Start(const LifePlan& plan) {
  Result<std::unique_ptr<DataDirectory>> directory = DataDirectory::Open(
      disk_, clock_, std::string(kDirectory), NewDirectory{.lanes = 1, .hash_seed = 7});
  if (!directory.ok()) return directory.status();
  const LaneIdentity lane = (*directory)->Lane(0);
  Auditor auditor;
  const Result<LaneRecovery> recovery = RecoverLane(disk_, lane, auditor);
  if (!recovery.ok()) return recovery.status();
  Audit(auditor.found, recovery->last_seq);
  RETURN_IF_ERROR(CutLaneTail(disk_, lane, *recovery));
  LaneLogOptions options;
  options.files = &disk_;
  options.clock = &clock_;
  options.lane = lane;
  options.mode = plan.mode;
  options.segment_bytes = kSegmentBytesMin;
  options.next_seq = recovery->last_seq + 1;
  options.next_segment = recovery->last_segment + 1;
  options.salt_seed = 7;
  options.listener = &listener_;
  Result<std::unique_ptr<LaneLogWriter>> log = OpenLaneLog(options);
  if (!log.ok()) return log.status();
  // Only now is the tail cut for good. A start that did not get here may have read less than the
  // next one will.
  std::erase_if(facts_, [&](const Fact& fact) { return fact.seq > recovery->last_seq; });
  NotePromises(**log, plan.mode);
  RETURN_IF_ERROR((*directory)->RemoveLeftovers());
  return log;
}

void LogLives::Audit(const std::vector<Fact>& found, uint64_t last_seq) {
  if (last_seq < promises_.at_start_seq) {
    Complain(absl::StrFormat("recovered up to %d, but %d was promised", last_seq,
                             promises_.at_start_seq));
  }
  size_t at = 0;
  for (; at < facts_.size() && facts_[at].seq <= last_seq; ++at) {
    if (at == found.size()) return Complain(absl::StrFormat("%d is missing", facts_[at].seq));
    if (found[at].seq != facts_[at].seq || found[at].digest != facts_[at].digest) {
      return Complain(absl::StrFormat("%d is not what was appended", facts_[at].seq));
    }
  }
  if (at < found.size()) Complain(absl::StrFormat("%d was never appended", found[at].seq));
}

// What was promised counts only when there had been no crash by then.
void LogLives::NotePromises(const LaneLogWriter& log, FsyncMode mode) {
  const uint64_t durable = log.durable_seq();
  const uint64_t released = log.released_seq();
  const uint64_t last = log.last_seq();
  if (disk_.crashed()) return;
  promises_.durable_seq = std::max(promises_.durable_seq, durable);
  if (mode == FsyncMode::kAlways) promises_.durable_seq = std::max(promises_.durable_seq, released);
  promises_.appended_seq = last;
}

Status LogLives::Work(LaneLogWriter& log, const LifePlan& plan) {
  for (uint32_t turn = 0; turn < plan.turns; ++turn) {
    for (uint64_t left = random_.Uniform(4); left > 0; --left) {
      RETURN_IF_ERROR(AppendOne(log));
    }
    log.EndTurn();
    NotePromises(log, plan.mode);
    if (random_.OneIn(12)) clock_.AdvanceMillis(600);
    if (random_.OneIn(10)) log.RequestSync();
    if (random_.OneIn(20)) WaitForDurable(log);
    NotePromises(log, plan.mode);
  }
  return OkStatus();
}

void LogLives::WaitForDurable(LaneLogWriter& log) {
  log.RequestSync();
  const uint64_t seq = log.last_seq();
  const auto done = [&] { return log.durable_seq() >= seq || !log.health().ok(); };
  if (!listener_.WaitUntil(done)) {
    Complain(absl::StrFormat("a sync of %d was asked for, and nothing came; durable %d%s", seq,
                             log.durable_seq(), done() ? ", nobody told" : ""));
  }
}

size_t LogLives::RandomValueBytes() {
  const uint64_t kind = random_.Uniform(40);
  if (kind == 0) return random_.Uniform(kSegmentBytesMin * 3 / 2);
  if (kind < 8) return random_.Uniform(8000);
  return random_.Uniform(kind < 12 ? 10 : 600);
}

// The frame points into key_ and value_.
Frame LogLives::RandomChange() {
  key_ = "key" + std::to_string(random_.Uniform(50));
  value_.clear();
  Frame frame{.type = FrameType::kPut, .key = key_};
  switch (random_.Uniform(12)) {
    case 0:
      frame.type = FrameType::kErase;
      return frame;
    case 1:
      frame.type = FrameType::kExpiry;
      frame.value.expires_at = random_.OneIn(2) ? kv::kNoExpiry : 1'800'000'000'000;
      return frame;
    case 2:
      frame.type = FrameType::kMarks;
      frame.value.marks = random_.OneIn(2) ? kv::kMarksLogged : 0;
      return frame;
    case 3:
      if (!random_.OneIn(4)) break;
      frame.type = FrameType::kClear;
      frame.key = {};
      return frame;
    default:
      break;
  }
  value_.resize(RandomValueBytes());
  for (char& byte : value_) byte = static_cast<char>(random_.Next());
  frame.value.bytes = value_;
  frame.value.created_at_s = 5;
  frame.value.expires_at = random_.OneIn(3) ? 1'800'000'000'000 : kv::kNoExpiry;
  frame.value.client_flags = random_.OneIn(4) ? 42 : 0;
  frame.type = PutTypeOf(frame.value);
  return frame;
}

Status LogLives::AppendOne(LaneLogWriter& log) {
  const Frame frame = RandomChange();
  const size_t bytes = frame.key.size() + frame.value.bytes.size();
  Admission answer = Admission::kOk;
  if (!listener_.WaitUntil([&] { return (answer = log.Admit(1, bytes)) != Admission::kWait; })) {
    Complain("room that was asked for never came");
  }
  if (answer != Admission::kOk) return log.health();
  uint64_t seq = 0;
  switch (frame.type) {
    case FrameType::kErase:
      seq = log.AppendErase(frame.key);
      break;
    case FrameType::kExpiry:
      seq = log.AppendExpiry(frame.key, frame.value.expires_at);
      break;
    case FrameType::kMarks:
      seq = log.AppendMarks(frame.key, frame.value.marks);
      break;
    case FrameType::kClear:
      seq = log.AppendClear();
      break;
    default:
      seq = log.AppendPut(frame.key, frame.value);
  }
  facts_.push_back({seq, DigestOf(frame)});
  return OkStatus();
}

uint64_t MarkedSeq(env::FileSystem& files, const std::string& lane_directory) {
  uint64_t marked = 0;
  const auto names = files.List(lane_directory);
  if (!names.ok()) return marked;
  uint64_t next_seq = 1;
  for (const std::string& name : *names) {
    const auto file = files.Open(lane_directory + "/" + name, env::OpenMode::kRead);
    if (!file.ok()) continue;
    SegmentReader reader(**file, name);
    if (!reader.Open().ok()) continue;
    marked = std::max(marked, reader.header().durable_seq);
    IgnoringVisitor ignored;
    const auto summary = reader.Read(next_seq, ignored);
    if (!summary.ok()) continue;
    marked = std::max(marked, summary->durable_seq);
    next_seq = summary->next_seq;
  }
  return marked;
}

}  // namespace corelane::wal
