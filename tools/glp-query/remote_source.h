// A server's entries beside those of other sources: selector and line filters are asked of the
// server, the rest of the query is evaluated here.
// Lifetime: owns the client. Threads: one at a time. Errors: those of LokiPages.
#pragma once

#include <memory>

#include "logql/source.h"
#include "wire/loki_client.h"

namespace glp::query {

// REQUIRES: every scan has a range closed at both sides, or a server that takes any.
std::unique_ptr<logql::EntrySource> MakeRemoteSource(std::unique_ptr<wire::LokiClient> client);

}  // namespace glp::query
