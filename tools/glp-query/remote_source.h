// A server's entries beside those of other sources: selector and line filters are asked of the
// server, the rest of the query is evaluated here.
// Lifetime: owns the client. Threads: one at a time.
// Errors:   those of LokiPages; a limit of the server ends a scan with a warning.
#pragma once

#include <cstdint>
#include <memory>

#include "logql/source.h"
#include "wire/loki_client.h"

namespace glp::query {

// `batch` entries are asked for at once; 0: as many as it gives.
// REQUIRES: every scan has a range closed at both sides, or a server that takes any.
std::unique_ptr<logql::EntrySource> MakeRemoteSource(std::unique_ptr<wire::LokiClient> client,
                                                     uint64_t batch);

}  // namespace glp::query
