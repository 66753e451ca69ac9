#include "delete.h"

#include <variant>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "io/stop.h"
#include "logql/eval.h"
#include "logql/parser.h"
#include "store/folder.h"
#include "store/reader.h"
#include "time_range.h"

namespace glp {
namespace {

// Selector and line filters of the query. Errors: Code::kUsage for anything else.
Status Split(const logql::LogExpr& query, store::DeleteRequest* request) {
  request->matchers = query.matchers;
  for (const logql::Stage& stage : query.stages) {
    const auto* filter = std::get_if<logql::LineFilter>(&stage);
    if (filter == nullptr) {
      return UsageError(
          "delete takes a selector and line filters (|= != |~ !~ |> !>), no other stages");
    }
    request->filters.push_back(*filter);
  }
  return Status::Ok();
}

Result<store::DeleteRequest> RequestOf(const DeleteOptions& options) {
  store::DeleteRequest request;
  request.tenant = options.tenant;
  GLP_ASSIGN_OR_RETURN(const logql::LogExpr query,
                       logql::ParseLogQuery(options.query, logql::kLocalQuery));
  GLP_RETURN_IF_ERROR(Split(query, &request));
  GLP_RETURN_IF_ERROR(ReadTimeRange(options.from, options.to, &request.range));
  request.cancelled = io::StopRequested;
  return request;
}

std::string Entries(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

// Without the lock: a server may be at work.
cli::RunResult Count(const DeleteOptions& options, const store::DeleteRequest& request,
                     cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(const auto source, store::OpenStore(options.dir, options.tenant));
  GLP_ASSIGN_OR_RETURN(const logql::LogExpr query,
                       logql::ParseLogQuery(options.query, logql::kLocalQuery));
  logql::QueryParams run;
  run.range = request.range;
  run.cancelled = request.cancelled;
  uint64_t entries = 0;
  uint64_t bytes = 0;
  logql::ScanStats stats;
  GLP_RETURN_IF_ERROR(logql::RunLogQuery(
      query, source.get(), run,
      [&](const logql::Entry& entry) {
        ++entries;
        bytes += entry.line.size();
        return true;
      },
      &stats));
  for (const std::string& warning : stats.warnings) {
    context.Incomplete("damaged parts", warning);
  }
  context.Say("would delete " + Entries(entries) + ", " + FormatSize(bytes) + " of text");
  return cli::kExitOk;
}

}  // namespace

void DescribeDelete(cli::Command& c, DeleteOptions* o) {
  c.Example("glp-store delete --dir logs '{app=\"web\"} |= \"password=\"' --dry-run",
            "say how many entries would go");
  c.Example("glp-store delete --dir logs '{namespace=\"dev\"}' --to '7 days ago'",
            "remove what is older than a week of one namespace");
  c.Positional("QUERY", &o->query,
               "a selector, and line filters where not all of its lines are to go", true);
  c.Value("--dir", "DIR", &o->dir, "the store");
  c.Completes("dir");
  c.Value("--tenant", "ID", &o->tenant, "whose logs they are");
  c.Value("--from", "TIME", &o->from, "only entries from this time on, as 2026-01-05 or '2h ago'");
  c.Value("--to", "TIME", &o->to, "only entries before this time");
  c.Flag("--dry-run", &o->dry_run,
         "only say how many entries would go (equal ones, of which queries show one, count once)");
}

cli::RunResult RunDelete(const DeleteOptions& options, cli::Context& context) {
  if (options.dir.empty()) return UsageError("delete needs --dir DIR: the directory of the store");
  GLP_RETURN_IF_ERROR(store::CheckTenant(options.tenant));
  GLP_ASSIGN_OR_RETURN(const store::DeleteRequest request, RequestOf(options));
  GLP_RETURN_IF_ERROR(store::CheckStore(options.dir));
  if (options.dry_run) return Count(options, request, context);
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store, store::Store::Open(options.dir));
  for (const std::string& warning : store->warnings()) {
    context.Incomplete("damaged parts", warning);
  }
  store::DropReport report;
  const Status status = store->Delete(request, &report);
  GLP_RETURN_IF_ERROR(store->Close());
  for (const std::string& what : report.damage) {
    context.Incomplete("damaged parts", what + "; the segment stays as it is");
  }
  if (status.code() == Code::kCancelled) {
    context.Incomplete("stops", "stopped before the end; run it again to delete the rest");
  } else if (!status.ok()) {
    return status;
  }
  std::string said = "deleted " + Entries(report.entries);
  if (report.segments > 0) {
    said += ", rewrote " + std::to_string(report.segments) +
            (report.segments == 1 ? " segment" : " segments") + ", " +
            FormatSize(report.bytes_before) + " became " + FormatSize(report.bytes_after);
  }
  context.Say(said);
  return cli::kExitOk;
}

}  // namespace glp
