#include "bench/report_command.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "bench/html_report.h"

namespace corelane::tools {
namespace {

Result<std::string> ReadInputFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::vector<char> chunk(size_t{1} << 16);
  while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || file.gcount() > 0) {
    text.append(chunk.data(), static_cast<size_t>(file.gcount()));
  }
  // A directory opens and does not read.
  if (file.is_open() && !file.bad()) return text;
  return Status(StatusCode::kIoError, "cannot read " + path + ": " + std::strerror(errno));
}

}  // namespace

ReportCommand::ReportCommand(CLI::App& app)
    : Command(app, "report", "one HTML page of what other runs wrote as JSON") {
  command()
      .add_option("JSON", json_paths_, "files that --json has written, of any subcommand")
      ->required();
  command().add_option("--html", html_path_, "write the page to this file")->required();
}

Status ReportCommand::Run(const std::string& /*command_line*/) {
  std::vector<NamedDocument> documents;
  for (const std::string& path : json_paths_) {
    Result<std::string> text = ReadInputFile(path);
    if (!text.ok()) return text.status();
    Result<NamedDocument> document = ParseDocument(path, *text);
    if (!document.ok()) return document.status();
    documents.push_back(*std::move(document));
  }
  return WriteHtmlReport(html_path_, documents);
}

}  // namespace corelane::tools
