// Bytes of a pipe, a FIFO or a terminal, told apart by their first bytes: compressed
// (io/compressed.h) or plain. A stop (io/stop.h) ends them. Before it has to wait it says so, so
// that what was made of the bytes so far can be sent on; nothing is held back for want of more.
// Lifetime: owns the descriptor if `own`. Threads: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/input.h"

namespace glp::tail {

// Whether bytes that begin so are compressed, or may turn out to be when there are more of them.
bool MayBeCompressed(std::string_view head);

std::unique_ptr<io::ByteSource> MakePipeSource(int fd, std::string name, bool own,
                                               std::function<void()> before_wait);

}  // namespace glp::tail
