#include "loadgen/sequence_book.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/random.h"

namespace corelane::loadgen {
namespace {

constexpr KeyShare kAlone{.keys = 10, .thread = 0, .threads = 1};
constexpr uint64_t kKey = 4;

SequenceBook MakeBook(bool misses_allowed = false) { return {kAlone, 10, misses_allowed}; }

void Write(SequenceBook& book, uint64_t key = kKey) { book.Acknowledge(key, book.Send(key)); }

TEST(SequenceBookTest, SequencesCountEachKeyFromOne) {
  SequenceBook book = MakeBook();
  EXPECT_EQ(book.Send(kKey), 1u);
  EXPECT_EQ(book.Send(kKey), 2u);
  EXPECT_EQ(book.Send(5), 1u);
  EXPECT_EQ(book.Floor(kKey), 0u);
  book.Acknowledge(kKey, 1);
  EXPECT_EQ(book.Floor(kKey), 1u);
}

TEST(SequenceBookTest, WithoutWritesUnderWayOnlyTheLastIsSound) {
  SequenceBook book = MakeBook();
  Write(book);
  Write(book);
  const uint64_t floor = book.Floor(kKey);
  EXPECT_EQ(book.Judge(kKey, floor, 2), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, floor, 1), ReadState::kStale);
  EXPECT_EQ(book.Judge(kKey, floor, 3), ReadState::kNeverSent);
  EXPECT_EQ(book.Judge(kKey, floor, 0), ReadState::kNeverSent);
  EXPECT_EQ(book.Judge(kKey, floor, std::nullopt), ReadState::kLost);
}

// read sent, write 2 sent, write 2 acknowledged, reply to the read: it may say 1 or 2.
TEST(SequenceBookTest, AWriteWithinTheReadMayOrMayNotBeSeen) {
  for (const uint64_t seen : {1u, 2u}) {
    SequenceBook book = MakeBook();
    Write(book);
    const uint64_t floor = book.Floor(kKey);
    Write(book);
    EXPECT_EQ(book.Judge(kKey, floor, seen), ReadState::kSound);
    EXPECT_EQ(book.Floor(kKey), 2u);
  }
}

// write 2 sent, read sent, reply to the read, write 2 acknowledged.
TEST(SequenceBookTest, AReadWithinAWriteMayOrMayNotSeeIt) {
  for (const uint64_t seen : {1u, 2u}) {
    SequenceBook book = MakeBook();
    Write(book);
    const uint64_t sequence = book.Send(kKey);
    EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), seen), ReadState::kSound);
    book.Acknowledge(kKey, sequence);
    EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), 1), ReadState::kStale);
  }
}

// The read before the write is acknowledged was sent before, so it may still say the old value; one
// that is sent afterwards may not.
TEST(SequenceBookTest, TheMomentOfSendingDecides) {
  SequenceBook book = MakeBook();
  Write(book);
  const uint64_t sequence = book.Send(kKey);
  const uint64_t early = book.Floor(kKey);
  book.Acknowledge(kKey, sequence);
  const uint64_t late = book.Floor(kKey);
  EXPECT_EQ(book.Judge(kKey, early, 1), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, late, 1), ReadState::kStale);
}

// What one read has seen, a later one may not go back behind.
TEST(SequenceBookTest, WhatWasReadCountsAsWritten) {
  SequenceBook book = MakeBook();
  EXPECT_EQ(book.Send(kKey), 1u);
  EXPECT_EQ(book.Send(kKey), 2u);
  const uint64_t before = book.Floor(kKey);
  EXPECT_EQ(book.Judge(kKey, before, 2), ReadState::kSound);
  const uint64_t after = book.Floor(kKey);
  EXPECT_EQ(after, 2u);
  // Both were under way together: their replies may come in any order.
  EXPECT_EQ(book.Judge(kKey, before, 1), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, before, std::nullopt), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, after, 1), ReadState::kStale);
  EXPECT_EQ(book.Judge(kKey, after, std::nullopt), ReadState::kLost);
}

TEST(SequenceBookTest, MissesAreLostOnlyOfAcknowledgedKeys) {
  SequenceBook book = MakeBook();
  EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), std::nullopt), ReadState::kSound);
  const uint64_t sequence = book.Send(kKey);
  const uint64_t floor = book.Floor(kKey);
  book.Acknowledge(kKey, sequence);
  EXPECT_EQ(book.Judge(kKey, floor, std::nullopt), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), std::nullopt), ReadState::kLost);
}

TEST(SequenceBookTest, KeysThatMayVanishMayBeMissedButNotRise) {
  SequenceBook book = MakeBook(true);
  Write(book);
  Write(book);  // a delete
  const uint64_t floor = book.Floor(kKey);
  EXPECT_EQ(book.Judge(kKey, floor, std::nullopt), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, floor, 1), ReadState::kStale);
}

// An earlier run may have left a value under a key that this one inserts.
TEST(SequenceBookTest, WhatWasThereBeforeIsSoundUntilAWriteIsKnown) {
  SequenceBook book = MakeBook();
  EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), 7), ReadState::kSound);
  EXPECT_EQ(book.Floor(kKey), 0u);
  const uint64_t before = book.Floor(kKey);
  Write(book);
  EXPECT_EQ(book.Judge(kKey, before, 7), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), 7), ReadState::kNeverSent);
}

// writes 1, 2 (a delete), 3: a miss is sound for as long as the delete may be the last.
TEST(SequenceBookTest, ADeleteExcusesMissesUntilTheNextWriteIsKnown) {
  SequenceBook book = MakeBook();
  Write(book);
  const uint64_t before = book.Floor(kKey);
  EXPECT_EQ(book.Judge(kKey, before, std::nullopt), ReadState::kLost);
  const uint64_t deleted = book.Send(kKey, WriteKind::kDelete);
  // It is under way, or has just taken effect.
  EXPECT_EQ(book.Judge(kKey, before, std::nullopt), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, before, 1), ReadState::kSound);
  book.Acknowledge(kKey, deleted);
  const uint64_t after = book.Floor(kKey);
  EXPECT_EQ(book.Judge(kKey, after, std::nullopt), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, after, 1), ReadState::kStale);
  Write(book);
  EXPECT_EQ(book.Judge(kKey, after, std::nullopt), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), std::nullopt), ReadState::kLost);
}

TEST(SequenceBookTest, ARefusedWriteChangesNothing) {
  SequenceBook book = MakeBook();
  Write(book);
  EXPECT_EQ(book.Send(kKey), 2u);
  EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), 1), ReadState::kSound);
  Write(book);
  EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), 3), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, book.Floor(kKey), 1), ReadState::kStale);
}

// Write 2 is lost with its connection, 3 is acknowledged on another, then 2 takes effect.
TEST(SequenceBookTest, AnAbandonedWriteMayTakeEffectLate) {
  SequenceBook book = MakeBook();
  Write(book);
  Write(book, 5);
  Write(book, 5);
  EXPECT_EQ(book.Send(kKey), 2u);
  book.Abandon(kKey, 2);
  Write(book);
  const uint64_t floor = book.Floor(kKey);
  EXPECT_EQ(floor, 3u);
  EXPECT_EQ(book.Judge(kKey, floor, 2), ReadState::kSound);
  // The write before it is over for good.
  EXPECT_EQ(book.Judge(kKey, floor, 1), ReadState::kStale);
  EXPECT_EQ(book.Judge(kKey, floor, std::nullopt), ReadState::kLost);
  EXPECT_EQ(book.Judge(kKey, floor, 4), ReadState::kNeverSent);
  EXPECT_EQ(book.Judge(5, book.Floor(5), 1), ReadState::kStale);
}

TEST(SequenceBookTest, KeepsOwnKeysUpToItsBound) {
  const KeyShare share{.keys = 10, .thread = 1, .threads = 3};
  SequenceBook book(share, 4, false);
  // Its own are 1, 4, 7 of the load phase, then 11, 14, ...
  for (const uint64_t key : {1u, 4u, 7u, 11u}) EXPECT_EQ(book.Send(key), 1u) << key;
  for (const uint64_t key : {0u, 2u, 9u, 10u, 12u, 14u}) {
    EXPECT_EQ(book.Send(key), 0u) << key;
    book.Acknowledge(key, 0);
    book.Abandon(key, 1);
    EXPECT_EQ(book.Floor(key), 0u);
    EXPECT_EQ(book.Judge(key, 0, 5), ReadState::kUntracked);
  }
}

TEST(KeyShareTest, EveryNumberHasOneOwnerAndOneIndex) {
  constexpr uint32_t kThreads = 4;
  for (const uint64_t keys : {4u, 5u, 7u, 8u, 100u}) {
    uint64_t loaded = 0;
    std::vector<int> owners(keys + 40, 0);
    for (uint32_t thread = 0; thread < kThreads; ++thread) {
      const KeyShare share{.keys = keys, .thread = thread, .threads = kThreads};
      loaded += share.loaded();
      for (uint64_t index = 0; index < share.loaded() + 10; ++index) {
        const uint64_t key = share.KeyAt(index);
        EXPECT_TRUE(share.Owns(key));
        EXPECT_EQ(share.IndexOf(key), index);
        ++owners[key];
      }
    }
    EXPECT_EQ(loaded, keys);
    EXPECT_EQ(owners, std::vector<int>(keys + 40, 1));
  }
}

TEST(SequenceBookTest, AnAbandonedDeleteMayTakeEffectLate) {
  SequenceBook book = MakeBook();
  Write(book);
  book.Abandon(kKey, book.Send(kKey, WriteKind::kDelete), WriteKind::kDelete);
  Write(book);
  const uint64_t floor = book.Floor(kKey);
  EXPECT_EQ(book.Judge(kKey, floor, std::nullopt), ReadState::kSound);
  EXPECT_EQ(book.Judge(kKey, floor, 1), ReadState::kStale);
}

// A server of one key, watched by a model: writes take effect and reads look at it at drawn moments
// between sending and reply. A right server is never accused; one that keeps answering from a copy
// which lags behind is.
class ModelTest : public testing::Test {
 protected:
  static constexpr uint64_t kWritesUnderWayMax = 3;
  static constexpr size_t kReadsUnderWayMax = 4;

  struct Read {
    uint64_t floor;
    std::optional<uint64_t> seen;
    bool looked = false;
  };

  // Runs so many steps; `lag`: reads see the value as it was so many writes ago.
  int Accusations(uint64_t seed, uint64_t lag) {
    base::Random random(seed);
    SequenceBook book = MakeBook();
    uint64_t effective = 0;
    uint64_t acknowledged = 0;
    uint64_t sent = 0;
    std::vector<Read> reads;
    int accused = 0;
    for (int step = 0; step < 5000; ++step) {
      switch (random.Uniform(6)) {
        case 0:
          if (sent < acknowledged + kWritesUnderWayMax) sent = book.Send(kKey);
          break;
        case 1:
          if (effective < sent) ++effective;
          break;
        case 2:
          if (acknowledged < effective) book.Acknowledge(kKey, ++acknowledged);
          break;
        case 3:
          if (reads.size() == kReadsUnderWayMax) break;
          reads.push_back({.floor = book.Floor(kKey), .seen = {}});
          break;
        case 4:
          if (!reads.empty()) Look(reads[random.Uniform(reads.size())], effective, lag);
          break;
        default:
          accused += Answer(reads, random, book);
      }
    }
    return accused;
  }

 private:
  static void Look(Read& read, uint64_t effective, uint64_t lag) {
    if (read.looked) return;
    read.looked = true;
    if (effective > lag) read.seen = effective - lag;
  }
  static int Answer(std::vector<Read>& reads, base::Random& random, SequenceBook& book) {
    if (reads.empty()) return 0;
    const size_t at = random.Uniform(reads.size());
    if (!reads[at].looked) return 0;
    const Read read = reads[at];
    reads.erase(reads.begin() + static_cast<std::ptrdiff_t>(at));
    return book.Judge(kKey, read.floor, read.seen) == ReadState::kSound ? 0 : 1;
  }
};

TEST_F(ModelTest, ARightServerIsNeverAccusedAndALaggingOneIs) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    EXPECT_EQ(Accusations(seed, 0), 0);
    EXPECT_GT(Accusations(seed, 2), 0);
  }
}

TEST(SequenceBookTest, WalksOverWhatWasWritten) {
  const KeyShare share{.keys = 10, .thread = 1, .threads = 3};  // 1, 4, 7, and inserts from 11 on
  SequenceBook book(share, 5, false);
  uint64_t index = 0;
  EXPECT_EQ(book.NextWritten(index), std::nullopt);
  EXPECT_EQ(book.Send(4), 1U);
  EXPECT_EQ(book.Send(14, WriteKind::kDelete), 1U);
  EXPECT_EQ(book.NextWritten(index), std::nullopt);  // it was at the end
  index = 0;
  EXPECT_EQ(book.NextWritten(index), 4U);
  EXPECT_EQ(book.NextWritten(index), 14U);
  EXPECT_EQ(book.NextWritten(index), std::nullopt);
}

}  // namespace
}  // namespace corelane::loadgen
