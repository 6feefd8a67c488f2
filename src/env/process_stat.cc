#include "env/process_stat.h"

#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace corelane::env {
namespace {

// Makes user and system time add up to what the process's own clock says.
void MakeExact(pid_t pid, ProcessStat& stat) {
  clockid_t process_clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &process_clock) != 0) return;
  if (clock_gettime(process_clock, &time) != 0) return;
  const double exact_s = static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  const double share = stat.cpu_s() > 0 ? stat.user_s / stat.cpu_s() : 0;
  stat.user_s = exact_s * share;
  stat.system_s = exact_s - stat.user_s;
}

}  // namespace

ProcessStat operator-(const ProcessStat& after, const ProcessStat& before) {
  return {.user_s = after.user_s - before.user_s,
          .system_s = after.system_s - before.system_s,
          .resident_bytes = after.resident_bytes,
          .minor_faults = after.minor_faults - before.minor_faults,
          .major_faults = after.major_faults - before.major_faults};
}

Result<ProcessStat> ReadProcessStat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return Status(StatusCode::kIoError, "cannot read " + path);
  // The second field is the program's name in brackets and may contain anything; the third follows
  // the last bracket.
  const size_t bracket = line.rfind(')');
  if (bracket == std::string::npos) return Status(StatusCode::kIoError, "cannot parse " + path);
  std::istringstream fields(line.substr(bracket + 1));
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
  if (!fields) return Status(StatusCode::kIoError, "cannot parse " + path);
  MakeExact(pid, stat);
  return stat;
}

}  // namespace corelane::env
