#pragma once

// A web page can make a browser send an HTTP request to any port of its user's machine, with lines
// of the page's choosing behind the headers. A protocol of lines therefore closes a connection at
// the first line that only a browser sends: it answers nothing and executes nothing behind it.
// Pure; any thread.

#include <string_view>

namespace corelane::proto {

// What the connection logs when it closes because of an error with empty text (codec.h).
inline constexpr std::string_view kBrowserNote =
    "closed: speaks HTTP, possibly a web page that made a browser talk to this port";

// True for the first lines of an HTTP request with a body: `POST `, and `Host:`, in any case.
[[nodiscard]] bool LooksLikeHttp(std::string_view line);

}  // namespace corelane::proto
