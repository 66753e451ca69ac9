// Sends batches to a server, one at a time and in order, again and again until it takes them.
// A server that says it is a glp-store gets the `src` of each entry (wire/PUSH.md).
#pragma once

#include "sender.h"

namespace glp::push {

Result<std::unique_ptr<Sender>> MakeHttpSender(const Options& options, cli::Context& context);

}  // namespace glp::push
