#include "env/system_text.h"

#include <cstddef>
#include <fstream>

namespace corelane::env {

// Such a file has no size to ask for: it is made while it is read.
std::string RealSystemText::Read(const std::string& path) const {
  constexpr size_t kBytesMax = size_t{64} << 10;
  std::ifstream file(path, std::ios::binary);
  std::string text(kBytesMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

}  // namespace corelane::env
