#include "logql/eval.h"
#include "logql/pipeline.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

Status Stream(EntryCursor* cursor, const Pipeline& pipeline, const QueryParams& params,
              const std::function<bool(const Entry& entry)>& sink) {
  std::vector<Entry> batch;
  uint64_t given = 0;
  for (;;) {
    if (params.cancelled && params.cancelled()) return CancelledError();
    GLP_RETURN_IF_ERROR(cursor->Next(&batch));
    if (batch.empty()) return Status::Ok();
    for (const Entry& entry : batch) {
      if (!pipeline.Passes(entry)) continue;
      if (!sink(entry) || ++given == params.limit) return Status::Ok();
    }
  }
}

}  // namespace

Status RunLogQuery(const LogExpr& query, EntrySource* source, const QueryParams& params,
                   const std::function<bool(const Entry& entry)>& sink, ScanStats* stats) {
  const Pipeline pipeline(query);
  ScanRequest request;
  request.matchers = query.matchers;
  request.range = params.range;
  request.direction = params.direction;
  request.line_filters = query.LeadingLineFilters();
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<EntryCursor> cursor, source->Scan(std::move(request)));
  const Status status = Stream(cursor.get(), pipeline, params, sink);
  AddStats(cursor->stats(), stats);
  return status;
}

}  // namespace glp::logql
