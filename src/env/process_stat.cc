#include "env/process_stat.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <system_error>

namespace corelane::env {
namespace {

// The fields of /proc/PID/stat from the third on, as proc(5) numbers them. The second is the
// program's name in brackets and may contain anything; the third follows the last bracket. Empty:
// there is no such process.
std::string FieldsOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return "";
  const size_t bracket = line.rfind(')');
  return bracket == std::string::npos ? "" : line.substr(bracket + 1);
}

// What the process's own clock says; `otherwise` where it does not.
double ExactCpuSeconds(pid_t pid, double otherwise) {
  clockid_t process_clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &process_clock) != 0) return otherwise;
  if (clock_gettime(process_clock, &time) != 0) return otherwise;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

Result<ProcessStat> ReadOne(pid_t pid) {
  std::istringstream fields(FieldsOf(pid));
  constexpr int kMinorFaultsField = 10;
  constexpr int kMajorFaultsField = 12;
  constexpr int kUserField = 14;
  constexpr int kSystemField = 15;
  constexpr int kResidentField = 24;
  const auto ticks_per_s = static_cast<double>(sysconf(_SC_CLK_TCK));
  ProcessStat stat;
  std::string word;
  for (int field = 3; field <= kResidentField && fields >> word; ++field) {
    if (field == kMinorFaultsField) stat.minor_faults = std::stoull(word);
    if (field == kMajorFaultsField) stat.major_faults = std::stoull(word);
    if (field == kUserField) stat.user_s = std::stod(word) / ticks_per_s;
    if (field == kSystemField) stat.system_s = std::stod(word) / ticks_per_s;
    if (field == kResidentField) {
      stat.resident_bytes = std::stoull(word) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    }
  }
  if (!fields) {
    return Status(StatusCode::kIoError, "there is no process " + std::to_string(pid));
  }
  stat.cpu_s = ExactCpuSeconds(pid, stat.user_s + stat.system_s);
  return stat;
}

std::set<pid_t> MembersOf(pid_t group) {
  const std::vector<ProcessEntry> table = ReadProcessTable();
  std::set<pid_t> members;
  // A child may stand before its parent. Each pass but the last finds another generation.
  for (bool grown = true; grown;) {
    grown = false;
    for (const ProcessEntry& entry : table) {
      if (entry.group != group && !members.contains(entry.parent)) continue;
      grown |= members.insert(entry.pid).second;
    }
  }
  return members;
}

Result<ProcessStat> ReadGroup(pid_t group) {
  ProcessStat sum;
  bool any = false;
  for (const pid_t pid : MembersOf(group)) {
    // It may have ended just now.
    const Result<ProcessStat> stat = ReadOne(pid);
    if (!stat.ok()) continue;
    any = true;
    sum.cpu_s += stat->cpu_s;
    sum.user_s += stat->user_s;
    sum.system_s += stat->system_s;
    sum.resident_bytes += stat->resident_bytes;
    sum.minor_faults += stat->minor_faults;
    sum.major_faults += stat->major_faults;
  }
  if (any) return sum;
  return Status(StatusCode::kIoError, "there is no process group " + std::to_string(group));
}

}  // namespace

ProcessStat operator-(const ProcessStat& after, const ProcessStat& before) {
  // A group has less than before where one of its processes has ended.
  const auto less = [](auto more, auto of) { return std::max(more, of) - of; };
  ProcessStat used{.cpu_s = less(after.cpu_s, before.cpu_s),
                   .user_s = less(after.user_s, before.user_s),
                   .system_s = less(after.system_s, before.system_s),
                   .resident_bytes = after.resident_bytes,
                   .minor_faults = less(after.minor_faults, before.minor_faults),
                   .major_faults = less(after.major_faults, before.major_faults)};
  // Too short a time for ticks is divided as all the time before it was.
  const bool ticked = used.user_s + used.system_s > 0;
  const ProcessStat& known = ticked ? used : after;
  const double ticks_s = known.user_s + known.system_s;
  used.user_s = ticks_s > 0 ? used.cpu_s * (known.user_s / ticks_s) : used.cpu_s;
  // The rounding must not make it negative.
  used.system_s = less(used.cpu_s, used.user_s);
  return used;
}

Result<ProcessStat> ReadProcessStat(pid_t pid) { return pid < 0 ? ReadGroup(-pid) : ReadOne(pid); }

std::vector<ProcessEntry> ReadProcessTable() {
  std::vector<ProcessEntry> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    ProcessEntry entry;
    const char* const name_end = name.data() + name.size();
    if (std::from_chars(name.data(), name_end, entry.pid).ptr != name_end) continue;
    std::istringstream fields(FieldsOf(entry.pid));
    std::string state;
    if (fields >> state >> entry.parent >> entry.group) entries.push_back(entry);
  }
  return entries;
}

}  // namespace corelane::env
