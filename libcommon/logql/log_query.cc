#include "logql/eval.h"
#include "logql/pipeline.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

Status Stream(EntryCursor* cursor, Pipeline* pipeline, const QueryParams& params,
              const std::function<bool(const Entry& entry)>& sink) {
  LabelTable changed;  // streams that the query made
  std::vector<Entry> batch;
  uint64_t given = 0;
  for (;;) {
    if (params.cancelled && params.cancelled()) return CancelledError();
    GLP_RETURN_IF_ERROR(cursor->Next(&batch));
    if (batch.empty()) return Status::Ok();
    for (Entry& entry : batch) {
      if (!pipeline->Process(&entry)) continue;
      pipeline->TakeLabels(&entry, &changed);
      if (!sink(entry) || ++given == params.limit) return Status::Ok();
    }
    if (params.forget_streams && changed.size() > LabelTable::kMaxSets) {
      params.forget_streams();
      changed.Clear();
    }
  }
}

}  // namespace

Status RunLogQuery(const LogExpr& query, EntrySource* source, const QueryParams& params,
                   const std::function<bool(const Entry& entry)>& sink, ScanStats* stats) {
  GLP_ASSIGN_OR_RETURN(Pipeline pipeline, Pipeline::Make(query));
  ScanRequest request;
  request.matchers = query.matchers;
  request.range = params.range;
  request.direction = params.direction;
  request.line_filters = query.LeadingLineFilters();
  for (LineFilter& filter : request.line_filters) GLP_RETURN_IF_ERROR(PrepareLineFilter(&filter));
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<EntryCursor> cursor, source->Scan(std::move(request)));
  const Status status = Stream(cursor.get(), &pipeline, params, sink);
  AddStats(cursor->stats(), stats);
  return status;
}

}  // namespace glp::logql
