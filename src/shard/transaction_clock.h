#pragma once

// TransactionClock: numbers the transactions over several lanes in the order in which they take
// effect. The one counter that all lanes share; it is touched once for each such transaction and
// read once for each read over several lanes, never for anything that one lane can do by itself.
//
// What the numbers are for. A transaction draws its number when it holds all its keys. A read over
// several lanes (MGET) looks at the clock before it sends its parts, and takes no locks. If one of
// its keys carries a number later than that, the transaction came after the read began and may have
// come between its parts: the read is done again, with locks. Otherwise no transaction came
// between:
//
//   1. Say a transaction is missing in the part at lane A but seen by the part at lane B. The part
//   at A
//      ran before the transaction held its keys there, hence before it drew its number.
//   2. The read looked at the clock before it sent that part. The message, A's own order and the
//   lock's
//      answer carry "before" from that look to the draw, so the look did not see the number.
//   3. The key at B carries the number, which is later than what the look saw: the read is done
//   again.
//
// Any thread. Relaxed would do for the counter itself; acquire and release keep the argument above
// free of the question what else orders the messages.

#include <atomic>
#include <cstdint>

namespace corelane::shard {

class TransactionClock {
 public:
  [[nodiscard]] uint64_t Now() const { return last_.load(std::memory_order_acquire); }
  [[nodiscard]] uint64_t Draw() { return last_.fetch_add(1, std::memory_order_acq_rel) + 1; }

 private:
  std::atomic<uint64_t> last_{0};
};

}  // namespace corelane::shard
