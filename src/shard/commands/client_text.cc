#include "shard/commands/client_text.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "env/clock.h"

namespace corelane::shard {
namespace {

std::string FlagsOf(const kv::Session& session) {
  std::string flags;
  if (session.close_after_reply) flags += 'c';
  if (session.no_evict) flags += 'e';
  if (session.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

}  // namespace

std::string ClientLine(const ClientState& client, int64_t now_ms) {
  const kv::Session& session = client.session;
  std::string line = absl::StrCat(
      "id=", session.id, " addr=", session.peer_address, " laddr=", session.local_address,
      " fd=", client.fd, " name=", session.name, " age=", (now_ms - session.connected_at_ms) / 1000,
      " idle=", client.idle_ms / 1000, " flags=", FlagsOf(session),
      " db=0 sub=0 psub=0 ssub=0 multi=", session.queued_commands, " qbuf=", client.input_bytes,
      " qbuf-free=", client.input_free_bytes);
  absl::StrAppend(
      &line, " argv-mem=0 multi-mem=0 rbs=", client.output_capacity_bytes,
      " rbp=", client.output_capacity_bytes, " obl=", client.output_bytes, " oll=0 omem=0 tot-mem=",
      client.object_bytes + client.input_bytes + client.input_free_bytes +
          client.output_capacity_bytes,
      " events=", client.output_bytes == 0 ? "r" : "rw",
      " cmd=", session.last_command.empty() ? "NULL" : base::ToAbsl(session.last_command),
      " user=default redir=-1 resp=", session.resp_version, " lane=", session.lane,
      " lib-name=", session.library_name, " lib-ver=", session.library_version, "\n");
  return line;
}

std::string DescribeCaller(const kv::Session& session, const LaneFacts& facts) {
  const int64_t now_ms = facts.clock->MonotonicNanos() / 1'000'000;
  std::string line;
  if (facts.host != nullptr) {
    facts.host->VisitClients([&](const ClientState& client) {
      if (client.session.id == session.id) line = ClientLine(client, now_ms);
    });
  }
  return line.empty() ? ClientLine({.session = session}, now_ms) : line;
}

}  // namespace corelane::shard
