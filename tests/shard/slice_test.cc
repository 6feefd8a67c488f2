// What a slice does with an engine that has failed: src/shard/slice.h.

#include "shard/slice.h"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "env/clock.h"
#include "env/posix_file_system.h"
#include "fault/temp_directory.h"
#include "storage/striped_engine.h"
#include "wal/lane_log_writer.h"

namespace corelane::shard {
namespace {

constexpr uint64_t kSeed = 7;

storage::HashedKey Hashed(std::string_view key) { return {key, base::KeyHash(key, kSeed)}; }

// As an engine on a disk: once broken it counts every change as a failure, and reads go on.
class BreakingEngine final : public storage::Engine {
 public:
  BreakingEngine() : Engine(Fallible::kYes) {}

  void Break() {
    broken_ = true;
    CountFailure();
  }

  bool Get(const storage::HashedKey& key, int64_t now_ms, kv::ValueView* value) override {
    return table_.Get(key, now_ms, value);
  }
  storage::PutResult Put(const storage::HashedKey& key, const kv::ValueView& value) override {
    return Fails() ? storage::PutResult::kOutOfMemory : table_.Put(key, value);
  }
  bool Erase(const storage::HashedKey& key, int64_t now_ms) override {
    return !Fails() && table_.Erase(key, now_ms);
  }
  storage::ExpireResult SetExpiry(const storage::HashedKey& key, int64_t now_ms,
                                  kv::ExpiryMillis expires_at) override {
    return Fails() ? storage::ExpireResult::kOutOfMemory
                   : table_.SetExpiry(key, now_ms, expires_at);
  }
  storage::AnnotateResult Annotate(const storage::HashedKey& key, int64_t now_ms, kv::Marks marks,
                                   uint64_t version) override {
    return Fails() ? storage::AnnotateResult::kOutOfMemory
                   : table_.Annotate(key, now_ms, marks, version);
  }
  void Prefetch(std::span<const uint64_t> hashes) override { table_.Prefetch(hashes); }
  storage::WalkCursor VisitStripe(storage::WalkCursor cursor,
                                  storage::EntryVisitor visitor) override {
    return table_.VisitStripe(cursor, visitor);
  }
  storage::WalkCursor SweepStripe(storage::WalkCursor cursor, int64_t now_ms) override {
    return table_.SweepStripe(cursor, now_ms);
  }
  void Clear() override {
    if (!Fails()) table_.Clear();
  }
  bool Reclaim(size_t entries_max) override { return table_.Reclaim(entries_max); }
  storage::EngineStats Stats() const override { return table_.Stats(); }

 private:
  bool Fails() {
    if (broken_) CountFailure();
    return broken_;
  }

  storage::StripedEngine table_{kSeed};
  bool broken_ = false;
};

class SliceTest : public testing::Test {
 protected:
  void SetUp() override {
    wal::LaneLogOptions options;
    options.files = &files_;
    options.clock = &clock_;
    options.lane.directory = directory_.Sub("lane");
    options.mode = wal::FsyncMode::kOs;
    ASSERT_TRUE(files_.CreateDirectories(options.lane.directory).ok());
    Result<std::unique_ptr<wal::LaneLogWriter>> log = wal::OpenLaneLog(options);
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    auto engine = std::make_unique<BreakingEngine>();
    engine_ = engine.get();
    slice_ = std::make_unique<Slice>(std::move(engine), std::move(*log), SliceLimits{}, 0, 1);
    slice_->set_now_ms(1'000);
    ASSERT_EQ(slice_->log()->Admit(4, 400), wal::Admission::kOk);
    ASSERT_TRUE(slice_->Put(Hashed("key"), {.bytes = "value"}));
  }

  const fault::TempDirectory directory_;
  env::PosixFileSystem files_;
  env::SystemClock clock_;
  BreakingEngine* engine_ = nullptr;
  std::unique_ptr<Slice> slice_;
};

// A memcache read takes note of itself; the reply would be kept back for it.
TEST_F(SliceTest, NothingIsNotedOnceTheEngineHasFailed) {
  EXPECT_TRUE(slice_->Annotate(Hashed("key"), kv::kMarkStale, 1));
  engine_->Break();
  EXPECT_FALSE(slice_->Annotate(Hashed("key"), 0, 2));
  EXPECT_EQ(engine_->failures(), 1u);
  EXPECT_TRUE(slice_->Get(Hashed("key"), nullptr));
}

TEST_F(SliceTest, AClearThatFailedIsNotLogged) {
  engine_->Break();
  const uint64_t last = slice_->log()->last_seq();
  slice_->BeginCommand();
  slice_->Clear();
  EXPECT_EQ(engine_->failures(), 2u);
  EXPECT_EQ(slice_->log()->last_seq(), last);
  EXPECT_EQ(slice_->gate_seq(), 0u);
  EXPECT_TRUE(slice_->Get(Hashed("key"), nullptr));
}

TEST_F(SliceTest, AClearIsLogged) {
  const uint64_t last = slice_->log()->last_seq();
  slice_->Clear();
  EXPECT_EQ(slice_->log()->last_seq(), last + 1);
  EXPECT_FALSE(slice_->Get(Hashed("key"), nullptr));
}

}  // namespace
}  // namespace corelane::shard
