#include "loadgen/environment.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "loadgen/build_facts.h"
#include "loadgen/number_text.h"

namespace corelane::loadgen {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// More cores than any machine has: a list of them is bounded whatever the text says.
constexpr int kCoresMax = 1 << 16;

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// The value of the first line that begins with `name` and then has `separator`: "name : value".
std::string_view Field(std::string_view text, std::string_view name, char separator) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t at = line.find(separator);
    if (at == std::string_view::npos || Trimmed(line.substr(0, at)) != name) continue;
    return Trimmed(line.substr(at + 1));
  }
  return {};
}

std::string_view NextWord(std::string_view& text) {
  text = text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(word.size());
  return word;
}

// What is no number counts as 0.
template <typename Number>
Number NumberOf(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool HasWord(std::string_view text, std::string_view wanted) {
  while (!text.empty()) {
    if (NextWord(text) == wanted) return true;
  }
  return false;
}

std::string_view Unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

}  // namespace

Environment ReadEnvironment(const env::SystemText& system) {
  const auto whole = [&system](const char* path) {
    return std::string(Trimmed(system.Read(path)));
  };
  Environment environment;
  const std::string cpu = system.Read("/proc/cpuinfo");
  environment.cpu_model = Field(cpu, "model name", ':');
  environment.is_virtual = HasWord(Field(cpu, "flags", ':'), "hypervisor");
  environment.cores_online =
      static_cast<uint32_t>(ParseCoreList(system.Read("/sys/devices/system/cpu/online")).size());
  environment.cores_usable =
      ParseCoreList(Field(system.Read("/proc/self/status"), "Cpus_allowed_list", ':'));
  environment.governor = whole("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  std::string memory(Field(system.Read("/proc/meminfo"), "MemTotal", ':'));
  environment.memory_bytes = NumberOf<uint64_t>(memory) << 10;  // it is told in KiB
  environment.kernel = whole("/proc/sys/kernel/osrelease");
  environment.system = Unquoted(Field(system.Read("/etc/os-release"), "PRETTY_NAME", '='));
  environment.clock_source =
      whole("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  environment.load_average = NumberOf<double>(system.Read("/proc/loadavg"));
  environment.version = CORELANE_VERSION;
  environment.compiler = CORELANE_COMPILER;
  environment.build_type = CORELANE_BUILD_TYPE;
  return environment;
}

// The first line of /proc/stat, proc(5): user, nice, system, idle, iowait, irq, softirq, steal; the
// time of guests behind them is in user already.
CoreTime ReadCoreTime(const env::SystemText& system) {
  constexpr int kFields = 8;
  constexpr int kStolenField = 7;
  const std::string text = system.Read("/proc/stat");
  std::string_view left = text;
  CoreTime time;
  if (NextWord(left) != "cpu") return time;
  for (int field = 0; field < kFields; ++field) {
    const auto ticks = NumberOf<uint64_t>(NextWord(left));
    time.all_ticks += ticks;
    if (field == kStolenField) time.stolen_ticks = ticks;
  }
  return time;
}

double StolenShare(const CoreTime& before, const CoreTime& after) {
  // The kernel's counters may go back by a tick.
  if (after.all_ticks <= before.all_ticks || after.stolen_ticks <= before.stolen_ticks) return 0;
  return static_cast<double>(after.stolen_ticks - before.stolen_ticks) /
         static_cast<double>(after.all_ticks - before.all_ticks);
}

std::vector<int> ParseCoreList(std::string_view text) {
  std::vector<int> cores;
  for (const std::string_view part : SplitAt(Trimmed(text), ',')) {
    const size_t dash = part.find('-');
    int first = -1;
    std::from_chars(part.data(), part.data() + part.size(), first);
    if (first < 0) continue;
    const int last = dash == std::string_view::npos ? first : NumberOf<int>(part.substr(dash + 1));
    for (int core = first; core <= std::min(last, kCoresMax - 1); ++core) {
      cores.push_back(core);
    }
  }
  std::sort(cores.begin(), cores.end());
  cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
  return cores;
}

std::string CoreListText(std::span<const int> cores) {
  std::string text;
  for (size_t at = 0; at < cores.size();) {
    size_t end = at + 1;
    while (end < cores.size() && cores[end] == cores[end - 1] + 1) ++end;
    absl::StrAppend(&text, text.empty() ? "" : ",", cores[at]);
    if (end - at > 1) absl::StrAppend(&text, "-", cores[end - 1]);
    at = end;
  }
  return text;
}

std::vector<int> ReadCoresOf(pid_t pid, const env::SystemText& system) {
  const std::string status = system.Read(absl::StrCat("/proc/", std::abs(pid), "/status"));
  return ParseCoreList(Field(status, "Cpus_allowed_list", ':'));
}

std::string SharedCoresWarning(std::span<const int> generator, std::span<const int> server) {
  std::vector<int> sorted(generator.begin(), generator.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<int> shared;
  std::set_intersection(sorted.begin(), sorted.end(), server.begin(), server.end(),
                        std::back_inserter(shared));
  shared.erase(std::unique(shared.begin(), shared.end()), shared.end());
  if (shared.empty()) return {};
  return absl::StrCat("generator and server may both run on ",
                      shared.size() == 1 ? "core " : "cores ", CoreListText(shared),
                      ": each takes time from the other, which is in the latencies; keep them "
                      "apart with --cpus and taskset");
}

}  // namespace corelane::loadgen
