#include "log_ways/table.h"

#include <sys/utsname.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "env/process.h"
#include "env/system_text.h"

namespace corelane::bench {
namespace {

constexpr std::string_view kHead =
    "| way | fsync | append p50 (µs) | p99 | p99.9 | max | p99.9 by round | survives kill -9 p50 "
    "(µs) | p99.9 | durable p50 (µs) | p99.9 | max | syncs/s | lane CPU (ns/frame) | helper CPU "
    "(ns/frame) | device bytes/frame | waits |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";

// Three digits are enough to compare, and few enough to read.
std::string MicrosText(int64_t nanos) {
  const double micros = static_cast<double>(nanos) / 1e3;
  return micros < 100 ? absl::StrFormat("%.1f", micros) : absl::StrFormat("%.0f", micros);
}

std::string PercentilesText(const base::Histogram& latency, const std::vector<double>& percents) {
  std::string text;
  for (const double percent : percents) {
    absl::StrAppend(
        &text, latency.count() == 0 ? "–" : MicrosText(latency.ValueAtPercentile(percent)), " | ");
  }
  return text;
}

std::string Row(const Cell& cell) {
  const RunFigures& figures = cell.figures;
  const auto frames = static_cast<double>(figures.frames);
  std::string row = absl::StrFormat("| %s | %s | ", cell.way, ModeName(cell.mode));
  absl::StrAppend(&row, PercentilesText(figures.append, {50, 99, 99.9, 100}),
                  MicrosText(cell.append_p999_min_ns), " to ", MicrosText(cell.append_p999_max_ns),
                  " | ", PercentilesText(figures.survives, {50, 99.9}),
                  PercentilesText(figures.durable, {50, 99.9, 100}));
  absl::StrAppendFormat(&row, "%.1f | %.0f | %.0f | ",
                        static_cast<double>(figures.syncs) * 1e9 /
                            static_cast<double>(std::max<int64_t>(figures.wall_ns, 1)),
                        figures.lane_cpu_ns / frames, figures.helper_cpu_ns / frames);
  if (figures.device_bytes_known) {
    absl::StrAppendFormat(&row, "%.0f", static_cast<double>(figures.device_bytes) / frames);
  } else {
    absl::StrAppend(&row, "–");
  }
  absl::StrAppendFormat(&row, " | %u |\n", figures.waits);
  return row;
}

// "ext4 (/dev/vda, rw,relatime)" for the mount that the path is below; proc(5).
std::string FileSystemText(const std::string& path) {
  std::istringstream mounts(env::RealSystemText().Read("/proc/self/mounts"));
  std::string best = "unknown file system";
  size_t best_length = 0;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device, point, type, flags;
    if (!(words >> device >> point >> type >> flags)) continue;
    const std::string below = point == "/" ? point : absl::StrCat(point, "/");
    // The last of several mounts at one place is the one that is seen.
    if (!absl::StrCat(path, "/").starts_with(below) || below.size() < best_length) continue;
    best_length = below.size();
    best = absl::StrFormat("%s (%s, %s)", type, device, flags);
  }
  return best;
}

}  // namespace

std::string_view ModeName(wal::FsyncMode mode) {
  switch (mode) {
    case wal::FsyncMode::kAlways:
      return "always";
    case wal::FsyncMode::kEverySecond:
      return "everysec";
    case wal::FsyncMode::kOs:
      return "os";
  }
  return "unknown";
}

std::string MarkdownTable(const std::vector<Cell>& cells) {
  std::string table(kHead);
  for (const Cell& cell : cells) absl::StrAppend(&table, Row(cell));
  return table;
}

std::string_view TableNotes() {
  return "The segments are not alike: those of mapping, write and helper are allocated "
         "(fallocate), "
         "unwritten extents that the file system converts when they are first written, which a "
         "sync waits for; those of direct were filled with zeros before the run, so that its "
         "writes change no metadata.\n"
         "No CPU column has the kernel's write-back threads, which carry the page cache of "
         "mapping, "
         "write and helper to the disk; direct has no such work.\n";
}

std::string MachineLine(const std::string& directory) {
  utsname system{};
  if (uname(&system) != 0) return "Machine: unknown\n";
  std::array<char, PATH_MAX> path{};
  const std::string real = realpath(directory.c_str(), path.data()) != nullptr ? path.data() : "";
  return absl::StrFormat("Machine: %s %s %s, %u cores for this process, %s\n", system.sysname,
                         system.release, system.machine, env::UsableCpus().size(),
                         FileSystemText(real));
}

}  // namespace corelane::bench
