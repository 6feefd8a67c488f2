#include "bench/flag_checks.h"

#include <sys/types.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "env/process.h"
#include "env/process_stat.h"
#include "loadgen/number_text.h"

namespace corelane::tools {
namespace {

// -1: it is no number.
int NumberOf(const std::string& text) {
  int number = -1;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && at == end ? number : -1;
}

}  // namespace

std::string CheckCore(const std::string& text) {
  const std::vector<int> usable = env::UsableCpus();
  if (std::ranges::find(usable, NumberOf(text)) != usable.end()) return "";
  return "this process may not use core " + text;
}

std::string CheckNumber(const std::string& text) {
  return loadgen::ParsePlainNumber(text).ok() ? "" : "\"" + text + "\" is no number";
}

std::string CheckProcess(const std::string& text) {
  // Below 0 it would be a group.
  const pid_t pid = NumberOf(text);
  if (pid > 0 && env::ReadProcessStat(pid).ok()) return "";
  return "there is no process " + text;
}

}  // namespace corelane::tools
