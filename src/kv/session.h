#pragma once

// Session: what a connection is, as far as commands may see and change it. Owned by the connection,
// touched by its lane only.

#include <cstdint>
#include <string>

namespace corelane::kv {

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
  bool close_after_reply = false;  // QUIT: the reply goes out, then the connection closes
};

}  // namespace corelane::kv
