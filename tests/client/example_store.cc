// The smallest program that uses the embedded store. It is built as a test, and once more against
// what `meson install` leaves.

#include <corelane/store.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "";  // empty: memory only
  auto store = corelane::Store::Open({.directory = directory});
  if (!store.ok()) return std::cerr << store.status().ToString() << '\n', 1;
  const corelane::Status put = (*store)->Put("greeting", "hello world");
  if (!put.ok()) return std::cerr << put.ToString() << '\n', 1;
  const corelane::Result<std::optional<std::string>> value = (*store)->Get("greeting");
  std::cout << (value.ok() ? value->value_or("(nil)") : value.status().ToString()) << '\n';
}
