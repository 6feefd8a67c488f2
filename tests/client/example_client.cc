// The smallest program that uses the client library. It is built as a test, and once more against
// what `meson install` leaves.

#include <corelane/client.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  corelane::ClientOptions options;
  if (argc > 1) options.port = static_cast<uint16_t>(std::stoi(argv[1]));
  corelane::Result<corelane::Client> client = corelane::Client::Connect(options);
  if (!client.ok()) return std::cerr << client.status().ToString() << '\n', 1;
  const corelane::Status put = client->Put("greeting", "hello world");
  if (!put.ok()) return std::cerr << put.ToString() << '\n', 1;
  const corelane::Result<std::optional<std::string>> value = client->Get("greeting");
  std::cout << (value.ok() ? value->value_or("(nil)") : value.status().ToString()) << '\n';
}
