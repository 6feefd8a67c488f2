#include "bench/output_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace corelane::tools {

Status WriteOutputFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (file) return OkStatus();
  return Status(StatusCode::kIoError, "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace corelane::tools
