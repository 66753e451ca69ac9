// What a tenant's limits say of a query, before it runs.
// Threads: pure functions. Errors: Code::kUsage in Loki's words, the text of the 400 answer.
// Source:  pkg/querier/queryrange/limits.go and pkg/validation of Loki 3.7.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "logql/expr.h"
#include "logql/source.h"
#include "wire/http.h"
#include "wire/limits.h"

namespace glp::wire {

// The parameter `query`, with the filter that old clients give as `regexp`, and what the limits say
// of its selectors and ranges.
Result<logql::Expr> ParseQueryParam(const Request& request, const Limits& limits);
// The same of a selector; `{}` and nothing at all are every stream.
Result<std::vector<logql::Matcher>> ParseSelectorParam(const Request& request,
                                                       const Limits& limits);

// max_query_length.
Status CheckLength(const logql::TimeRange& range, const Limits& limits);
// max_query_bytes_read. `range`: of the answer; what metrics look at besides is added.
Status CheckBytesRead(const logql::Expr& query, logql::TimeRange range, logql::EntrySource* source,
                      const Limits& limits, const std::function<bool()>& cancelled);

}  // namespace glp::wire
