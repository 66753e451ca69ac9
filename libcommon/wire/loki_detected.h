// /loki/api/v1/{detected_labels, detected_fields, detected_field/NAME/values, patterns}: what is in
// the lines. Part of loki_api.h.
#pragma once

#include "logql/eval.h"
#include "logql/expr.h"
#include "wire/loki_context.h"

namespace glp::wire {

class DetectedApi {
 public:
  explicit DetectedApi(ApiContext* context) : context_(*context) {}
  void AddRoutes(Router* router);

 private:
  // A log query over the newest lines of a range, ready to run.
  struct Run {
    logql::LogExpr query;
    logql::QueryParams params;
    std::shared_ptr<logql::EntrySource> source;
    uint32_t limit = 0;  // of fields or values
  };
  Result<Run> Prepare(const Call& call);
  Response Labels(const Call& call);
  Response Fields(const Call& call);
  Response FieldValues(const Call& call);
  Response Patterns(const Call& call);

  ApiContext& context_;
};

}  // namespace glp::wire
