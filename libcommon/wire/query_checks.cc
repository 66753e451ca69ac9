#include "wire/query_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "base/units.h"
#include "codec/go_duration.h"
#include "logql/format.h"
#include "logql/parser.h"
#include "logql/volume.h"

namespace glp::wire {
namespace {

using Matchers = std::vector<logql::Matcher>;

Status CheckSelector(const Matchers& matchers, const Limits& limits) {
  const uint32_t most = limits.max_streams_matchers_per_query;
  if (most > 0 && matchers.size() > most) {
    return UsageError(
        fmt::format("max streams matchers per query exceeded, matchers-count > limit ({} > {})",
                    matchers.size(), most));
  }
  if (limits.required_labels.empty() && matchers.size() >= limits.minimum_labels_number) {
    return Status::Ok();
  }
  std::vector<std::string> present, missing;
  for (const logql::Matcher& matcher : matchers) present.push_back(matcher.name);
  for (const std::string& name : limits.required_labels) {
    if (std::find(present.begin(), present.end(), name) == present.end()) missing.push_back(name);
  }
  if (!missing.empty()) {
    return UsageError(fmt::format(
        "stream selector is missing required matchers [{}], labels present in the query were [{}]",
        Join(missing, ", "), Join(present, ", ")));
  }
  if (matchers.size() >= limits.minimum_labels_number) return Status::Ok();
  return UsageError(
      fmt::format("stream selector has less label matchers than required: (present: [{}], "
                  "number_present: {}, required_number_label_matchers: {})",
                  Join(present, ", "), matchers.size(), limits.minimum_labels_number));
}

Status CheckQuery(const logql::Expr& query, const Limits& limits) {
  if (const auto* log = std::get_if<logql::LogExpr>(&query)) {
    return CheckSelector(log->matchers, limits);
  }
  for (const auto* range : logql::RangeAggregations(std::get<logql::MetricExpr>(query))) {
    GLP_RETURN_IF_ERROR(CheckSelector(range->log.matchers, limits));
    if (limits.max_query_range_ns > 0 && range->range_ns > limits.max_query_range_ns) {
      return UsageError(fmt::format("[interval] value exceeds limit: [{}] > [{}]",
                                    logql::FormatPrometheusDuration(range->range_ns),
                                    logql::FormatPrometheusDuration(limits.max_query_range_ns)));
    }
  }
  return Status::Ok();
}

int64_t Minus(int64_t a, int64_t b) {
  int64_t out;
  if (!__builtin_sub_overflow(a, b, &out)) return out;
  return b > 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

}  // namespace

Result<logql::Expr> ParseQueryParam(const Request& request, const Limits& limits) {
  const std::string_view text = request.Param("query").value_or(std::string_view());
  GLP_ASSIGN_OR_RETURN(logql::Expr query, logql::Parse(text));
  const std::string_view regexp = request.Param("regexp").value_or(std::string_view());
  if (auto* log = std::get_if<logql::LogExpr>(&query); log != nullptr && !regexp.empty()) {
    GLP_ASSIGN_OR_RETURN(
        logql::LineFilter filter,
        logql::MakeLineFilter(logql::LineFilter::Op::kMatch, {std::string(regexp)}));
    log->stages.emplace_back(std::move(filter));
  }
  GLP_RETURN_IF_ERROR(CheckQuery(query, limits));
  return query;
}

Result<Matchers> ParseSelectorParam(const Request& request, const Limits& limits) {
  const std::string_view text = request.Param("query").value_or(std::string_view());
  Matchers matchers;
  if (!text.empty()) {
    GLP_ASSIGN_OR_RETURN(matchers, logql::ParseSelector(text));
  }
  GLP_RETURN_IF_ERROR(CheckSelector(matchers, limits));
  return matchers;
}

Status CheckLength(const logql::TimeRange& range, const Limits& limits) {
  const int64_t length_ns = Minus(range.end_ns, range.start_ns);
  if (limits.max_query_length_ns == 0 || length_ns <= limits.max_query_length_ns) {
    return Status::Ok();
  }
  return UsageError(fmt::format(
      "the query time range exceeds the limit (query length: {}, limit: {})",
      FormatDuration(length_ns), logql::FormatPrometheusDuration(limits.max_query_length_ns)));
}

Status CheckBytesRead(const logql::Expr& query, logql::TimeRange range, logql::EntrySource* source,
                      const Limits& limits, const std::function<bool()>& cancelled) {
  if (limits.max_query_bytes_read == 0) return Status::Ok();
  uint64_t bytes = 0;
  const auto add = [&](const Matchers& matchers, logql::TimeRange looked_at) -> Status {
    logql::ScanStats stats;
    GLP_ASSIGN_OR_RETURN(const logql::IndexStats some,
                         RunIndexStats(matchers, looked_at, source, cancelled, &stats));
    bytes += some.bytes;
    return Status::Ok();
  };
  if (const auto* log = std::get_if<logql::LogExpr>(&query)) {
    GLP_RETURN_IF_ERROR(add(log->matchers, range));
  } else {
    for (const auto* part : logql::RangeAggregations(std::get<logql::MetricExpr>(query))) {
      const int64_t end_ns = Minus(range.end_ns, part->offset_ns);
      const int64_t start_ns = Minus(Minus(range.start_ns, part->offset_ns), part->range_ns);
      GLP_RETURN_IF_ERROR(add(part->log.matchers, {start_ns, end_ns}));
    }
  }
  if (bytes <= limits.max_query_bytes_read) return Status::Ok();
  return UsageError(fmt::format(
      "the query would read too many bytes (query: {}, limit: {}); consider adding more specific "
      "stream selectors or reduce the time range of the query",
      codec::FormatHumanizedBytes(bytes),
      codec::FormatHumanizedBytes(limits.max_query_bytes_read)));
}

}  // namespace glp::wire
