#include "bench/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace corelane::tools {

Status TemporaryDirectory::Make() {
  Remove();
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) return Status(StatusCode::kIoError, "no temporary directory: " + error.message());
  std::string name = (parent / "corelane-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return Status(StatusCode::kIoError, "cannot make " + name + ": " + std::strerror(errno));
  }
  path_ = name;
  return OkStatus();
}

void TemporaryDirectory::Remove() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  path_.clear();
}

}  // namespace corelane::tools
