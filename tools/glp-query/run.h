// glp-query as a function: finds the sources, runs the query or the listing, prints.
// Two roads: sources that are scanned here (local_query.cc), and one server, which evaluates the
// query itself (server_query.cc).
// Errors: as cli::ExitCode has them; damage and limits of a server are told to the context.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "cli/main.h"
#include "io/output.h"
#include "logql/eval.h"
#include "logql/parser.h"
#include "options.h"
#include "printer.h"
#include "query_range.h"
#include "sources.h"

namespace glp::query {

// The exit code and status of `options`, which were parsed from a command line.
cli::RunResult Run(const Options& options, cli::Context& context);

// What all roads need.
struct Job {
  const Options& options;
  cli::Context& context;
  std::vector<SourceName> sources;
  QueryTimes times;
  Look look;
  io::Output& out;
  ThreadPool* pool;
};

// "true": something was found.
Result<bool> RunLocalQuery(Job& job, const std::string& query);
// Whether a log query is answered as records come: the order of arrival is as good as any, and a
// stream has no end to begin with. What is printed as a whole is put in order.
bool IsStreamed(const std::vector<SourceName>& sources, const Options& options);
Result<bool> RunServerQuery(Job& job, const std::string& query);
// The same in jobs of time, where options ask for that; and whether they go with the others.
bool IsParallel(const Options& options);
Status CheckParallel(const Job& job);
Result<bool> RunParallelQuery(Job& job, const std::string& query);
// `labels [NAME]` and `series [SELECTOR]`.
Result<bool> ListLabels(Job& job, const std::string& name);
Result<bool> ListSeries(Job& job, const std::string& selector);
// `volume [SELECTOR]`, `stats [SELECTOR]`, `fields [QUERY [FIELD]]`, `delete create|list|cancel`.
Result<bool> ShowVolume(Job& job, const std::string& selector);
Result<bool> ShowStats(Job& job, const std::string& selector);
Result<bool> ListFields(Job& job, const std::string& query);
Result<bool> RunDelete(Job& job, const std::string& what);
// `patterns [QUERY]`, `fmt [QUERY]` (without one it is read from stdin), `explain QUERY`.
Result<bool> ListPatterns(Job& job, const std::string& query);
Result<bool> FormatQuery(Job& job, const std::string& query);
Result<bool> ExplainQuery(Job& job, const std::string& query);
// --diff: the words are A, B and the query. "true": B has no new patterns of errors.
Result<bool> DiffPatterns(Job& job);

// What a command takes of the options; the others are refused.
enum Takes : unsigned {
  kTakesSources = 1,
  kTakesRange = 2,
  kTakesStep = 4,
  kTakesAt = 8,
  kTakesLimit = 16,
  kTakesForward = 32,
  kTakesOutput = 64,
  kTakesAnalysis = 128,
  kTakesVolume = 256,
  kTakesLineLimit = 512,
  kTakesDelete = 1024,
};
Status CheckVerbOptions(const Job& job, std::string_view verb, unsigned takes);
// The same for a query, by whether it gives lines or numbers.
Status CheckQueryOptions(const Job& job, const std::string& query);

bool WantsContext(const Options& options);
// As logql::RunLogQuery, with the context that -A, -B and -C ask for.
Status RunWithContext(Job& job, const logql::LogExpr& query, logql::EntrySource* source,
                      const logql::QueryParams& params,
                      const std::function<bool(const logql::Entry& entry, bool is_match)>& sink,
                      logql::ScanStats* stats);

// -f: whether it goes with the other options; a metric of standard input, step by step; and the
// lines of a server.
Status CheckFollow(const Job& job);
Result<bool> FollowMetric(Job& job, const logql::MetricExpr& query);
Status CheckServerTail(const Job& job);
Result<bool> FollowServer(Job& job, const std::string& query);

// The query changes the labels of streams: what the stored ones share says nothing then.
bool ChangesStreams(const logql::LogExpr& query);

// Words on stderr that both roads say alike.
void SayCommonLabels(Job& job, const Labels& common);
void SayCut(Job& job);
// Tells the printer of text the labels that all streams of a server's answer share, where the query
// is one whose labels are known here, and says them.
Status SetCommonLabels(Job& job, wire::LokiClient* client, const std::string& query,
                       EntryPrinter* printer);
// What makes an answer incomplete.
void TellServerWarnings(Job& job, const std::vector<std::string>& warnings);
void TellDamage(Job& job, const logql::ScanStats& stats);
// --stats: what was looked at for an answer.
void SayStats(Job& job, uint64_t entries, uint64_t line_bytes, double seconds);
// Samples as a server gives them. "true": there are some.
Result<bool> PrintServerSeries(Job& job, const wire::LokiAnswer& answer);

}  // namespace glp::query
