#pragma once

// TemporaryDirectory: a directory of its own for what a benchmark starts, which goes away with it,
// whatever is in it. One thread.

#include <corelane/status.h>

#include <string>

namespace corelane::tools {

class TemporaryDirectory {
 public:
  TemporaryDirectory() = default;
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { Remove(); }

  // Makes a new one; the one before is removed.
  [[nodiscard]] Status Make();
  void Remove();

  // Empty: not made.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace corelane::tools
