#include "bench/html_report.h"

#include <optional>
#include <string_view>
#include <utility>

#include "bench/output_file.h"
#include "bench/report_page.h"

namespace corelane::tools {
namespace {

using loadgen::Json;

// Ours go six levels deep. The limit keeps one that is made to hurt off the stack.
constexpr int kDepthMax = 64;

// What a kind of document cannot do without.
struct Kind {
  std::string_view format;
  const char* member;
  Json::value_t type;
};

constexpr Kind kKinds[] = {
    {"corelane-bench run 1", "all", Json::value_t::object},
    {"corelane-bench sweep 1", "points", Json::value_t::array},
    {"corelane-bench find-max 1", "steps", Json::value_t::array},
    {"corelane-bench compare 1", "figures", Json::value_t::array},
    {"corelane-bench repeat 1", "figures", Json::value_t::array},
};

// Why this is no document of corelane-bench; nothing where it is one.
std::optional<std::string> Complaint(const Json& document) {
  if (!document.is_object()) return "no JSON object";
  const auto format = document.find("format");
  if (format == document.end() || !format->is_string()) {
    return "no report of corelane-bench: it does not say its \"format\"";
  }
  const auto& name = format->get_ref<const std::string&>();
  for (const Kind& kind : kKinds) {
    if (kind.format != name) continue;
    const auto member = document.find(kind.member);
    if (member != document.end() && member->type() == kind.type) return std::nullopt;
    return "not whole: a \"" + name + "\" has \"" + kind.member + "\"";
  }
  return "of the format \"" + name + "\", which this program does not know";
}

// The browser looks for the end of the data before anything else, so there must be no "</script" in
// it, and no "<!--". These three characters occur in strings only, where JSON can say them in
// another way; so it does for everything outside of ASCII.
std::string DataText(const Json& data) {
  std::string text;
  for (const char c : data.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace)) {
    switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += c;
    }
  }
  return text;
}

}  // namespace

Result<NamedDocument> ParseDocument(const std::string& name, const std::string& text) {
  const auto bad = [&](const std::string& why) {
    return Status(StatusCode::kBadArgument, name + " is " + why);
  };
  bool too_deep = false;
  const auto watch_depth = [&](int depth, Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > kDepthMax;
    return depth <= kDepthMax;
  };
  Json json = Json::parse(text, watch_depth, /*allow_exceptions=*/false);
  if (too_deep) return bad("nested too deeply");
  if (json.is_discarded()) return bad("no JSON");
  if (const std::optional<std::string> complaint = Complaint(json)) return bad(*complaint);
  return NamedDocument{.name = name, .json = std::move(json)};
}

std::string HtmlReport(std::span<const NamedDocument> documents) {
  Json data = Json::array();
  for (const NamedDocument& document : documents) {
    data.push_back({{"name", document.name}, {"document", document.json}});
  }
  std::string page(ReportPageBeforeData());
  page += DataText(data);
  page += ReportPageAfterData();
  return page;
}

Status WriteHtmlReport(const std::string& path, std::span<const NamedDocument> documents) {
  return WriteOutputFile(path, HtmlReport(documents));
}

}  // namespace corelane::tools
