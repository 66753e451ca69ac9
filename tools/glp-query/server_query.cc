// Queries that one server evaluates: asked for page by page, printed as they come.
#include <utility>

#include "list_printer.h"
#include "run.h"
#include "wire/loki_pages.h"

namespace glp::query {
namespace {

std::string_view WithoutLineEnd(std::string_view body) {
  while (body.ends_with('\n')) body.remove_suffix(1);
  return body;
}

// --stats.
void SayFigures(Job& job, const wire::LokiFigures& figures) {
  if (!job.options.stats) return;
  SayStats(job, figures.entries, figures.bytes, figures.seconds);
}

}  // namespace

Status SetCommonLabels(Job& job, wire::LokiClient* client, const std::string& query,
                       EntryPrinter* printer) {
  if (job.look.format != "default" || job.look.chart != Chart::kNone) return Status::Ok();
  const Result<logql::Expr> expr = logql::Parse(query);
  if (!expr.ok()) return Status::Ok();
  const auto* log = std::get_if<logql::LogExpr>(&*expr);
  if (!log || ChangesStreams(*log)) return Status::Ok();
  GLP_ASSIGN_OR_RETURN(const std::vector<const LabelSet*> streams,
                       client->Series(logql::ToString(log->matchers), job.times.Range()));
  SayCommonLabels(job, printer->SetStreams(streams));
  return Status::Ok();
}

Result<bool> PrintServerSeries(Job& job, const wire::LokiAnswer& answer) {
  const SeriesKind kind =
      answer.type == wire::LokiAnswer::Type::kMatrix ? SeriesKind::kRange : SeriesKind::kInstant;
  GLP_RETURN_IF_ERROR(PrintSeries(answer.series, kind, std::string(WithoutLineEnd(answer.body)),
                                  job.look, &job.out));
  return !answer.series.empty();
}

Result<bool> RunServerQuery(Job& job, const std::string& query) {
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<wire::LokiClient> client,
                       OpenServer(job.sources.front().text, job.options));
  wire::LokiFigures figures;
  if (job.times.at_ns) {
    GLP_ASSIGN_OR_RETURN(const wire::LokiAnswer answer,
                         client->QueryInstant(query, *job.times.at_ns));
    TellServerWarnings(job, answer.warnings);
    figures.Add(answer.figures);
    SayFigures(job, figures);
    return PrintServerSeries(job, answer);
  }
  wire::PagesRequest request;
  request.query = query;
  request.range = job.times.Range();
  request.step_ns = job.times.step_ns.value_or(0);
  request.direction =
      job.options.forward ? logql::Direction::kForward : logql::Direction::kBackward;
  request.limit = job.options.limit;
  if (job.options.batch) request.page_entries = job.options.batch;
  const std::unique_ptr<EntryPrinter> printer = MakeEntryPrinter(job.look, &job.out);
  GLP_RETURN_IF_ERROR(SetCommonLabels(job, client.get(), query, printer.get()));
  wire::LokiPages pages(client.get(), std::move(request));
  bool found = false;
  for (;;) {
    const Result<wire::LokiAnswer> next = pages.Next();
    if (!next.ok()) {
      if (next.status().code() != Code::kLimit) return next.status();
      job.context.Incomplete("limits of the server", next.status().message());
      break;
    }
    const wire::LokiAnswer& page = *next;
    TellServerWarnings(job, page.warnings);
    figures.Add(page.figures);
    if (page.type != wire::LokiAnswer::Type::kStreams) {
      SayFigures(job, figures);
      return PrintServerSeries(job, page);
    }
    if (page.entries.empty()) break;
    for (const wire::LokiEntry& entry : page.entries) {
      printer->Print(entry);
      GLP_RETURN_IF_ERROR(job.out.Commit());
    }
    found = true;
    // The body of -o loki keeps streams by their sets to the end.
    if (job.look.format != "loki" && client->ForgetManyLabels()) printer->ForgetStreams();
  }
  GLP_RETURN_IF_ERROR(printer->Finish({}, 0));
  if (pages.cut()) SayCut(job);
  SayFigures(job, figures);
  return found;
}

}  // namespace glp::query
