// -f: metrics of records on standard input, step by step.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/time.h"
#include "data_range.h"
#include "follow_source.h"
#include "io/stop.h"
#include "list_printer.h"
#include "run.h"
#include "stdin_wants.h"

namespace glp::query {

Status CheckFollow(const Job& job) {
  const Options& options = job.options;
  if (IsOneServer(job.sources)) return CheckServerTail(job);
  if (job.sources.size() != 1 || job.sources.front().kind != SourceKind::kStdin) {
    return UsageError(
        "-f follows records on standard input or one server; let glp-tail follow the files: "
        "glp-tail -f FILE… | glp-query -f QUERY");
  }
  if (job.times.at_ns) return UsageError("--at is one instant; it does not go with -f");
  const std::string& format = job.look.format;
  if (options.hist || options.plot) {
    return UsageError("a chart shows all there is; it does not go with -f");
  }
  if (format != "default" && format != "raw" && format != "jsonl") {
    return UsageError("-o " + format +
                      " is printed as a whole, and -f has no end; use -o default, raw or jsonl");
  }
  return Status::Ok();
}

Result<bool> FollowMetric(Job& job, const logql::MetricExpr& query) {
  const Aggregations aggregations = logql::RangeAggregations(query);
  if (aggregations.empty()) return UsageError("there are no logs to follow in this query");
  int64_t window_ns = std::numeric_limits<int64_t>::max();
  std::vector<WindowEdges::Window> windows;
  for (const logql::RangeAggregation* aggregation : aggregations) {
    window_ns = std::min(window_ns, aggregation->range_ns);
    windows.push_back({aggregation->range_ns, aggregation->offset_ns});
  }
  GLP_ASSIGN_OR_RETURN(EntryWants wants, WantsOf(query, aggregations, job.times));
  // Entries behind the end say that it has come.
  wants.range.end_ns = std::numeric_limits<int64_t>::max();

  FollowSource::Options options;
  options.delay_ns = job.options.delay_for.ns >= 0 ? job.options.delay_for.ns : kNsPerSecond;
  options.range = job.times.Range();
  options.before_wait = [&job] { return job.out.Flush(); };
  options.late = [&job](int64_t ts_ns) {
    job.context.Incomplete("late entries", "an entry of " + FormatTimestamp(ts_ns) +
                                               " came too late to be counted; --delay-for waits "
                                               "longer");
  };
  io::StopWhenReaderLeaves(STDOUT_FILENO);
  FollowSource source(MakeFollowInput(STDIN_FILENO, std::move(wants), &job.context), options);

  logql::QueryParams params;
  params.follows = true;
  params.cancelled = io::StopRequested;
  params.step_ns = job.times.step_ns.value_or(window_ns);
  params.range = job.times.Range();
  bool printed = false;
  Status written;
  const auto follow = [&]() -> Status {
    if (!job.times.start_ns) {
      if (job.times.end_ns) {
        source.SetEdges(WindowEdges(*job.times.end_ns, std::numeric_limits<int64_t>::max(), {{}}));
      }
      GLP_ASSIGN_OR_RETURN(const std::optional<int64_t> first, source.First());
      if (!first) return Status::Ok();
      params.range.start_ns = AlignDown(*first, params.step_ns);
    }
    source.SetEdges(WindowEdges(params.range.start_ns, params.step_ns, windows));
    return logql::FollowRangeQuery(
        query, &source, params,
        [&](const std::vector<logql::Series>& step) {
          if (source.ended() && !job.times.end_ns) {
            const int64_t ts_ns = step.front().samples.front().ts_ns;
            if (!source.last() || ts_ns > AlignUp(*source.last(), params.step_ns)) return false;
          }
          printed = true;
          written = PrintSeries(step, SeriesKind::kRange, "", job.look, &job.out);
          return written.ok();
        },
        nullptr);
  };
  const Status status = follow();
  GLP_RETURN_IF_ERROR(written);
  if (status.code() == Code::kCancelled) {
    if (!job.options.quiet) {
      job.context.Say("stopped; the step that was not complete is not printed");
    }
  } else if (!status.ok()) {
    return status;
  }
  return printed;
}

}  // namespace glp::query
