// The lock that makes a process the one writer of a store.
#pragma once

#include <string>

#include "base/result.h"
#include "io/file.h"

namespace glp::store {

// Takes DIR/lock until the descriptor is closed, and writes the pid into it.
// Errors: Code::kIo; where another process holds it, the message names that.
Result<io::Fd> TakeLock(const std::string& dir);

}  // namespace glp::store
