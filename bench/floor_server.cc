// floor-server: what serving costs before any work is done. It runs on the same reactor as
// corelane-server, never looks at a request, keeps nothing, and answers each `request size`
// received bytes with one canned reply. Its CPU time per operation is the floor that the server's
// own is measured against: the difference is parsing, routing, the table and encoding.
//
// The sizes come from the load generator's own wires, so one process answers one kind of request,
// --op get or --op set, with keys and values of one length. With --burn-ns it is slower by a known
// amount: to see whether a comparison finds it. One thread.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "base/status_macros.h"
#include "env/clock.h"
#include "io/reactor.h"
#include "io/socket.h"
#include "io/unique_fd.h"
#include "loadgen/canned_server.h"
#include "loadgen/key_text.h"
#include "loadgen/wire.h"

namespace corelane::bench {
namespace {

constexpr int kBacklog = 1024;
constexpr size_t kKeyBytesMax = 250;  // memcache's
constexpr int64_t kBurnNanosMax = 1'000'000'000;

struct FloorOptions {
  uint16_t port = 0;
  loadgen::WireProtocol protocol = loadgen::WireProtocol::kResp2;
  bool set = false;
  size_t key_bytes = loadgen::KeyTextOptions().bytes;
  size_t value_bytes = 64;
  int64_t burn_ns = 0;
  io::BackEndChoice back_end = io::BackEndChoice::kAuto;
};

loadgen::CannedReply MakeCanned(const FloorOptions& options) {
  const std::string key(options.key_bytes, 'k');
  return options.set ? loadgen::CannedWrite(options.protocol, key, options.value_bytes)
                     : loadgen::CannedRead(options.protocol, key, options.value_bytes);
}

Status Serve(const FloorOptions& options) {
  const env::SystemClock clock;
  std::string fallback_reason;
  Result<std::unique_ptr<io::Reactor>> reactor =
      io::MakeReactor({.choice = options.back_end, .clock = &clock}, fallback_reason);
  if (!reactor.ok()) return reactor.status();
  Result<io::UniqueFd> listener = io::Listen({"127.0.0.1", options.port}, kBacklog);
  if (!listener.ok()) return listener.status();
  std::printf("io %s\n", std::string(io::BackEndName((*reactor)->back_end())).c_str());
  std::printf("listening scheme=floor address=%s\nready\n",
              io::LocalAddressText(listener->get()).c_str());
  std::fflush(stdout);
  loadgen::CannedServer server(**reactor, MakeCanned(options));
  if (options.burn_ns > 0) server.BurnPerRequest(clock, options.burn_ns);
  server.Start(listener->get());
  while (!server.ended()) (*reactor)->Poll(-1);
  return Status(StatusCode::kIoError, "accepting connections failed");
}

int Main(int argc, char** argv) {
  FloorOptions options;
  std::string operation = "get";
  CLI::App app("Answers without looking: the floor under a server's CPU time per operation.");
  // Not resp3: its connections begin with a greeting, and here nobody looks.
  std::map<std::string, loadgen::WireProtocol> protocols;
  for (const char* const scheme : {"native", "resp", "memcache", "memcache-meta", "json"}) {
    protocols[scheme] = *loadgen::WireProtocolOf(scheme);
  }
  const std::map<std::string, io::BackEndChoice> back_ends = {{"auto", io::BackEndChoice::kAuto},
                                                              {"uring", io::BackEndChoice::kUring},
                                                              {"epoll", io::BackEndChoice::kEpoll}};
  app.add_option("--port", options.port, "0: a free one, which is printed")->capture_default_str();
  app.add_option("--protocol", options.protocol, "as in the generator's targets")
      ->transform(CLI::CheckedTransformer(protocols));
  app.add_option("--op", operation, "the only requests it answers rightly")
      ->check(CLI::IsMember({"get", "set"}))
      ->capture_default_str();
  app.add_option("--key-bytes", options.key_bytes, "as the generator's flag")
      ->check(CLI::Range(size_t{1}, kKeyBytesMax))
      ->capture_default_str();
  app.add_option("--value-bytes", options.value_bytes)
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--burn-ns", options.burn_ns, "CPU time that each request takes on top")
      ->check(CLI::Range(int64_t{0}, kBurnNanosMax))
      ->capture_default_str();
  app.add_option("--io", options.back_end, "auto, uring or epoll")
      ->transform(CLI::CheckedTransformer(back_ends));
  CLI11_PARSE(app, argc, argv);
  options.set = operation == "set";
  const Status status = Serve(options);
  std::fprintf(stderr, "floor-server: %s\n", status.message().c_str());
  return 1;
}

}  // namespace
}  // namespace corelane::bench

int main(int argc, char** argv) { return corelane::bench::Main(argc, argv); }
