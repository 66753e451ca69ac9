#include "sources.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "io/stop.h"
#include "merge_source.h"
#include "pack/reader.h"
#include "remote_source.h"
#include "store/reader.h"
#include "store/store.h"
#include "wire/http_client.h"

namespace glp::query {
namespace {

Result<SourceName> NameSource(const std::string& word) {
  if (word == "-") return SourceName{SourceKind::kStdin, word};
  if (word.starts_with("http://") || word.starts_with("https://")) {
    GLP_ASSIGN_OR_RETURN(std::string url, wire::NormalizeUrl(word));
    return SourceName{SourceKind::kServer, std::move(url)};
  }
  struct stat info;
  if (::stat(word.c_str(), &info) != 0) {
    if (errno != ENOENT) return IoError(word, errno);
    return UsageError(word +
                      ": no such store or file; a source is a store directory, a .glp file, "
                      "- for records on standard input, or http://HOST:PORT");
  }
  return SourceName{S_ISDIR(info.st_mode) ? SourceKind::kStore : SourceKind::kPack, word};
}

Result<std::unique_ptr<logql::EntrySource>> OpenLocal(const SourceName& name,
                                                      const Options& options) {
  if (name.kind == SourceKind::kStore) {
    return store::OpenStore(
        name.text, options.tenant.empty() ? std::string(store::kDefaultTenant) : options.tenant);
  }
  Result<std::unique_ptr<logql::EntrySource>> pack = pack::OpenPack(name.text);
  if (!pack.ok() && pack.status().code() == Code::kData) {
    return Status(Code::kUsage, pack.status().message() +
                                    "; records in a file are read from standard input: glp-query "
                                    "… < FILE");
  }
  return pack;
}

}  // namespace

Result<std::vector<SourceName>> NameSources(const std::vector<std::string>& words) {
  std::vector<SourceName> names;
  for (const std::string& word : words) {
    GLP_ASSIGN_OR_RETURN(SourceName name, NameSource(word));
    names.push_back(std::move(name));
  }
  const auto is_stdin = [](const SourceName& name) { return name.kind == SourceKind::kStdin; };
  if (std::count_if(names.begin(), names.end(), is_stdin) > 1) {
    return UsageError("-s - is given twice, but there is one standard input");
  }
  return names;
}

bool HasServer(const std::vector<SourceName>& names) {
  return std::any_of(names.begin(), names.end(),
                     [](const SourceName& name) { return name.kind == SourceKind::kServer; });
}

bool IsOneServer(const std::vector<SourceName>& names) {
  return names.size() == 1 && HasServer(names);
}

Result<wire::LokiClientOptions> ServerOptionsOf(const std::string& url, const Options& options) {
  GLP_ASSIGN_OR_RETURN(wire::LokiClientOptions server,
                       MakeServerOptions(url, options.tenant, options.server,
                                         [](const char* name) { return std::getenv(name); }));
  server.cancelled = io::StopRequested;
  return server;
}

Result<std::unique_ptr<wire::LokiClient>> OpenServer(const std::string& url,
                                                     const Options& options) {
  GLP_ASSIGN_OR_RETURN(const wire::LokiClientOptions server, ServerOptionsOf(url, options));
  return std::make_unique<wire::LokiClient>(server);
}

Result<std::unique_ptr<logql::EntrySource>> OpenSources(const std::vector<SourceName>& names,
                                                        const Options& options,
                                                        cli::Context& context,
                                                        const StdinOptions& stdin_options) {
  std::vector<std::unique_ptr<logql::EntrySource>> sources;
  for (const SourceName& name : names) {
    if (name.kind == SourceKind::kStdin) {
      io::StopWhenReaderLeaves(STDOUT_FILENO);
      sources.push_back(std::make_unique<StdinSource>(STDIN_FILENO, stdin_options, &context));
    } else if (name.kind == SourceKind::kServer) {
      GLP_ASSIGN_OR_RETURN(std::unique_ptr<wire::LokiClient> client,
                           OpenServer(name.text, options));
      sources.push_back(MakeRemoteSource(std::move(client), options.batch));
    } else {
      GLP_ASSIGN_OR_RETURN(std::unique_ptr<logql::EntrySource> source, OpenLocal(name, options));
      sources.push_back(std::move(source));
    }
  }
  return MergeSources(std::move(sources));
}

}  // namespace glp::query
