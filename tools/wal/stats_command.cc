#include "wal/stats_command.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "wal/frame_text.h"
#include "wal/lane_stats.h"
#include "wal/opened_log.h"

namespace corelane::wal_tool {
namespace {

using nlohmann::ordered_json;

struct LaneReport {
  LaneReading reading;
  LaneStats stats;
  CheckpointStats checkpoint;
  std::vector<SegmentStats> segments;
  uint64_t durable_seq = 0;
};

constexpr int64_t kMillisPerSecond = 1000;

std::string SecondsText(uint64_t unix_s) {
  return TimeText(static_cast<int64_t>(unix_s) * kMillisPerSecond);
}

LaneReport ReadLane(OpenedLog& log, uint32_t lane) {
  StatsVisitor visitor;
  LaneReport report;
  report.reading = log.Read(lane, visitor);
  report.stats = visitor.Sum(log.clock().WallMillis());
  report.checkpoint = visitor.checkpoint();
  report.segments = visitor.segments();
  report.durable_seq = std::max(visitor.durable_seq(), report.reading.recovery.checkpoint.end_seq);
  for (const SegmentFile& file : report.reading.files) {
    ++report.stats.files;
    report.stats.file_bytes += file.bytes;
  }
  return report;
}

std::string TypesText(const LaneStats& stats) {
  std::string text;
  for (size_t type = 0; type < stats.frames_by_type.size(); ++type) {
    if (stats.frames_by_type[type] == 0) continue;
    absl::StrAppend(&text, text.empty() ? " (" : ", ",
                    base::ToAbsl(FrameTypeName(static_cast<wal::FrameType>(type))), " ",
                    stats.frames_by_type[type]);
  }
  return text.empty() ? text : text + ")";
}

std::string StatsText(const LaneStats& stats) {
  std::string text;
  if (stats.checkpoint_bytes != 0) {
    text = absl::StrFormat("  checkpoint   %u bytes; %u entries, %u bytes\n",
                           stats.checkpoint_bytes, stats.entries, stats.entry_bytes);
  }
  absl::StrAppendFormat(&text,
                        "  segments     %u, %u bytes\n"
                        "  frames       %u, %u bytes%s\n"
                        "  live keys    %u, %u bytes\n"
                        "  garbage      %u bytes, %u expired keys\n",
                        stats.files, stats.file_bytes, stats.frames, stats.frame_bytes,
                        TypesText(stats), stats.live_keys, stats.live_bytes, stats.garbage_bytes(),
                        stats.expired_keys);
  if (stats.has_times()) {
    absl::StrAppendFormat(&text, "  values from  %s to %s\n", SecondsText(stats.first_created_s),
                          SecondsText(stats.last_created_s));
  }
  return text;
}

std::string SegmentLine(const SegmentStats& segment) {
  std::string line = absl::StrFormat("  segment %u: %u bytes, %u frames", segment.number,
                                     segment.file_bytes, segment.frames);
  if (segment.frames != 0) {
    absl::StrAppendFormat(&line, ", sequence numbers %u to %u", segment.first_seq,
                          segment.last_seq);
  }
  absl::StrAppend(&line, ", durable when made ", segment.header_durable_seq);
  if (segment.first_created_s <= segment.last_created_s) {
    absl::StrAppend(&line, ", values from ", SecondsText(segment.first_created_s), " to ",
                    SecondsText(segment.last_created_s));
  }
  return line + "\n";
}

std::string LaneText(const LaneReport& report, bool segments) {
  std::string text = absl::StrFormat("lane %u\n", report.reading.lane) + StatsText(report.stats);
  if (const CheckpointStats& checkpoint = report.checkpoint; checkpoint.number != 0) {
    absl::StrAppendFormat(
        &text, "  begun at     sequence number %u, as checkpoint %u, for segments from %u on\n",
        checkpoint.seq, checkpoint.number, checkpoint.first_segment);
  }
  absl::StrAppendFormat(&text, "  sequence     %u to %u, durable up to %u at least\n",
                        report.reading.first_seq, report.reading.last_seq, report.durable_seq);
  if (!report.reading.status.ok()) {
    absl::StrAppend(&text, "  bad          ", report.reading.status.ToString(), "\n");
  }
  if (const auto& torn = report.reading.recovery.torn_reason; !torn.empty()) {
    absl::StrAppendFormat(&text, "  torn tail    %u bytes: %s\n",
                          report.reading.recovery.torn_bytes, torn);
  }
  if (!segments) return text;
  for (const SegmentStats& segment : report.segments) text += SegmentLine(segment);
  return text;
}

template <typename Times>
void PutTimes(const Times& times, ordered_json& json) {
  if (times.first_created_s > times.last_created_s) return;
  json["first_created_at"] = SecondsText(times.first_created_s);
  json["last_created_at"] = SecondsText(times.last_created_s);
}

ordered_json StatsJson(const LaneStats& stats) {
  ordered_json types = ordered_json::object();
  for (size_t type = 0; type < stats.frames_by_type.size(); ++type) {
    if (stats.frames_by_type[type] == 0) continue;
    types[std::string(FrameTypeName(static_cast<wal::FrameType>(type)))] =
        stats.frames_by_type[type];
  }
  ordered_json json = {{"checkpoint_bytes", stats.checkpoint_bytes},
                       {"entries", stats.entries},
                       {"entry_bytes", stats.entry_bytes},
                       {"segments", stats.files},
                       {"file_bytes", stats.file_bytes},
                       {"frames", stats.frames},
                       {"frame_bytes", stats.frame_bytes},
                       {"frames_by_type", types},
                       {"live_keys", stats.live_keys},
                       {"live_bytes", stats.live_bytes},
                       {"garbage_bytes", stats.garbage_bytes()},
                       {"expired_keys", stats.expired_keys}};
  PutTimes(stats, json);
  return json;
}

ordered_json SegmentJson(const SegmentStats& segment) {
  ordered_json json = {{"number", segment.number},
                       {"file_bytes", segment.file_bytes},
                       {"frames", segment.frames},
                       {"frame_bytes", segment.frame_bytes},
                       {"first_seq", segment.first_seq},
                       {"last_seq", segment.last_seq},
                       {"header_durable_seq", segment.header_durable_seq}};
  PutTimes(segment, json);
  return json;
}

ordered_json LaneJson(const LaneReport& report, bool segments) {
  ordered_json json = {{"lane", report.reading.lane}};
  json.update(StatsJson(report.stats));
  if (const CheckpointStats& checkpoint = report.checkpoint; checkpoint.number != 0) {
    json["checkpoint"] = {{"number", checkpoint.number},
                          {"seq", checkpoint.seq},
                          {"first_segment", checkpoint.first_segment}};
  }
  json["first_seq"] = report.reading.first_seq;
  json["last_seq"] = report.reading.last_seq;
  json["durable_seq"] = report.durable_seq;
  json["torn_bytes"] = report.reading.recovery.torn_bytes;
  if (!report.reading.status.ok()) json["error"] = report.reading.status.ToString();
  if (segments) {
    ordered_json list = ordered_json::array();
    for (const SegmentStats& segment : report.segments) list.push_back(SegmentJson(segment));
    json["segment_list"] = list;
  }
  return json;
}

std::string ManifestText(const wal::Manifest& manifest) {
  return absl::StrFormat("format %u, created %s, generation %u, %u lanes\n",
                         wal::kManifestFormatVersion, SecondsText(manifest.created_at_s),
                         manifest.generation, manifest.lanes);
}

ordered_json ManifestJson(const wal::Manifest& manifest) {
  return {{"format", wal::kManifestFormatVersion},
          {"created_at", SecondsText(manifest.created_at_s)},
          {"generation", manifest.generation},
          {"lanes", manifest.lanes}};
}

}  // namespace

StatsCommand::StatsCommand(CLI::App& app)
    : Command(app, "stats",
              "what the checkpoints and logs are made of: entries, frames, keys, garbage") {
  command().add_flag("--segments", segments_, "a line for each segment too");
  command().add_flag("--json", json_, "one JSON document");
}

Status StatsCommand::Run() {
  const Result<std::unique_ptr<OpenedLog>> opened =
      OpenedLog::Open(directory(), OpenedLog::Use::kRead, true);
  if (!opened.ok()) return opened.status();
  OpenedLog& log = **opened;
  std::string text = ManifestText(log.manifest());
  ordered_json lanes = ordered_json::array();
  LaneStats total;
  Status first_wrong;
  for (uint32_t lane = 0; lane < log.manifest().lanes; ++lane) {
    const LaneReport report = ReadLane(log, lane);
    total.Add(report.stats);
    text += LaneText(report, segments_);
    lanes.push_back(LaneJson(report, segments_));
    if (first_wrong.ok()) first_wrong = report.reading.status;
  }
  log.ClearProgress();
  if (json_) {
    const ordered_json document = {
        {"manifest", ManifestJson(log.manifest())}, {"total", StatsJson(total)}, {"lanes", lanes}};
    // A file name in a message may be no UTF-8.
    text = document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  } else {
    text += "total\n" + StatsText(total);
  }
  std::fputs(text.c_str(), stdout);
  return first_wrong;
}

}  // namespace corelane::wal_tool
