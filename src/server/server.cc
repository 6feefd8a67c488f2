#include "server/server.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "env/process.h"
#include "server/signals.h"

namespace corelane::server {
namespace {

constexpr int kListenBacklog = 4096;
// Descriptors besides those of connections: logs, listeners, reactors.
constexpr uint32_t kOtherDescriptors = 128;
constexpr int kExitOnSecondSignal = 1;

// Where the system does not say, one lane runs wherever it likes.
std::vector<int> LaneCpus() {
  std::vector<int> cpus = env::UsableCpus();
  if (cpus.empty()) cpus.push_back(-1);
  return cpus;
}

uint32_t LaneCount(const ServerOptions& options) {
  if (options.lanes != 0) return options.lanes;
  return std::min(static_cast<uint32_t>(LaneCpus().size()), kLanesMax);
}

// Those of the lanes' databases.
uint64_t DatabaseDescriptors(const ServerOptions& options, uint32_t lanes) {
  if (options.engine != storage::EngineKind::kRocksDb) return 0;
  return uint64_t{lanes} * (storage::kRocksDbOpenFilesMax + kOtherDescriptors);
}

// For the database of each lane.
Result<uint64_t> DatabaseCacheBytes(const ServerOptions& options, uint32_t lanes) {
  const uint64_t needed = lanes * storage::kRocksDbCacheBytesMin;
  if (options.rocksdb_cache_bytes == 0) {
    return std::max(storage::kRocksDbCacheBytesDefault, needed) / lanes;
  }
  if (options.rocksdb_cache_bytes >= needed) return options.rocksdb_cache_bytes / lanes;
  return Status(
      StatusCode::kBadArgument,
      absl::StrCat("--rocksdb-cache-bytes is too small: ", lanes, " lanes need ", needed >> 20,
                   "mb, ", storage::kRocksDbCacheBytesMin >> 20, "mb for each"));
}

// Each connection is a descriptor. What the hard limit does not allow is left to OnAcceptError().
void RaiseDescriptorLimit(uint32_t connections, uint64_t others) {
  const uint64_t wanted = uint64_t{connections} + kOtherDescriptors + others;
  const uint64_t allowed = env::RaiseOpenFilesLimit(wanted);
  if (allowed < wanted) {
    base::Log(base::Severity::kWarning,
              "the system allows %d open files; --max-connections=%d needs %d (ulimit -n)", allowed,
              connections, wanted);
  }
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              const Environment& environment) {
  std::unique_ptr<Server> server(new Server(options, environment));
  RETURN_IF_ERROR(BlockSignals());
  RETURN_IF_ERROR(server->BindListeners());
  RETURN_IF_ERROR(server->OpenData());
  RETURN_IF_ERROR(server->StartControl());
  server->FillFacts();
  RETURN_IF_ERROR(server->StartLanes());
  return server;
}

Server::Server(const ServerOptions& options, const Environment& environment)
    : options_(options), environment_(environment), lane_count_(LaneCount(options)) {}

Server::~Server() {
  const Status stopped = StopLanes();
  if (!stopped.ok()) base::Log(base::Severity::kError, "%s", stopped.ToString());
  if (reactor_ == nullptr) return;
  // The reactor owes the acceptors and the signal reader their last callbacks.
  for (const auto& acceptor : acceptors_) acceptor->Stop(*reactor_);
  if (!signals_.ended()) reactor_->CancelReadable(signals_);
  const auto accepting = [](const auto& acceptor) { return !acceptor->stopped(); };
  while (!signals_.ended() || std::any_of(acceptors_.begin(), acceptors_.end(), accepting)) {
    reactor_->Poll(-1);
  }
}

// ---- Starting ----

Status Server::BindListeners() {
  for (const ListenOptions& listen : options_.listen) {
    Result<io::UniqueFd> listener = io::Listen(listen.endpoint, kListenBacklog);
    if (!listener.ok()) return listener.status();
    acceptors_.push_back(std::make_unique<Acceptor>(std::move(*listener), listen, *this));
  }
  return OkStatus();
}

Status Server::OpenData() {
  shard::SliceOpenerOptions options;
  options.files = environment_.files;
  options.clock = environment_.clock;
  options.directory = options_.data_directory;
  options.lanes = lane_count_;
  options.fsync = options_.fsync;
  options.segment_bytes = options_.segment_bytes;
  options.salvage = options_.salvage;
  options.new_hash_seed = environment_.seed;
  if (options_.engine == storage::EngineKind::kRocksDb) {
    // Here, as this thread is not pinned.
    RETURN_IF_ERROR(storage::PrepareRocksDb());
    const Result<uint64_t> cache_bytes = DatabaseCacheBytes(options_, lane_count_);
    if (!cache_bytes.ok()) return cache_bytes.status();
    options.open_database = [bytes = *cache_bytes](const std::string& path, uint64_t hash_seed) {
      return storage::OpenRocksDb({path, hash_seed, bytes});
    };
  }
  Result<std::unique_ptr<shard::SliceOpener>> opener = shard::SliceOpener::Open(options);
  if (!opener.ok()) return opener.status();
  opener_ = std::move(*opener);
  exchange_ = std::make_unique<shard::Exchange>(lane_count_);
  return OkStatus();
}

Status Server::StartControl() {
  RaiseDescriptorLimit(options_.max_connections, DatabaseDescriptors(options_, lane_count_));
  // The control thread is never on the data path; the simplest back end will do.
  io::ReactorOptions options;
  options.choice = io::BackEndChoice::kEpoll;
  options.clock = environment_.clock;
  std::string no_fallback;
  Result<std::unique_ptr<io::Reactor>> reactor = io::MakeReactor(options, no_fallback);
  if (!reactor.ok()) return reactor.status();
  Result<io::UniqueFd> signal_fd = OpenSignalFd();
  if (!signal_fd.ok()) return signal_fd.status();
  reactor_ = std::move(*reactor);
  signal_fd_ = std::move(*signal_fd);
  control_signal_.SetReactor(reactor_.get());
  reactor_->StartReadable(signal_fd_.get(), signals_);
  loop_ = std::make_unique<io::Loop>(*reactor_, *environment_.clock, io::LoopOptions{});
  loop_->AddTask(*this);
  return OkStatus();
}

void Server::FillFacts() {
  facts_.version = CORELANE_VERSION;
  facts_.fsync_mode = FsyncName(options_.fsync);
  facts_.data_directory = options_.fsync ? options_.data_directory : "";
  facts_.port = port();
  facts_.clients_max = options_.max_connections;
  facts_.started_at_ms = environment_.clock->WallMillis();
  facts_.hash_seed = opener_->hash_seed();
  for (uint64_t part = 0; part < 3; ++part) {
    const std::string what = std::to_string(getpid()) + ":" + std::to_string(part);
    facts_.run_id += absl::StrFormat(
        "%016x",
        base::KeyHash(what, environment_.seed ^ static_cast<uint64_t>(facts_.started_at_ms)));
  }
  facts_.run_id.resize(40);
  const bool logged = options_.fsync.has_value();
  const bool always = options_.fsync == wal::FsyncMode::kAlways;
  const bool everysec = options_.fsync == wal::FsyncMode::kEverySecond;
  facts_.config = {
      {"appendonly", logged ? "yes" : "no"},
      {"appendfsync", always     ? "always"
                      : everysec ? "everysec"
                                 : "no"},
      {"auto-aof-rewrite-min-size", std::to_string(options_.checkpoints.log_bytes)},
      {"auto-aof-rewrite-percentage",
       absl::StrFormat("%.0f", 100 * options_.checkpoints.log_share)},
      {"save", ""},
      {"databases", "1"},
      {"dir", facts_.data_directory},
      {"maxclients", std::to_string(options_.max_connections)},
      {"maxmemory", "0"},
      {"maxmemory-policy", "noeviction"},
      {"port", std::to_string(facts_.port)},
      {"proto-max-bulk-len", std::to_string(options_.value_bytes_max)},
      {"notify-keyspace-events", ""},
      {"requirepass", ""},
      {"cluster-enabled", "no"},
      {"bind", options_.listen.front().endpoint.host},
  };
}

Status Server::StartLanes() {
  shared_ = {&options_,       environment_.clock, &facts_,
             exchange_.get(), opener_.get(),      &control_signal_};
  const std::vector<int> cpus = LaneCpus();
  std::promise<bool> go;
  const std::shared_future<bool> all_recovered = go.get_future().share();
  std::vector<Lane::Starting> starting;
  for (uint32_t index = 0; index < lane_count_; ++index) {
    const int cpu = options_.pin_lanes ? cpus[index % cpus.size()] : -1;
    lanes_.push_back(std::make_unique<Lane>(shared_, index));
    starting.push_back(lanes_.back()->Start(cpu, all_recovered));
  }
  Status first_failure;
  const auto wait_for = [&](std::future<Status>& outcome) {
    const Status status = outcome.get();
    if (!status.ok() && first_failure.ok()) first_failure = status;
  };
  for (Lane::Starting& lane : starting) wait_for(lane.recovered);
  go.set_value(first_failure.ok());
  RETURN_IF_ERROR(first_failure);
  for (Lane::Starting& lane : starting) wait_for(lane.serving);
  RETURN_IF_ERROR(first_failure);
  if (!lanes_[0]->io_fallback_reason().empty()) {
    base::Log(base::Severity::kWarning, "io_uring is not available (%s); using epoll",
              lanes_[0]->io_fallback_reason());
  }
  return opener_->Finish();
}

// ---- Serving ----

Status Server::Run() {
  for (const auto& acceptor : acceptors_) acceptor->Start(*reactor_);
  const auto done = [this] {
    return draining_ && (OpenConnections() == 0 || drain_timer_.expired());
  };
  while (!done()) loop_->RunOnce(-1);
  reactor_->CancelTimer(drain_timer_);
  if (const uint64_t left = OpenConnections(); left != 0) {
    base::Log(base::Severity::kWarning, "%d connections still open after %d ms; closing them", left,
              options_.drain_timeout_ms);
  }
  const Status stopped = StopLanes();
  if (stopped.ok()) base::Log(base::Severity::kInfo, "bye");
  return stopped;
}

std::vector<std::string> Server::Describe() const {
  std::vector<std::string> lines;
  for (const auto& acceptor : acceptors_) lines.push_back(acceptor->Describe());
  return lines;
}

void Server::Take(io::UniqueFd fd, Scheme scheme) {
  const bool refused = OpenConnections() >= options_.max_connections;
  const uint32_t lane = LaneOfConnection(fd.get(), facts_.hash_seed, lane_count_);
  if (lanes_[lane]->Adopt(std::move(fd), scheme, refused)) ++connections_given_;
}

uint64_t Server::OpenConnections() const {
  uint64_t closed = 0;
  for (const auto& lane : lanes_) closed += lane->closed_connections();
  return connections_given_ - closed;
}

void Server::TakeSignals() {
  while (const int signal = ReadSignal(signal_fd_.get())) {
    if (signal == SIGHUP) {
      base::Log(base::Severity::kInfo, "SIGHUP: there is nothing to reload; going on");
    } else if (draining_) {
      base::Log(base::Severity::kWarning, "second signal: ending at once");
      _exit(kExitOnSecondSignal);
    } else {
      BeginDrain(signal == SIGINT ? "SIGINT" : "SIGTERM");
    }
  }
}

void Server::BeginDrain(std::string_view why) {
  base::Log(base::Severity::kInfo, "%s: closing %d connections, for at most %d ms",
            std::string(why), OpenConnections(), options_.drain_timeout_ms);
  draining_ = true;
  for (const auto& acceptor : acceptors_) acceptor->Stop(*reactor_);
  for (const auto& lane : lanes_) lane->Drain();
  reactor_->StartTimer(environment_.clock->MonotonicNanos() + options_.drain_timeout_ms * 1'000'000,
                       drain_timer_);
}

Status Server::StopLanes() {
  Status first_failure;
  for (const auto& lane : lanes_) lane->Stop();
  for (const auto& lane : lanes_) {
    const Status status = lane->WaitUntilStopped();
    if (!status.ok() && first_failure.ok()) first_failure = status;
  }
  for (const auto& lane : lanes_) lane->Join();
  return first_failure;
}

bool Server::RunTurn() { return false; }

// A lane rings when its last connection has closed; Run() looks before each turn.
bool Server::PrepareToSleep() {
  control_signal_.AnnounceSleep();
  return !draining_ || OpenConnections() != 0;
}

void Server::OnAwake() { control_signal_.AnnounceAwake(); }

}  // namespace corelane::server
