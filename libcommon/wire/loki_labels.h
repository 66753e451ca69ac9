// /loki/api/v1/labels, label/NAME/values and series, and the same below /api/prom: what streams
// there are. Part of loki_api.h.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "wire/loki_context.h"

namespace glp::wire {

class LabelsApi {
 public:
  explicit LabelsApi(ApiContext* context) : context_(*context) {}
  void AddRoutes(Router* router);

 private:
  enum class Shape { kNow, kOld };  // kOld: of /api/prom
  // The sorted names that `collect` takes from the streams a request asks for.
  Response NamesOf(
      const Call& call, Shape shape,
      const std::function<void(const LabelSet& stream, std::set<std::string>* names)>& collect);
  Response Names(const Call& call, Shape shape);
  Response Values(const Call& call, Shape shape);
  Response Series(const Call& call);

  ApiContext& context_;
};

// The streams that any of the selectors matches, sorted, each once.
Result<std::vector<const LabelSet*>> StreamsOf(logql::EntrySource* source,
                                               const std::vector<std::string_view>& selectors,
                                               logql::TimeRange range);

}  // namespace glp::wire
