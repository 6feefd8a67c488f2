#include "wire_testing.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace corelane::loadgen {
namespace {

using proto::ReplyState;

bool Within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// What holds for every reply, whatever it says.
void CheckReply(const WireReply& reply, std::string_view in) {
  CHECK(reply.bytes > 0 && reply.bytes <= in.size());
  const bool has_counts = reply.outcome == Outcome::kHit || reply.outcome == Outcome::kMiss;
  CHECK(has_counts || (reply.hits == 0 && reply.misses == 0));
  CHECK((reply.outcome == Outcome::kHit) == (reply.hits > 0));
  CHECK(reply.outcome == Outcome::kHit || reply.value.empty());
  CHECK(reply.outcome == Outcome::kError || reply.error.empty());
  if (!reply.value.empty() && Within(reply.value, in)) {
    CHECK(Within(reply.value, in.substr(0, reply.bytes)));
  }
}

std::string DescribeReply(const SeenReply& reply) {
  const std::string counts = std::to_string(reply.hits) + "/" + std::to_string(reply.misses);
  switch (reply.outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kHit:
      return "hit " + counts + (reply.value.empty() ? "" : " " + reply.value);
    case Outcome::kMiss:
      return reply.misses == 0 ? "miss" : "miss " + counts;
    case Outcome::kError:
      return "error " + reply.error;
  }
  return {};
}

}  // namespace

SeenReplies FeedWire(Wire& wire, std::string_view stream, size_t piece_bytes) {
  SeenReplies seen;
  const size_t step = piece_bytes == 0 ? std::max<size_t>(stream.size(), 1) : piece_bytes;
  size_t received = 0;
  do {
    received = std::min(received + step, stream.size());
    do {
      const size_t size = received - seen.bytes;
      const auto block = std::make_unique<char[]>(size);
      if (size > 0) std::memcpy(block.get(), stream.data() + seen.bytes, size);
      const std::string_view in(block.get(), size);
      WireReply reply;
      seen.state = wire.Next(in, reply);
      if (seen.state != ReplyState::kDone) break;
      CheckReply(reply, in);
      seen.replies.push_back({reply.bytes, reply.outcome, reply.hits, reply.misses,
                              std::string(reply.value), std::string(reply.error)});
      seen.bytes += reply.bytes;
    } while (true);
  } while (seen.state == ReplyState::kNeedMore && received != stream.size());
  seen.bytes_left = stream.size() - seen.bytes;
  return seen;
}

SeenReplies FeedInAllPieces(WireProtocol protocol, const Ask& ask, std::string_view stream,
                            size_t& differs) {
  differs = 0;
  SeenReplies whole;
  for (size_t piece_bytes = 0; piece_bytes <= stream.size(); ++piece_bytes) {
    const std::unique_ptr<Wire> wire = MakeWire(protocol);
    base::Buffer out;
    ask(*wire, out);
    const SeenReplies seen = FeedWire(*wire, stream, piece_bytes);
    if (piece_bytes == 0) whole = seen;
    if (seen == whole) continue;
    differs = piece_bytes;
    break;
  }
  return whole;
}

std::string Describe(const SeenReplies& seen) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  for (const SeenReply& reply : seen.replies) add(DescribeReply(reply));
  if (seen.state == ReplyState::kError) {
    add("broken");
  } else if (seen.bytes_left > 0) {
    add("more");
  }
  return text;
}

std::string Outcomes(WireProtocol protocol, const Ask& ask, std::string_view stream) {
  size_t differs = 0;
  const SeenReplies whole = FeedInAllPieces(protocol, ask, stream, differs);
  if (differs == 0) return Describe(whole);
  return Describe(whole) + ", but not in pieces of " + std::to_string(differs);
}

std::string RequestBytes(WireProtocol protocol, const Ask& ask) {
  const std::unique_ptr<Wire> wire = MakeWire(protocol);
  base::Buffer out;
  ask(*wire, out);
  return std::string(out.view());
}

}  // namespace corelane::loadgen
