// What -s names, opened: a store directory, a .glp file, records on stdin, a server.
// Threads: one at a time. Errors: Code::kUsage for words that name nothing; those of what is
//          opened.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/main.h"
#include "logql/source.h"
#include "options.h"
#include "stdin_source.h"
#include "wire/loki_client.h"

namespace glp::query {

enum class SourceKind { kStdin, kServer, kStore, kPack };

struct SourceName {
  SourceKind kind;
  std::string text;  // a path, or the URL as wire::NormalizeUrl gives it
};

// Which kind each of `words` is. Stdin may be there once.
Result<std::vector<SourceName>> NameSources(const std::vector<std::string>& words);

bool HasServer(const std::vector<SourceName>& names);
// All of it is asked of one server, which evaluates the query itself.
bool IsOneServer(const std::vector<SourceName>& names);

Result<wire::LokiClientOptions> ServerOptionsOf(const std::string& url, const Options& options);
Result<std::unique_ptr<wire::LokiClient>> OpenServer(const std::string& url,
                                                     const Options& options);

// All sources as one, merged by time.
Result<std::unique_ptr<logql::EntrySource>> OpenSources(const std::vector<SourceName>& names,
                                                        const Options& options,
                                                        cli::Context& context,
                                                        const StdinOptions& stdin_options);

}  // namespace glp::query
