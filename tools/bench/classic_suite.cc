#include "bench/classic_suite.h"

#include <corelane/pipeline.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace corelane::tools {
namespace {

// How many of the memory profile's keys are sent at a time, and how many deletes.
constexpr uint64_t kBulkKeys = 1'000;

std::string BenchKey(uint64_t number) { return absl::StrFormat("bench_key_%08d", number); }
std::string MemoryKey(uint64_t number) { return absl::StrFormat("bench_mem_%010d", number); }

Status InRun(std::string_view run, const Status& status) {
  return Status(status.code(), std::string(run) + ": " + status.message());
}

// Times one thing after the other into a report.
class Stopwatch {
 public:
  Stopwatch(const env::Clock& clock, RunReport& report)
      : clock_(clock), report_(report), start_ns_(clock.MonotonicNanos()), last_ns_(start_ns_) {}

  void Restart() { last_ns_ = clock_.MonotonicNanos(); }
  void Lap(uint64_t operations) {
    const int64_t now_ns = clock_.MonotonicNanos();
    report_.latency_ns.Record(now_ns - last_ns_);
    report_.buckets.Add(now_ns - last_ns_);
    report_.operations += operations;
    report_.seconds = static_cast<double>(now_ns - start_ns_) / 1e9;
  }

 private:
  const env::Clock& clock_;
  RunReport& report_;
  const int64_t start_ns_;
  int64_t last_ns_;
};

// The first refusal counts.
Status PutBatch(Client& client, const std::vector<std::string>& keys, std::string_view value) {
  std::vector<KeyValue> entries;
  entries.reserve(keys.size());
  for (const std::string& key : keys) entries.push_back({key, value});
  for (const Status& status : client.PutBatch(entries)) RETURN_IF_ERROR(status);
  return OkStatus();
}

using KeyName = std::string (*)(uint64_t);

std::vector<std::string> Keys(KeyName name, uint64_t begin, uint64_t end) {
  std::vector<std::string> keys;
  keys.reserve(end - begin);
  for (uint64_t number = begin; number < end; ++number) keys.push_back(name(number));
  return keys;
}

Status DeleteAll(Client& client, KeyName name, uint64_t count, Progress& progress) {
  for (uint64_t begin = 0; begin < count; begin += kBulkKeys) {
    Pipeline pipeline;
    for (const std::string& key : Keys(name, begin, std::min(count, begin + kBulkKeys))) {
      pipeline.Delete(key);
    }
    for (const PipelineResult& result : client.Execute(pipeline)) RETURN_IF_ERROR(result.status);
    progress.Update("deleting the benchmark's keys", begin, count);
  }
  return OkStatus();
}

}  // namespace

ClassicSuite::ClassicSuite(Client& client, const env::Clock& clock, const ClassicOptions& options)
    : client_(client),
      clock_(clock),
      options_(options),
      value_(options.value_bytes, 'v'),
      progress_(clock) {}

Result<ClassicReport> ClassicSuite::Run() {
  ClassicReport report;
  report.options = options_;
  Result<RunReport> puts = Puts();
  if (!puts.ok()) return InRun("sequential PUTs", puts.status());
  report.puts = std::move(*puts);
  Result<RunReport> gets = Gets();
  if (!gets.ok()) return InRun("sequential GETs", gets.status());
  report.gets = std::move(*gets);
  Result<RunReport> batches = Batches();
  if (!batches.ok()) return InRun("PUTs in batches", batches.status());
  report.batches = std::move(*batches);
  if (const Status status = ProfileMemory(report); !status.ok()) {
    return InRun("memory profile", status);
  }
  if (!options_.keep_keys) {
    if (const Status status = DeleteKeys(); !status.ok()) return InRun("deleting keys", status);
  }
  progress_.Clear();
  return report;
}

Result<RunReport> ClassicSuite::Puts() {
  RunReport report;
  Stopwatch watch(clock_, report);
  for (uint64_t i = 0; i < options_.operations; ++i) {
    const std::string key = BenchKey(i);
    watch.Restart();
    RETURN_IF_ERROR(client_.Put(key, value_));
    watch.Lap(1);
    progress_.Update("sequential PUTs", i, options_.operations);
  }
  return report;
}

Result<RunReport> ClassicSuite::Gets() {
  RunReport report;
  Stopwatch watch(clock_, report);
  for (uint64_t i = 0; i < options_.operations; ++i) {
    const std::string key = BenchKey(i);
    watch.Restart();
    const Result<std::optional<std::string>> value = client_.Get(key);
    if (!value.ok()) return value.status();
    watch.Lap(1);
    if (*value != value_) {
      return Status(StatusCode::kError, "the server answered something else than was put: " + key);
    }
    progress_.Update("sequential GETs", i, options_.operations);
  }
  return report;
}

Result<RunReport> ClassicSuite::Batches() {
  RunReport report;
  Stopwatch watch(clock_, report);
  for (uint64_t begin = 0; begin < options_.operations; begin += options_.batch) {
    const uint64_t end = std::min(options_.operations, begin + options_.batch);
    const std::vector<std::string> keys = Keys(BenchKey, begin, end);
    watch.Restart();
    RETURN_IF_ERROR(PutBatch(client_, keys, value_));
    watch.Lap(end - begin);
    progress_.Update("PUTs in batches", begin, options_.operations);
  }
  return report;
}

Status ClassicSuite::ProfileMemory(ClassicReport& report) {
  if (options_.memory_keys == 0) {
    report.memory_note = "left out (--memory-keys 0)";
    return OkStatus();
  }
  if (client_.options().version_1_only && options_.local_server == 0) {
    report.memory_note = "not measured: version 1 of the protocol cannot ask for it";
    return OkStatus();
  }
  Result<std::optional<uint64_t>> before = ResidentBytes();
  if (!before.ok()) return before.status();
  if (!before->has_value()) {
    report.memory_note = "not measured: the server does not say how much memory it uses";
    return OkStatus();
  }
  RETURN_IF_ERROR(PutMemoryKeys());
  Result<std::optional<uint64_t>> after = ResidentBytes();
  if (!after.ok()) return after.status();
  report.memory = MemoryReport{.keys = options_.memory_keys,
                               .key_bytes = MemoryKey(0).size(),
                               .anonymous = options_.local_server != 0,
                               .resident_before = **before,
                               .resident_after = after->value_or(0)};
  return OkStatus();
}

Status ClassicSuite::PutMemoryKeys() {
  for (uint64_t begin = 0; begin < options_.memory_keys; begin += kBulkKeys) {
    const uint64_t end = std::min(options_.memory_keys, begin + kBulkKeys);
    RETURN_IF_ERROR(PutBatch(client_, Keys(MemoryKey, begin, end), value_));
    progress_.Update("memory profile", begin, options_.memory_keys);
  }
  return OkStatus();
}

Status ClassicSuite::DeleteKeys() {
  RETURN_IF_ERROR(DeleteAll(client_, BenchKey, options_.operations, progress_));
  return DeleteAll(client_, MemoryKey, options_.memory_keys, progress_);
}

Result<std::optional<uint64_t>> ClassicSuite::ResidentBytes() {
  if (options_.local_server != 0) return AnonymousBytes();
  const Result<ServerStats> stats = client_.Stats();
  if (!stats.ok()) return stats.status();
  for (const auto& [name, text] : stats->all) {
    uint64_t bytes = 0;
    if (name == "resident_bytes" &&
        std::from_chars(text.data(), text.data() + text.size(), bytes).ec == std::errc()) {
      return std::optional<uint64_t>(bytes);
    }
  }
  return std::optional<uint64_t>();
}

std::optional<uint64_t> ClassicSuite::AnonymousBytes() const {
  std::ifstream file("/proc/" + std::to_string(options_.local_server) + "/statm");
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  uint64_t shared_pages = 0;  // of files
  if (!(file >> total_pages >> resident_pages >> shared_pages)) return std::nullopt;
  return (resident_pages - shared_pages) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace corelane::tools
