// Queries that are evaluated here, over entries that a source gives.
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/time.h"
#include "data_range.h"
#include "io/stop.h"
#include "list_printer.h"
#include "logql/eval.h"
#include "run.h"
#include "stdin_wants.h"
#include "wire/loki_json.h"

namespace glp::query {
namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Result<bool> RunLog(Job& job, const logql::LogExpr& query) {
  if (job.times.at_ns) {
    return UsageError(
        "--at goes with a metric query, and this one gives log lines; use --from "
        "and --to");
  }
  const Options& options = job.options;
  logql::QueryParams params;
  params.range = job.times.Range();
  params.direction = options.forward ? logql::Direction::kForward : logql::Direction::kBackward;
  params.limit = options.limit;
  params.want_lines = job.look.chart == Chart::kNone;
  params.cancelled = io::StopRequested;
  params.pool = job.pool;

  const bool streaming = IsStreamed(job.sources, options);
  StdinOptions stdin_options;
  stdin_options.streaming = streaming;
  GLP_ASSIGN_OR_RETURN(stdin_options.wants, WantsOf(query, params.range, WantsContext(options)));
  stdin_options.before_wait = [&job] { return job.out.Flush(); };
  // The reader's order is that of the answer, whichever was asked for.
  if (streaming) params.direction = logql::Direction::kForward;
  params.follows = streaming;
  const Stopwatch watch;
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> source,
                       OpenSources(job.sources, options, job.context, stdin_options));
  const std::unique_ptr<EntryPrinter> printer = MakeEntryPrinter(job.look, &job.out);
  const bool is_text = job.look.format == "default" && job.look.chart == Chart::kNone;
  if (is_text && !streaming && !ChangesStreams(query)) {
    GLP_ASSIGN_OR_RETURN(const std::vector<const LabelSet*> streams,
                         source->Streams(query.matchers, params.range));
    SayCommonLabels(job, printer->SetStreams(streams));
  }

  // The body of -o loki keeps streams by their sets to the end.
  if (job.look.format != "loki") params.forget_streams = [&printer] { printer->ForgetStreams(); };

  uint64_t printed = 0;
  Status written;
  logql::ScanStats stats;
  const auto print = [&](const logql::Entry& entry, bool is_match) {
    printer->Print(entry);
    if (is_match) ++printed;
    written = job.out.Commit();
    return written.ok();
  };
  const Status scanned =
      WantsContext(options)
          ? RunWithContext(job, query, source.get(), params, print, &stats)
          : logql::RunLogQuery(
                query, source.get(), params,
                [&](const logql::Entry& entry) { return print(entry, true); }, &stats);
  GLP_RETURN_IF_ERROR(written);
  TellDamage(job, stats);
  // A streaming query that is asked to stop ends like one whose input ended.
  if (!scanned.ok() && !(streaming && scanned.code() == Code::kCancelled)) return scanned;
  GLP_RETURN_IF_ERROR(printer->Finish(stats, watch.seconds()));
  if (options.limit && printed == options.limit) SayCut(job);
  if (options.stats) SayStats(job, stats.entries, stats.line_bytes, watch.seconds());
  return printed > 0;
}

Result<bool> RunMetric(Job& job, const logql::MetricExpr& query) {
  if (job.options.follow) return FollowMetric(job, query);
  if (WantsContext(job.options)) {
    return UsageError("-A, -B and -C go with queries that give log lines, and this one gives none");
  }
  const Aggregations aggregations = logql::RangeAggregations(query);
  const bool range_is_known = job.times.at_ns || (job.times.start_ns && job.times.end_ns);
  // Without logs in it, there is no data to say where it starts and ends.
  if (aggregations.empty() && !range_is_known) job.times.at_ns = NowNs();
  StdinOptions stdin_options;
  GLP_ASSIGN_OR_RETURN(stdin_options.wants, WantsOf(query, aggregations, job.times));
  const Stopwatch watch;
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> source,
                       OpenSources(job.sources, job.options, job.context, stdin_options));
  logql::QueryParams params;
  params.cancelled = io::StopRequested;
  params.pool = job.pool;
  logql::ScanStats stats;
  std::vector<logql::Series> series;
  const bool instant = job.times.at_ns.has_value();
  if (instant) {
    GLP_ASSIGN_OR_RETURN(
        series, logql::RunInstantQuery(query, source.get(), *job.times.at_ns, params, &stats));
  } else {
    GLP_ASSIGN_OR_RETURN(const bool any, FindRange(job.times, source.get(), aggregations, &params));
    if (any) {
      GLP_ASSIGN_OR_RETURN(series, logql::RunRangeQuery(query, source.get(), params, &stats));
    }
  }
  TellDamage(job, stats);
  std::string body;
  if (job.look.format == "loki") {
    body = instant ? wire::InstantBody(query, series, stats, watch.seconds())
                   : wire::MatrixBody(series, stats, watch.seconds());
  }
  const SeriesKind kind = instant ? SeriesKind::kInstant : SeriesKind::kRange;
  GLP_RETURN_IF_ERROR(PrintSeries(series, kind, body, job.look, &job.out));
  if (job.options.stats) SayStats(job, stats.entries, stats.line_bytes, watch.seconds());
  return !series.empty();
}

}  // namespace

bool IsStreamed(const std::vector<SourceName>& sources, const Options& options) {
  const bool as_a_whole = options.output == "loki" || options.output == "table" ||
                          options.output == "csv" || options.hist || options.plot;
  return sources.size() == 1 && sources.front().kind == SourceKind::kStdin && !as_a_whole;
}

Result<bool> RunLocalQuery(Job& job, const std::string& query) {
  GLP_ASSIGN_OR_RETURN(const logql::Expr expr, logql::Parse(query, logql::kLocalQuery));
  if (const auto* log = std::get_if<logql::LogExpr>(&expr)) return RunLog(job, *log);
  return RunMetric(job, std::get<logql::MetricExpr>(expr));
}

}  // namespace glp::query
