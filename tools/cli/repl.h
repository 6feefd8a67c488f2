#pragma once

// The REPL: runs a line at a time until `quit`, `exit` or the end of the input. One thread.

#include <iosfwd>

#include "cli/commands.h"
#include "cli/line_source.h"

namespace corelane::cli {

// kFailed when a command failed for want of the server, so that a script notices; kDone otherwise.
Outcome RunRepl(LineSource& lines, Commands& commands, std::ostream& out, std::ostream& err);

}  // namespace corelane::cli
