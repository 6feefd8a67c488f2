#pragma once

// HtmlReport: what corelane-bench has measured, as one HTML page for people. The page needs nothing
// but itself: it carries its style, the program that draws the charts, and the documents that it
// was made of (REPORTS.md describes them), and its own policy forbids it to load anything. The
// sources of the page are in report_page/ and are put into the binary when it is built.
//
// Pure but for WriteHtmlReport(); any thread.

#include <corelane/status.h>

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "loadgen/report_json.h"

namespace corelane::tools {

// A document of corelane-bench.
struct NamedDocument {
  std::string name;  // what the page calls it where there are several
  loadgen::Json json;
};

// Reads what corelane-bench wrote. kBadArgument: `text` is no such document, or not whole; the
// message begins with the name and says what is wrong.
[[nodiscard]] Result<NamedDocument> ParseDocument(const std::string& name, const std::string& text);

// A page with all of the documents, in this order. Whatever text they hold (command lines, a
// server's error) stays text on the page.
[[nodiscard]] std::string HtmlReport(std::span<const NamedDocument> documents);

// The same, written to the file `path`.
[[nodiscard]] Status WriteHtmlReport(const std::string& path,
                                     std::span<const NamedDocument> documents);

}  // namespace corelane::tools
