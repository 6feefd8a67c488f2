#pragma once

// SystemText: the small files in which the kernel and the distribution describe the machine (/proc,
// /sys, /etc/os-release). A seam, so that what is made of them can be tested with the words of
// other machines. Any thread.

#include <string>

namespace corelane::env {

class SystemText {
 public:
  virtual ~SystemText() = default;
  // The whole file, at most its first 64 KiB; empty where it is not there or may not be read.
  [[nodiscard]] virtual std::string Read(const std::string& path) const = 0;
};

class RealSystemText final : public SystemText {
 public:
  [[nodiscard]] std::string Read(const std::string& path) const override;
};

}  // namespace corelane::env
