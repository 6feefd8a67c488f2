#pragma once

// SimulatedStore: a simulated server that keeps what is written to it, as it should, and goes wrong
// in one way when it is told to. It knows GET, SET and DEL. Everything takes kServiceNanos.
//
// Connections break off as often as it is told, which no server can be blamed for: a write that is
// under way then takes effect, or does not, or does later.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "base/random.h"
#include "simulated_network.h"

namespace corelane::loadgen {

class SimulatedStore final : public Script {
 public:
  static constexpr int64_t kServiceNanos = 2'000'000;

  enum class Fault : uint8_t {
    kNone,
    kDropsWrite,    // says OK to an overwriting SET and keeps what was there
    kOlderValue,    // answers with the value before the last, where there is one
    kFlipsBit,      // somewhere in the value
    kCutsValue,     // by a byte
    kOtherKey,      // answers with another key's value
    kForgets,       // answers that there is no value
    kNeverWritten,  // answers with a value of a write that is still to come
    kRefuses,       // says an error to a SET and keeps what was there
  };

  struct Habits {
    Fault fault = Fault::kNone;
    uint32_t fault_every = 100;    // so many of the requests that it can befall, once a run began
    uint64_t breaks_every = 0;     // so many requests; 0: never
    int64_t begin_ns = INT64_MAX;  // before, all is well
  };

  SimulatedStore(const Habits& habits, uint64_t seed) : habits_(habits), random_(seed) {}

  // How often it went wrong.
  [[nodiscard]] uint64_t faults() const { return faults_; }

  [[nodiscard]] Answer AnswerTo(uint64_t number, int64_t now_ns) override;
  [[nodiscard]] Answer AnswerTo(uint64_t number, int64_t now_ns,
                                const kv::Request& request) override;

 private:
  struct Row {
    bool there = false;
    std::string value;
    std::string before;
  };
  struct Late {
    int64_t at_ns;
    std::string key;
    bool there;
    std::string value;
  };

  [[nodiscard]] bool GoesWrong(int64_t now_ns, Fault fault);
  [[nodiscard]] std::string Get(std::string_view key, int64_t now_ns);
  [[nodiscard]] std::string Set(std::string_view key, std::string_view value, int64_t now_ns);
  [[nodiscard]] std::string WrongValue(const std::string& key, const Row& row, int64_t now_ns);
  void Put(const std::string& key, bool there, std::string_view value);
  void BreakOff(const kv::Request& request, int64_t now_ns);

  const Habits habits_;
  base::Random random_;
  std::map<std::string, Row> rows_;
  std::deque<Late> late_;
  uint64_t befallen_ = 0;
  uint64_t faults_ = 0;
};

}  // namespace corelane::loadgen
