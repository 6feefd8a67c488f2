#include "log_lives.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "wal/checkpoint_reader.h"
#include "wal/segment_reader.h"

namespace corelane::wal {
namespace {

class IgnoringVisitor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& /*frame*/) override { return OkStatus(); }
};

uint64_t EndOfCheckpoint(env::FileSystem& files, const std::string& path) {
  const auto file = files.Open(path, env::OpenMode::kRead);
  if (!file.ok()) return 0;
  CheckpointReader reader(**file, path);
  if (!reader.Open().ok()) return 0;
  IgnoringVisitor ignored;
  const auto end = reader.Read(ignored);
  return end.ok() ? end->end_seq : 0;
}

}  // namespace

class LogLives::Auditor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& frame) override {
    changes.push_back(FactOf(frame));
    state.Apply(changes.back());
    return OkStatus();
  }
  Status OnEntry(const Frame& entry, uint64_t /*block_offset*/) override {
    state.Apply(FactOf(entry));
    return OkStatus();
  }
  std::vector<Fact> changes;
  LaneState state;
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
  if (plan.checkpoints && status.ok()) FinishCheckpoint(**log);
  walk_.reset();
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
  Audit(auditor, *recovery);
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
  state_ = std::move(auditor.state);
  next_checkpoint_ = recovery->checkpoint.number + 1;
  NotePromises(**log, plan.mode);
  RETURN_IF_ERROR((*directory)->RemoveLeftovers());
  return log;
}

void LogLives::Audit(const Auditor& found, const LaneRecovery& recovery) {
  const uint64_t last_seq = recovery.last_seq;
  if (last_seq < promises_.at_start_seq) {
    Complain(absl::StrFormat("recovered up to %d, but %d was promised", last_seq,
                             promises_.at_start_seq));
  }
  LaneState expected;
  auto change = found.changes.begin();
  for (const Fact& fact : facts_) {
    if (fact.seq > last_seq) break;
    expected.Apply(fact);
    if (fact.seq <= recovery.checkpoint.seq) continue;
    if (change == found.changes.end()) return Complain(absl::StrFormat("%d is missing", fact.seq));
    if (!SameChange(*change, fact)) {
      return Complain(absl::StrFormat("%d is not what was appended", fact.seq));
    }
    ++change;
  }
  if (change != found.changes.end()) {
    Complain(absl::StrFormat("%d was never appended", change->seq));
  }
  if (const std::string wrong = found.state.DifferenceTo(expected); !wrong.empty()) {
    Complain(absl::StrFormat("%s, with checkpoint %d from %d to %d, and a log that ends at %d",
                             wrong, recovery.checkpoint.number, recovery.checkpoint.seq,
                             recovery.checkpoint.end_seq, last_seq));
  }
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
    if (plan.checkpoints && (walk_ != nullptr || random_.OneIn(12))) StepCheckpoint(log);
    if (random_.OneIn(12)) clock_.AdvanceMillis(600);
    if (random_.OneIn(10)) log.RequestSync();
    if (random_.OneIn(20)) WaitForDurable(log);
    NotePromises(log, plan.mode);
  }
  return OkStatus();
}

// What fails ends the checkpoint and nothing else: the log goes on.
void LogLives::StepCheckpoint(LaneLogWriter& log) {
  if (walk_ == nullptr) {
    const LaneIdentity lane{.directory = std::string(kLaneDirectory), .lane = 0, .generation = 1};
    walk_ = std::make_unique<CheckpointWalk>(disk_, lane, log, next_checkpoint_++);
  }
  if (!walk_->walked()) {
    if (!walk_->Step(state_, log).ok()) walk_.reset();
    return;
  }
  log.RequestSync();
  if (log.durable_seq() < walk_->end_seq()) return;
  // Its name may be there and not be durable; the next one has another number anyway.
  static_cast<void>(walk_->Commit());
  walk_.reset();
}

void LogLives::FinishCheckpoint(LaneLogWriter& log) {
  do {
    StepCheckpoint(log);
    if (walk_ != nullptr && walk_->walked()) WaitForDurable(log);
  } while (walk_ != nullptr && log.health().ok());
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
  facts_.push_back(FactOf(frame));
  facts_.back().seq = seq;
  state_.Apply(facts_.back());
  return OkStatus();
}

uint64_t MarkedSeq(env::FileSystem& files, const std::string& lane_directory) {
  uint64_t marked = 0;
  const auto names = files.List(lane_directory);
  if (!names.ok()) return marked;
  uint64_t next_seq = 1;
  for (const std::string& name : *names) {
    if (CheckpointNumberOf(name) != 0) {
      marked = std::max(marked, EndOfCheckpoint(files, lane_directory + "/" + name));
      continue;
    }
    const auto file = files.Open(lane_directory + "/" + name, env::OpenMode::kRead);
    if (!file.ok()) continue;
    SegmentReader reader(**file, name);
    if (!reader.Open().ok()) continue;
    marked = std::max(marked, reader.header().durable_seq);
    IgnoringVisitor ignored;
    // Behind a checkpoint the log may begin anywhere.
    const auto summary = reader.Read({1, next_seq == 1 ? UINT64_MAX : next_seq, 1}, ignored);
    if (!summary.ok()) continue;
    marked = std::max(marked, summary->durable_seq);
    next_seq = summary->next_seq;
  }
  return marked;
}

}  // namespace corelane::wal
