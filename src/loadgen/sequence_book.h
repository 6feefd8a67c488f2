#pragma once

// SequenceBook: what one thread knows about the writes of its own keys, and its judgement of reads:
// has a write that was acknowledged got lost, or does the server answer with an older one?
//
// Each write of a key takes the key's next sequence number, from 1, and carries it in the value
// (payload.h). A delete takes one as well, although no value carries it. The book keeps three
// numbers for each key: `sent`, of the last write sent; `deleted`, of the last delete among them;
// and `floor`, of the last write that is known to have taken effect: because it was acknowledged,
// or because it was read.
//
// The rule. A read remembers the key's floor at the moment it is sent. When its reply has come, a
// value with the sequence number s is
//   sound       if floor when the read was sent <= s <= sent when the reply is judged;
//   stale       if s is lower: a later write had taken effect before the read was even sent;
//   never sent  if s is higher, or 0: this run has not written it; unless that floor is 0: then the
//               value may have been there before the run, which makes it sound;
// and a miss is
//   sound       if that floor is 0, if `deleted` is not below it (the delete may have been the
//               last that had taken effect), or if keys may vanish by themselves (times to live);
//   lost        otherwise.
// A sound value that was read lifts the floor, so that of two reads one after the other the second
// may not go back behind the first, even while the writes in question are not acknowledged.
//
// Why it is exact. It asks for what is called linearizability (M. Herlihy and J. Wing, 1990). With
// one writer for each key, whose writes take effect in the order of their numbers, a value is
// current from when its write takes effect until the next one's does. Write s cannot have taken
// effect before it was sent, hence s <= sent. It was overtaken for certain before the read was sent
// just if a higher number was known to have taken effect then. Any s between was current at some
// moment between the read's sending and its reply, as far as anyone outside can tell. A miss is the
// value of a delete, and some delete is in that range just if the last one sent is. (A delete that
// the server has refused counts as well: a miss is then excused until the next write is known.)
//
// What it takes:
//   1. All writes of a key, the load phase's included, and all reads that are judged, are those of
//      the thread that owns it (WorkloadOptions::own_keys_only), and nobody else writes it.
//   2. The writes of one key go over one connection, so that they take effect in their order; reads
//      may go over any.
//   3. A reply is judged, and an acknowledgement noted, when it is received, in that order; and a
//      read's floor is taken when it is handed to the socket or before.
//   4. A write whose reply will never come (a lost connection, a timeout that gives up) is
//      abandoned: it may take effect at any later moment, so that its own value, or a miss if it
//      is a delete, is sound for good. A write that the server has refused is simply never
//      acknowledged.
//
// 24 bytes a key, all of them taken at the start, so that no growing of a table disturbs a
// measurement. Used by one thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "loadgen/key_share.h"

namespace corelane::loadgen {

enum class WriteKind : uint8_t { kValue, kDelete };

enum class ReadState : uint8_t {
  kSound,
  kStale,
  kLost,
  kNeverSent,
  kUntracked,  // not in the book: somebody else's key, or one beyond its end
};

class SequenceBook {
 public:
  // Keeps the first `keys_max` keys of a thread's own, in the order of KeyShare::IndexOf().
  // `misses_allowed`: keys may vanish by themselves; deletes the book knows of.
  SequenceBook(const KeyShare& share, size_t keys_max, bool misses_allowed);

  // A write of the key is about to be sent: its sequence number, 0 for a key that is not tracked.
  [[nodiscard]] uint64_t Send(uint64_t key, WriteKind kind = WriteKind::kValue);
  // The write has been acknowledged.
  void Acknowledge(uint64_t key, uint64_t sequence);
  // Whether the write took effect will never be known.
  void Abandon(uint64_t key, uint64_t sequence, WriteKind kind = WriteKind::kValue);

  // The first key from the one at `index` on, in the order of KeyShare::IndexOf(), that this run
  // has written, or tried to; nothing after the last. Moves `index` behind it.
  [[nodiscard]] std::optional<uint64_t> NextWritten(uint64_t& index) const;

  // A read of the key is about to be sent: what Judge() is to be given with its reply.
  [[nodiscard]] uint64_t Floor(uint64_t key) const;
  // The reply has come: the sequence number of the value, or nothing for a miss.
  [[nodiscard]] ReadState Judge(uint64_t key, uint64_t floor, std::optional<uint64_t> sequence);

 private:
  struct Row {
    uint64_t floor = 0;
    uint64_t sent = 0;
    uint64_t deleted = 0;
  };
  static_assert(sizeof(Row) == 24, "the comment above says so");
  struct Abandoned {
    std::vector<uint64_t> values;
    bool deletes = false;
  };

  // nullptr: not tracked.
  [[nodiscard]] const Row* Find(uint64_t key) const;
  [[nodiscard]] Row* Find(uint64_t key);
  [[nodiscard]] bool MayBeGone(const Row& row, uint64_t key, uint64_t floor) const;
  [[nodiscard]] bool IsAbandoned(uint64_t key, uint64_t sequence) const;

  const KeyShare share_;
  const bool misses_allowed_;
  std::vector<Row> rows_;
  // By key. Few: a connection that breaks is an event.
  std::unordered_map<uint64_t, Abandoned> abandoned_;
};

}  // namespace corelane::loadgen
