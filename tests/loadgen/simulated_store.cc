#include "simulated_store.h"

#include <charconv>

#include "loadgen/payload.h"

namespace corelane::loadgen {
namespace {

constexpr std::string_view kNil = "$-1\r\n";
constexpr std::string_view kOk = "+OK\r\n";
constexpr int64_t kLateNanos = 50'000'000;

std::string Bulk(std::string_view value) {
  return "$" + std::to_string(value.size()) + "\r\n" + std::string(value) + "\r\n";
}

// "key:0000000000000042"
uint64_t NumberOf(std::string_view key) {
  uint64_t number = 0;
  key.remove_prefix(key.find(':') + 1);
  std::from_chars(key.data(), key.data() + key.size(), number);
  return number;
}

}  // namespace

Script::Answer SimulatedStore::AnswerTo(uint64_t /*number*/, int64_t now_ns) {
  return {.at_ns = now_ns + kServiceNanos};
}

Script::Answer SimulatedStore::AnswerTo(uint64_t number, int64_t now_ns,
                                        const kv::Request& request) {
  while (!late_.empty() && late_.front().at_ns <= now_ns) {
    Put(late_.front().key, late_.front().there, late_.front().value);
    late_.pop_front();
  }
  Answer answer = AnswerTo(number, now_ns);
  if (now_ns >= habits_.begin_ns && habits_.breaks_every != 0 &&
      number % habits_.breaks_every == 0) {
    BreakOff(request, now_ns);
    answer.closes = true;
  } else if (request.command == "GET") {
    answer.bytes = Get(request.args[0], now_ns);
  } else if (request.command == "SET") {
    answer.bytes = Set(request.args[0], request.args[1], now_ns);
  } else if (request.command == "DEL") {
    const std::string key(request.args[0]);
    answer.bytes = rows_[key].there ? ":1\r\n" : ":0\r\n";
    Put(key, false, "");
  }
  return answer;
}

void SimulatedStore::BreakOff(const kv::Request& request, int64_t now_ns) {
  if (request.command == "GET") return;
  const std::string key(request.args[0]);
  const bool there = request.command == "SET";
  const std::string value(there ? request.args[1] : "");
  switch (random_.Uniform(3)) {
    case 0:
      return;
    case 1:
      return Put(key, there, value);
    default:
      late_.push_back({.at_ns = now_ns + kLateNanos, .key = key, .there = there, .value = value});
  }
}

// Whether this is one of the requests that the fault befalls.
bool SimulatedStore::GoesWrong(int64_t now_ns, Fault fault) {
  if (habits_.fault != fault || now_ns < habits_.begin_ns) return false;
  if (++befallen_ % habits_.fault_every != 0) return false;
  ++faults_;
  return true;
}

void SimulatedStore::Put(const std::string& key, bool there, std::string_view value) {
  Row& row = rows_[key];
  if (row.there) row.before = row.value;
  row.there = there;
  row.value = value;
}

std::string SimulatedStore::Set(std::string_view key, std::string_view value, int64_t now_ns) {
  const std::string name(key);
  if (rows_[name].there && GoesWrong(now_ns, Fault::kDropsWrite)) return std::string(kOk);
  if (GoesWrong(now_ns, Fault::kRefuses)) return "-ERR no room\r\n";
  Put(name, true, value);
  return std::string(kOk);
}

std::string SimulatedStore::Get(std::string_view key, int64_t now_ns) {
  const std::string name(key);
  const Row& row = rows_[name];
  if (!row.there) return std::string(kNil);
  if (GoesWrong(now_ns, Fault::kForgets)) return std::string(kNil);
  return Bulk(WrongValue(name, row, now_ns));
}

// The right one, if nothing goes wrong.
std::string SimulatedStore::WrongValue(const std::string& key, const Row& row, int64_t now_ns) {
  std::string value = row.value;
  if (!row.before.empty() && GoesWrong(now_ns, Fault::kOlderValue)) return row.before;
  if (GoesWrong(now_ns, Fault::kFlipsBit)) {
    const uint64_t bit = random_.Uniform(8 * value.size());
    value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << bit % 8));
  } else if (GoesWrong(now_ns, Fault::kCutsValue)) {
    value.pop_back();
  } else if (GoesWrong(now_ns, Fault::kOtherKey)) {
    Seal(NumberOf(key) + 1, 1, static_cast<uint32_t>(value.size()), value.data());
  } else if (GoesWrong(now_ns, Fault::kNeverWritten)) {
    Seal(NumberOf(key), 1'000'000, static_cast<uint32_t>(value.size()), value.data());
  }
  return value;
}

}  // namespace corelane::loadgen
