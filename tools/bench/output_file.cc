#include "bench/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace corelane::tools {

Status CheckOutputFile(const std::string& path) {
  const bool exists = ::access(path.c_str(), F_OK) == 0;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string asked = exists ? path : parent.empty() ? "." : parent.string();
  if (::access(asked.c_str(), W_OK) == 0) return OkStatus();
  return Status(StatusCode::kBadArgument, "cannot write " + path + ": " + std::strerror(errno));
}

Status WriteOutputFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (file) return OkStatus();
  return Status(StatusCode::kIoError, "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace corelane::tools
