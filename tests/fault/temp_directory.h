#pragma once

// TempDirectory: a directory of a test's own, removed with all in it when the test ends. It lies
// where the build runs
// ($TMPDIR or /tmp). One thread.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace corelane::fault {

class TempDirectory {
 public:
  TempDirectory() : path_(testing::TempDir() + "/corelane-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  // path() + "/" + name
  [[nodiscard]] std::string Sub(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace corelane::fault
