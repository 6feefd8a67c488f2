#include "load/load_run.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/status_macros.h"

namespace corelane::bench {
namespace {

constexpr size_t kReceiveBytes = size_t{64} << 10;
constexpr size_t kWaitsKept = 10;
constexpr int kEventsPerTurn = 256;
// A server that says nothing for this long has died or hangs.
constexpr int kSilenceMillisMax = 20'000;

Status Errno(std::string_view what) {
  return Status(StatusCode::kIoError, std::string(what) + ": " + std::strerror(errno));
}

int64_t Nanos(double seconds) { return static_cast<int64_t>(seconds * 1e9); }

bool ShorterThan(const Wait& a, const Wait& b) { return a.nanos > b.nanos; }

}  // namespace

LoadRun::LoadRun(const LoadOptions& options, const env::Clock& clock)
    : options_(options),
      clock_(clock),
      wire_(options.protocol, options.value_bytes),
      random_(options.seed),
      requests_left_(options.operation == Operation::kFill ? options.keys : options.requests),
      mix_threshold_(
          static_cast<uint64_t>(options.get_share * double{std::numeric_limits<uint32_t>::max()})) {
}

bool LoadRun::Finite() const {
  return options_.operation == Operation::kFill || options_.requests != 0;
}

Status LoadRun::Connect() {
  epoll_ = io::UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (epoll_.get() < 0) return Errno("epoll_create1");
  for (size_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>());
    RETURN_IF_ERROR(OpenConnection(*connections_.back()));
  }
  return OkStatus();
}

Status LoadRun::OpenConnection(Connection& connection) {
  connection.fd = io::UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int fd = connection.fd.get();
  if (fd < 0) return Errno("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  if (inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr) != 1) {
    return Status(StatusCode::kBadArgument, "not an IPv4 address: " + options_.host);
  }
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Errno("cannot connect to " + options_.host + ":" + std::to_string(options_.port));
  }
  const int on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) return Errno("TCP_NODELAY");
  const size_t request_bytes_max = std::max(wire_.get().size(), wire_.set().size());
  connection.out.resize(options_.pipeline * request_bytes_max);
  connection.in.resize(kReceiveBytes + wire_.reply_bytes_max());
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &connection;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return Errno("epoll_ctl");
  return OkStatus();
}

Result<LoadReport> LoadRun::Run() {
  int64_t now_ns = clock_.MonotonicNanos();
  if (Finite()) {
    RETURN_IF_ERROR(BeginMeasuring(now_ns));
  } else {
    measure_from_ns_ = now_ns + Nanos(options_.warmup_seconds);
    measure_until_ns_ = measure_from_ns_ + Nanos(options_.seconds);
  }
  for (auto& connection : connections_) RETURN_IF_ERROR(StartBatch(*connection, now_ns));
  std::array<epoll_event, kEventsPerTurn> events{};
  while (outstanding_ > 0) {
    const int count = epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, kSilenceMillisMax);
    if (count == 0) return Status(StatusCode::kTimeout, "the server has stopped answering");
    if (count < 0 && errno != EINTR) return Errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      RETURN_IF_ERROR(OnEvent(*static_cast<Connection*>(event.data.ptr), event.events));
    }
    RETURN_IF_ERROR(OnTime(clock_.MonotonicNanos()));
  }
  if (measuring_) RETURN_IF_ERROR(EndMeasuring(clock_.MonotonicNanos()));
  std::sort(report_.longest_waits.begin(), report_.longest_waits.end(), ShorterThan);
  return std::move(report_);
}

Status LoadRun::OnTime(int64_t now_ns) {
  if (Finite() || stopping_) return OkStatus();
  if (!measuring_ && now_ns >= measure_from_ns_) return BeginMeasuring(now_ns);
  if (measuring_ && now_ns >= measure_until_ns_) {
    stopping_ = true;
    return EndMeasuring(now_ns);
  }
  return OkStatus();
}

Status LoadRun::OnEvent(Connection& connection, uint32_t events) {
  if ((events & EPOLLOUT) != 0) RETURN_IF_ERROR(Flush(connection));
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return OkStatus();
  return Receive(connection);
}

Status LoadRun::StartBatch(Connection& connection, int64_t now_ns) {
  if (stopping_) return OkStatus();
  uint64_t count = options_.pipeline;
  if (Finite()) {
    count = std::min(count, requests_left_);
    requests_left_ -= count;
    if (count == 0) return OkStatus();
  }
  char* end = connection.out.data();
  for (uint64_t i = 0; i < count; ++i) end = RenderNext(end);
  connection.out_size = static_cast<size_t>(end - connection.out.data());
  connection.out_sent = 0;
  connection.outstanding = count;
  connection.batch_start_ns = now_ns;
  outstanding_ += count;
  return Flush(connection);
}

char* LoadRun::RenderNext(char* out) {
  if (options_.operation == Operation::kFill) {
    wire_.set().Render(next_fill_key_++, out);
    return out + wire_.set().size();
  }
  const uint64_t random = random_.Next();
  // The upper half picks the key, the lower half the operation.
  const uint64_t key = ((random >> 32) * options_.keys) >> 32;
  const bool get =
      options_.operation == Operation::kGet ||
      (options_.operation == Operation::kMix && (random & 0xffffffff) < mix_threshold_);
  const RequestTemplate& request = get ? wire_.get() : wire_.set();
  request.Render(key, out);
  return out + request.size();
}

Status LoadRun::Flush(Connection& connection) {
  while (connection.out_sent < connection.out_size) {
    const ssize_t sent =
        send(connection.fd.get(), connection.out.data() + connection.out_sent,
             connection.out_size - connection.out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return WatchForRoom(connection, true);
    if (sent < 0) return Errno("send");
    connection.out_sent += static_cast<size_t>(sent);
  }
  return WatchForRoom(connection, false);
}

Status LoadRun::WatchForRoom(Connection& connection, bool wanted) {
  if (connection.waits_for_room == wanted) return OkStatus();
  connection.waits_for_room = wanted;
  epoll_event event{};
  event.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &connection;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event) != 0) {
    return Errno("epoll_ctl");
  }
  return OkStatus();
}

Status LoadRun::Receive(Connection& connection) {
  const ssize_t received = recv(connection.fd.get(), connection.in.data() + connection.in_size,
                                connection.in.size() - connection.in_size, MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return OkStatus();
  if (received < 0) return Errno("recv");
  if (received == 0) {
    return Status(StatusCode::kConnectionLost, "the server has closed a connection");
  }
  connection.in_size += static_cast<size_t>(received);
  const std::string_view in(connection.in.data(), connection.in_size);
  const ScanResult scan = wire_.Scan(in, connection.outstanding);
  if (scan.bad || (scan.replies() == connection.outstanding && scan.consumed < in.size())) {
    return Status(StatusCode::kProtocolError,
                  "unexpected reply: " + std::string(in.substr(scan.consumed, 80)));
  }
  const int64_t now_ns = clock_.MonotonicNanos();
  Count(scan, now_ns, connection.batch_start_ns);
  connection.outstanding -= scan.replies();
  outstanding_ -= scan.replies();
  connection.in_size -= scan.consumed;
  std::memmove(connection.in.data(), connection.in.data() + scan.consumed, connection.in_size);
  return connection.outstanding == 0 ? StartBatch(connection, now_ns) : OkStatus();
}

void LoadRun::Count(const ScanResult& scan, int64_t now_ns, int64_t start_ns) {
  if (!measuring_ || scan.replies() == 0) return;
  const int64_t nanos = now_ns - start_ns;
  report_.latency_ns.RecordMany(nanos, scan.replies());
  if (connections_.size() == 1) RememberWait(nanos);
  report_.operations += scan.replies();
  report_.hits += scan.hits;
  report_.misses += scan.misses;
  report_.stored += scan.stored;
}

// The waits kept form a heap with the shortest of them in front.
void LoadRun::RememberWait(int64_t nanos) {
  std::vector<Wait>& waits = report_.longest_waits;
  if (waits.size() == kWaitsKept) {
    if (nanos <= waits.front().nanos) return;
    std::pop_heap(waits.begin(), waits.end(), ShorterThan);
    waits.pop_back();
  }
  waits.push_back({nanos, report_.operations});
  std::push_heap(waits.begin(), waits.end(), ShorterThan);
}

Status LoadRun::BeginMeasuring(int64_t now_ns) {
  if (options_.server_pid != 0) {
    Result<env::ProcessStat> stat = env::ReadProcessStat(options_.server_pid);
    if (!stat.ok()) return stat.status();
    server_before_ = *stat;
    report_.resident_before_bytes = stat->resident_bytes;
  }
  measuring_ = true;
  measure_start_ns_ = now_ns;
  return OkStatus();
}

Status LoadRun::EndMeasuring(int64_t now_ns) {
  measuring_ = false;
  report_.seconds = static_cast<double>(now_ns - measure_start_ns_) / 1e9;
  if (options_.server_pid == 0) return OkStatus();
  Result<env::ProcessStat> stat = env::ReadProcessStat(options_.server_pid);
  if (!stat.ok()) return stat.status();
  report_.server = *stat;
  report_.server.user_s -= server_before_.user_s;
  report_.server.system_s -= server_before_.system_s;
  return OkStatus();
}

}  // namespace corelane::bench
