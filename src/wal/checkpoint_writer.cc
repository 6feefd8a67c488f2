#include "wal/checkpoint_writer.h"

#include <pthread.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "env/process.h"
#include "wal/checkpoint_format.h"

namespace corelane::wal {
namespace {

// How long the thread sleeps when nobody rings: it looks around for no reason once an hour.
constexpr int64_t kIdleNanos = 3'600'000'000'000;

}  // namespace

CheckpointWriter::CheckpointWriter(CheckpointWriterOptions options)
    : options_(std::move(options)), next_number_(options_.next_number) {
  thread_ = std::thread([this] { Run(); });
}

CheckpointWriter::~CheckpointWriter() {
  Give({.kind = Order::Kind::kStop});
  while (!orders_waiting_.empty()) {
    std::this_thread::yield();
    PushOrders();
  }
  thread_.join();
  while (DropFreeBlock()) {
  }
}

// ---- The lane ----

void CheckpointWriter::Begin(uint64_t seq, uint64_t first_segment) {
  CHECK(state() == CheckpointState::kIdle);
  state_.store(CheckpointState::kWriting, std::memory_order_relaxed);
  const std::string salt_text =
      absl::StrCat(options_.lane.directory, "/", next_number_, "/", options_.clock->WallMillis(),
                   "/", options_.clock->MonotonicNanos());
  Give({.kind = Order::Kind::kBegin,
        .start = {.number = next_number_++,
                  .salt = base::KeyHash(salt_text, options_.salt_seed),
                  .seq = seq,
                  .first_segment = first_segment,
                  .in_database = options_.persist != nullptr}});
}

bool CheckpointWriter::HasRoom() {
  if (MakeRoom()) return true;
  // acq_rel, by exchange on both sides: whichever comes second sees what the other did before, so
  // that either this look finds the block or its return is told.
  room_wanted_.exchange(true, std::memory_order_acq_rel);
  return MakeRoom();
}

bool CheckpointWriter::MakeRoom() {
  // A spare block is no room: it was more than there should be.
  if (current_ != nullptr && current_->spare) HandOver();
  PushOrders();
  return orders_waiting_.empty() && (current_ != nullptr || TakeBlock());
}

CheckpointState CheckpointWriter::state() {
  // Orders wait when more was added than there was room for. As in HasRoom(): either this push
  // finds a place or the return of a block is told.
  PushOrders();
  if (!orders_waiting_.empty()) {
    room_wanted_.exchange(true, std::memory_order_acq_rel);
    PushOrders();
  }
  // acquire: with kDone and kFailed come the report and the failure.
  return state_.load(std::memory_order_acquire);
}

bool CheckpointWriter::TakeBlock() {
  if (Block** const block = free_.Front()) {
    current_.reset(*block);
    free_.Pop();
    return true;
  }
  if (blocks_ == kBlocksMax) return false;
  ++blocks_;
  current_ = std::make_unique<Block>();
  return true;
}

bool CheckpointWriter::DropFreeBlock() {
  Block** const block = free_.Front();
  if (block == nullptr) return false;
  const std::unique_ptr<Block> owned(*block);
  free_.Pop();
  return true;
}

void CheckpointWriter::Reserve(Block& block, size_t bytes) {
  if (bytes <= block.capacity) return;
  const size_t capacity = std::max(bytes, kBlockBytes);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  std::copy_n(block.bytes.get(), block.used, larger.get());
  block.bytes = std::move(larger);
  block.capacity = capacity;
}

void CheckpointWriter::Add(std::string_view key, const kv::ValueView& value) {
  const size_t bytes = CheckpointEntryBytes(key, value);
  // A block is no larger than agreed, unless it has one entry.
  if (current_ != nullptr && current_->used != 0 && current_->used + bytes > kBlockBytes) {
    HandOver();
  }
  if (current_ == nullptr && !TakeBlock()) {
    current_ = std::make_unique<Block>();
    current_->spare = true;
  }
  Block& block = *current_;
  Reserve(block, block.used + bytes);
  block.used += EncodeCheckpointEntry(key, value, block.bytes.get() + block.used);
  ++block.entries;
}

void CheckpointWriter::HandOver() {
  if (current_ == nullptr || current_->entries == 0) return;
  Give({.kind = Order::Kind::kBlock, .block = current_.release()});
}

void CheckpointWriter::Finish(uint64_t end_seq) {
  HandOver();
  Give({.kind = Order::Kind::kFinish, .end_seq = end_seq});
}

void CheckpointWriter::Abandon() { Give({.kind = Order::Kind::kAbandon}); }

void CheckpointWriter::Acknowledge() {
  CHECK(state() == CheckpointState::kDone || state() == CheckpointState::kFailed);
  state_.store(CheckpointState::kIdle, std::memory_order_relaxed);
  if (current_ != nullptr && !current_->spare) --blocks_;
  current_.reset();
  // After a failure some may still be on their way; they are here for the next checkpoint.
  while (DropFreeBlock()) --blocks_;
}

void CheckpointWriter::Give(const Order& order) {
  orders_waiting_.push_back(order);
  PushOrders();
}

void CheckpointWriter::PushOrders() {
  while (!orders_waiting_.empty() && orders_.TryPush(orders_waiting_.front())) {
    orders_waiting_.pop_front();
  }
  if (orders_.Publish()) doorbell_.Ring();
}

// ---- The thread ----

void CheckpointWriter::Run() {
  pthread_setname_np(pthread_self(), ("ckpt-" + std::to_string(options_.lane.lane)).c_str());
  env::YieldToOthers();
  for (;;) {
    const Order* const next = orders_.Front();
    if (next == nullptr) {
      doorbell_.Wait(kIdleNanos);
      continue;
    }
    const Order order = *next;
    orders_.Pop();
    if (order.kind == Order::Kind::kStop) break;
    Obey(order);
  }
  file_.reset();
}

void CheckpointWriter::Obey(const Order& order) {
  switch (order.kind) {
    case Order::Kind::kBegin:
      over_ = false;
      Judge(Open(order.start));
      break;
    case Order::Kind::kBlock:
      if (!over_) {
        const Block& block = *order.block;
        Judge(file_->Append({block.bytes.get(), block.used}, block.entries));
      }
      Return(order.block);
      break;
    case Order::Kind::kFinish:
      if (over_) break;
      Judge(Complete(order.end_seq));
      if (!over_) End(CheckpointState::kDone);
      break;
    case Order::Kind::kAbandon:
      if (!over_) Fail(Status(StatusCode::kShuttingDown, "the checkpoint was abandoned"));
      break;
    case Order::Kind::kStop:
      break;
  }
}

Status CheckpointWriter::Open(const CheckpointStart& start) {
  start_ = start;
  begin_ns_ = options_.clock->MonotonicNanos();
  Result<std::unique_ptr<CheckpointFile>> file =
      CheckpointFile::Create(*options_.files, options_.lane, start);
  if (!file.ok()) return file.status();
  file_ = std::move(*file);
  return OkStatus();
}

void CheckpointWriter::Return(Block* block) {
  std::unique_ptr<Block> owned(block);
  block->used = 0;
  block->entries = 0;
  if (block->capacity > kBlockBytes) {
    block->bytes.reset();
    block->capacity = 0;
  }
  if (!block->spare && free_.TryPush(block)) {
    static_cast<void>(owned.release());
    free_.Publish();
  }
  // acq_rel: see HasRoom().
  const bool wanted = room_wanted_.exchange(false, std::memory_order_acq_rel);
  if (wanted && options_.listener != nullptr) options_.listener->OnLogProgress();
}

Status CheckpointWriter::Complete(uint64_t end_seq) {
  if (options_.persist) RETURN_IF_ERROR(options_.persist());
  RETURN_IF_ERROR(file_->Commit(end_seq));
  report_ = {.number = start_.number, .entries = file_->entries(), .bytes = file_->bytes()};
  if (options_.announce) {
    base::Log(base::Severity::kInfo, "lane %u: checkpoint %d: %d keys, %d bytes, in %d ms",
              options_.lane.lane, report_.number, report_.entries, report_.bytes,
              (options_.clock->MonotonicNanos() - begin_ns_) / 1'000'000);
  }
  // The new checkpoint counts, whatever comes of this.
  const Status removed =
      RemoveBeforeCheckpoint(*options_.files, options_.lane, start_.number, start_.first_segment);
  if (!removed.ok()) {
    base::Log(base::Severity::kWarning,
              "lane %u: checkpoint %d is complete, but what it replaces could not be removed (%s); "
              "the next start does it",
              options_.lane.lane, start_.number, removed.message());
  }
  return OkStatus();
}

void CheckpointWriter::Judge(const Status& status) {
  if (status.ok()) return;
  base::Log(base::Severity::kWarning, "lane %u: checkpoint %d failed (%s); the log is kept",
            options_.lane.lane, start_.number, status.message());
  Fail(status);
}

void CheckpointWriter::Fail(const Status& status) {
  failure_ = status;
  End(CheckpointState::kFailed);
}

void CheckpointWriter::End(CheckpointState state) {
  over_ = true;
  file_.reset();
  // release: the report and the failure come before.
  state_.store(state, std::memory_order_release);
  if (options_.listener != nullptr) options_.listener->OnLogProgress();
}

}  // namespace corelane::wal
