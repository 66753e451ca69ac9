// A file that says who may write something: held by one process at a time.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file.h"

namespace glp::io {

// Makes the file `path` where it is missing, takes it until the descriptor is closed (or the
// process ends, however it ends), and writes the pid into it where there is room. Waits up to
// `wait_ms` for another holder, but not once a stop is asked for. Errors: Code::kIo; Code::kRefused
// where another process holds it: "in use by process 12 (name)".
Result<Fd> TakeLock(const std::string& path, int wait_ms = 0);

}  // namespace glp::io
