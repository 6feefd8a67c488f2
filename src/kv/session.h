#pragma once

// Session: what a connection is, as far as commands may see and change it. Owned by the connection,
// touched by its lane only.

#include <cstdint>
#include <string>
#include <string_view>

namespace corelane::kv {

// CLIENT REPLY. Looked at when a reply has been written, which is when it is kept or dropped.
enum class ReplyMode : uint8_t {
  kOn,
  kOff,
  kSkipTwo,  // this one and the next
  kSkipOne,  // this one
};

struct Session {
  uint64_t id = 0;           // unique in this server run, never reused
  std::string peer_address;  // "127.0.0.1:50312"
  std::string local_address;
  uint32_t lane = 0;
  int64_t connected_at_ms = 0;  // monotonic milliseconds
  int resp_version = 2;         // 2 or 3: what HELLO chose
  std::string name;             // CLIENT SETNAME
  std::string library_name;     // CLIENT SETINFO
  std::string library_version;
  std::string_view last_command;  // the name of its row of the command table; empty: none yet
  int64_t queued_commands = -1;   // between MULTI and EXEC; -1 outside
  bool no_evict = false;          // CLIENT NO-EVICT
  bool no_touch = false;          // CLIENT NO-TOUCH
  ReplyMode reply_mode = ReplyMode::kOn;
  bool close_after_reply = false;  // QUIT: the reply goes out, then the connection closes
};

}  // namespace corelane::kv
