#pragma once

// Verifier: whether the reads of one connection say what was written. Each connection of a verified
// run has keys of its own, so that it knows all writes of what it reads and the server takes them
// in their order (sequence_book.h has the rule, payload.h the values that say what they are). The
// verifier outlives the sockets: a connection that broke and is opened again goes on with it.
//
// The sequence numbers in values begin at a number that is drawn from the run's seed, so that what
// an earlier run has left on the server is not taken for a write of this one.
//
// A requester owns it. Used by the worker's thread.

#include <corelane/status.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "loadgen/connection.h"
#include "loadgen/figures.h"
#include "loadgen/key_share.h"
#include "loadgen/key_text.h"
#include "loadgen/load_options.h"
#include "loadgen/sequence_book.h"

namespace corelane::loadgen {

// Each takes a row of the book (sequence_book.h), all of them 6 GB.
inline constexpr uint64_t kVerifiedKeysMax = uint64_t{1} << 28;

// Whether the load is one that can be verified; kBadArgument says what is in the way, in the words
// of the command line.
[[nodiscard]] Status CheckVerified(const LoadOptions& options);

class Verifier {
 public:
  // Of keys that the run inserts so many are kept an eye on, by all connections together; those
  // beyond are checked for corruption only.
  static constexpr uint64_t kInsertsTrackedMax = uint64_t{1} << 22;

  // `share`: the keys that are its own. What it finds is counted in `figures`, which outlives it.
  Verifier(const LoadOptions& options, const KeyShare& share, VerifyFigures& figures);

  // An operation is about to be sent: what Pending::sequence is to be. That of a write is the
  // sequence number which its value carries, that of a read the floor it is judged by.
  [[nodiscard]] uint64_t Send(OpKind kind, uint64_t key);
  // The same for the write of a read-modify-write.
  [[nodiscard]] uint64_t SendSecond(uint64_t key) { return book_.Send(key); }

  // What a value says of the write with this sequence number.
  [[nodiscard]] uint64_t InValue(uint64_t sequence) const { return first_ + sequence; }

  // The reply has come.
  void OnReply(const Pending& pending, const WireReply& reply);
  // It will not come: the connection broke, or is given up.
  void OnLost(const Pending& pending);

  // The sweep after the run: each key that was written is to be read once more, so that one that
  // got lost is found though the run did not read it again. Inserts beyond kInsertsTrackedMax are
  // not in it. Nothing: all are under way or done.
  [[nodiscard]] std::optional<uint64_t> NextToSweep();
  // The read of this key did not come back; it is to be sent again.
  void SweepAgain(uint64_t key) { again_.push_back(key); }
  // NextToSweep() has said that there is nothing, and nothing was lost since.
  [[nodiscard]] bool all_sent_to_sweep() const { return sweep_at_end_ && again_.empty(); }
  // The reply to one has come and was judged by OnReply().
  void OnSwept(const WireReply& reply);
  // There will be no more: what is left is counted.
  void EndSweep();

 private:
  [[nodiscard]] static bool IsRead(const Pending& pending);
  void JudgeRead(const Pending& pending, const WireReply& reply);
  void JudgeValue(const Pending& pending, std::string_view value);
  void Find(uint64_t& count, uint64_t key, std::string_view what);

  const uint64_t first_;
  SequenceBook book_;
  uint64_t sweep_index_ = 0;  // of the next key to sweep, as the book has it
  bool sweep_at_end_ = false;
  std::vector<uint64_t> again_;
  const KeyText key_text_;
  VerifyFigures& figures_;
};

}  // namespace corelane::loadgen
