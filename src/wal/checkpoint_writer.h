#pragma once

// CheckpointWriter: the checkpoints of the server. The lane puts copies of its entries into blocks;
// a thread of its own compresses and writes them, syncs, gives the file its name, and removes what
// the new checkpoint replaces. The lane makes no system call here but the wake-up of that thread.
//
// Memory: kBlocksMax blocks of kBlockBytes while a checkpoint is written, none otherwise; and what
// is added between two calls of HasRoom() beyond that.
//
// Owned by the lane's slice. The functions of CheckpointSink are the lane's; the listener is told
// on the writer's thread.

#include <corelane/status.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "base/spsc_queue.h"
#include "env/clock.h"
#include "env/file_system.h"
#include "kv/value.h"
#include "wal/checkpoint_file.h"
#include "wal/checkpoint_sink.h"
#include "wal/doorbell.h"
#include "wal/lane_log_options.h"
#include "wal/recovery.h"

namespace corelane::wal {

struct CheckpointWriterOptions {
  env::FileSystem* files = nullptr;
  const env::Clock* clock = nullptr;
  LaneIdentity lane;  // the directory exists
  uint64_t next_number = 1;
  uint64_t salt_seed = 0;
  DurabilityListener* listener = nullptr;  // may be null
  bool announce = true;  // say in the log what was written; warnings are always said
  // Called on the writer's thread before a checkpoint counts: an engine that has a store of its own
  // makes that durable here, and the checkpoint says that the entries are there. May be empty.
  std::function<Status()> persist;
};

// What the lane and the writer's thread hand to each other.
struct CheckpointBlock {
  std::unique_ptr<char[]> bytes;
  size_t capacity = 0;
  size_t used = 0;
  uint32_t entries = 0;
  bool spare = false;  // beyond the usual number: not used again
};
struct CheckpointOrder {
  enum class Kind : uint8_t { kBegin, kBlock, kFinish, kAbandon, kStop };
  Kind kind = Kind::kStop;
  CheckpointBlock* block = nullptr;  // owned by the order
  CheckpointStart start = {};
  uint64_t end_seq = 0;
};

class CheckpointWriter final : public CheckpointSink {
 public:
  // Handed over when this full.
  static constexpr size_t kBlockBytes = size_t{256} << 10;
  static constexpr size_t kBlocksMax = 4;

  explicit CheckpointWriter(CheckpointWriterOptions options);
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;
  // Abandons what is being written and ends the thread: waits for a disk.
  ~CheckpointWriter() override;

  void Begin(uint64_t seq, uint64_t first_segment) override;
  [[nodiscard]] bool HasRoom() override;
  void Add(std::string_view key, const kv::ValueView& value) override;
  void Finish(uint64_t end_seq) override;
  void Abandon() override;
  [[nodiscard]] CheckpointState state() override;
  [[nodiscard]] const CheckpointReport& report() const override { return report_; }
  [[nodiscard]] const Status& failure() const override { return failure_; }
  // Gives the blocks back as well.
  void Acknowledge() override;

 private:
  using Block = CheckpointBlock;
  using Order = CheckpointOrder;

  // The lane's.
  [[nodiscard]] bool MakeRoom();
  [[nodiscard]] bool TakeBlock();
  bool DropFreeBlock();
  void HandOver();
  void Give(const Order& order);
  void PushOrders();
  static void Reserve(Block& block, size_t bytes);

  // The thread's.
  void Run();
  void Obey(const Order& order);
  [[nodiscard]] Status Open(const CheckpointStart& start);
  void Return(Block* block);
  [[nodiscard]] Status Complete(uint64_t end_seq);
  void Judge(const Status& status);
  void Fail(const Status& status);
  void End(CheckpointState state);

  static constexpr size_t kOrdersMax = 64;

  const CheckpointWriterOptions options_;

  // The lane's own.
  uint64_t next_number_;
  std::unique_ptr<Block> current_;
  size_t blocks_ = 0;                 // made and not freed, wherever they are
  std::deque<Order> orders_waiting_;  // the queue was full

  // The thread's own.
  std::unique_ptr<CheckpointFile> file_;
  CheckpointStart start_;
  int64_t begin_ns_ = 0;
  bool over_ = true;  // what comes for the present checkpoint is of no use any more

  // The hand-off.
  base::SpscQueue<Order> orders_{kOrdersMax};
  base::SpscQueue<Block*> free_{kOrdersMax};
  Doorbell doorbell_;
  std::atomic<bool> room_wanted_{false};
  std::atomic<CheckpointState> state_{CheckpointState::kIdle};
  CheckpointReport report_;  // these two: the thread's while kWriting, the lane's otherwise
  Status failure_;

  std::thread thread_;
};

}  // namespace corelane::wal
