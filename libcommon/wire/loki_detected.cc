#include "wire/loki_detected.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"
#include "logql/fields.h"
#include "logql/patterns.h"
#include "wire/loki_json.h"
#include "wire/loki_labels.h"
#include "wire/loki_params.h"
#include "wire/query_checks.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

constexpr uint32_t kDefaultLines = 100;
constexpr uint32_t kDefaultFields = 1000;
// Loki counts patterns by ten seconds.
constexpr int64_t kLeastStepNs = 10 * kNsPerSecond;
constexpr size_t kMaxPatterns = 1000;

std::string FieldsBody(const std::vector<logql::DetectedField>& fields, uint32_t limit) {
  std::string body = R"({"fields":[)";
  for (const logql::DetectedField& field : fields) {
    if (body.back() != '[') body += ',';
    body += R"({"label":)";
    AppendJsonLossy(&body, field.label);
    body += R"(,"type":")" + std::string(ToString(field.type)) + R"(","cardinality":)";
    AppendUint64(&body, field.cardinality);
    body += R"(,"parsers":)";
    if (field.parsers.empty()) {
      body += "null";
    } else {
      AppendStrings(&body, field.parsers);
    }
    if (!field.json_path.empty()) {
      body += R"(,"jsonPath":)";
      AppendStrings(&body, field.json_path);
    }
    body += '}';
  }
  return body + R"(],"limit":)" + std::to_string(limit) + "}";
}

std::string PatternsBody(const std::vector<logql::PatternSeries>& patterns) {
  std::string body = R"({"status":"success","data":[)";
  for (const logql::PatternSeries& one : patterns) {
    if (body.back() != '[') body += ',';
    body += R"({"pattern":)";
    AppendJsonLossy(&body, one.pattern);
    body += R"(,"level":)";
    AppendJsonLossy(&body, one.level);
    body += R"(,"samples":[)";
    for (const auto& [ts_ns, count] : one.samples) {
      if (body.back() != '[') body += ',';
      body += '[' + std::to_string(ts_ns / kNsPerSecond) + ',';
      AppendUint64(&body, count);
      body += ']';
    }
    body += "]}";
  }
  return body + "]}";
}

}  // namespace

void DetectedApi::AddRoutes(Router* router) {
  const std::string v1 = "/loki/api/v1/";
  context_.Add(router, "GET,POST", v1 + "detected_labels", Lane::kQuery,
               [this](const Call& call) { return Labels(call); });
  context_.Add(router, "GET,POST", v1 + "detected_fields", Lane::kQuery,
               [this](const Call& call) { return Fields(call); });
  context_.Add(router, "GET,POST", v1 + "detected_field/{name}/values", Lane::kQuery,
               [this](const Call& call) { return FieldValues(call); });
  context_.Add(router, "GET,POST", v1 + "patterns", Lane::kQuery,
               [this](const Call& call) { return Patterns(call); });
}

Response DetectedApi::Labels(const Call& call) {
  const Result<logql::TimeRange> range = ParseBounds(call.request, NowNs());
  if (!range.ok()) return ApiContext::Error(range.status());
  const auto source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  std::vector<std::string_view> selectors;
  const std::string_view query = call.request.Param("query").value_or(std::string_view());
  if (!query.empty()) selectors.push_back(query);
  const auto streams = StreamsOf(source->get(), selectors, *range);
  if (!streams.ok()) return ApiContext::Error(streams.status());
  std::string body = R"({"detectedLabels":[)";
  for (const logql::DetectedLabel& label : logql::DetectLabels(*streams)) {
    if (body.back() != '[') body += ',';
    body += R"({"label":)";
    AppendJsonLossy(&body, label.name);
    body += R"(,"cardinality":)" + std::to_string(label.cardinality) + "}";
  }
  return JsonResponse(body + "]}");
}

Result<DetectedApi::Run> DetectedApi::Prepare(const Call& call) {
  Run run;
  GLP_ASSIGN_OR_RETURN(run.params.range, ParseBounds(call.request, NowNs()));
  GLP_ASSIGN_OR_RETURN(logql::Expr query, ParseQueryParam(call.request, call.limits));
  auto* log = std::get_if<logql::LogExpr>(&query);
  if (log == nullptr) return UsageError("only log selector is supported");
  run.query = std::move(*log);
  GLP_RETURN_IF_ERROR(CheckLength(run.params.range, call.limits));
  GLP_ASSIGN_OR_RETURN(uint32_t lines, ParseCount(call.request, "line_limit", kDefaultLines));
  const uint32_t most = call.limits.max_entries_limit_per_query;
  if (most > 0) lines = std::min(lines, most);
  run.params.limit = lines;
  GLP_ASSIGN_OR_RETURN(run.limit, ParseCount(call.request, "field_limit", kDefaultFields));
  GLP_ASSIGN_OR_RETURN(run.limit, ParseCount(call.request, "limit", run.limit));
  run.params.cancelled = call.Cancelled();
  run.params.pool = &context_.query_pool();
  GLP_ASSIGN_OR_RETURN(run.source, context_.Source(call));
  return run;
}

Response DetectedApi::Fields(const Call& call) {
  const Result<Run> run = Prepare(call);
  if (!run.ok()) return ApiContext::Error(run.status());
  logql::ScanStats stats;
  const auto fields =
      logql::DetectFields(run->query, run->source.get(), run->params, run->limit, &stats);
  context_.CountScan(stats);
  if (!fields.ok()) return ApiContext::Error(fields.status(), &call);
  return JsonResponse(FieldsBody(*fields, run->limit));
}

Response DetectedApi::FieldValues(const Call& call) {
  const Result<Run> run = Prepare(call);
  if (!run.ok()) return ApiContext::Error(run.status());
  logql::ScanStats stats;
  const auto values = logql::DetectFieldValues(run->query, call.request.captures[0],
                                               run->source.get(), run->params, run->limit, &stats);
  context_.CountScan(stats);
  if (!values.ok()) return ApiContext::Error(values.status(), &call);
  std::string body = R"({"values":)";
  AppendStrings(&body, *values);
  return JsonResponse(body + R"(,"limit":)" + std::to_string(run->limit) + "}");
}

Response DetectedApi::Patterns(const Call& call) {
  const Result<RangeParams> params = ParseRangeParams(call.request, NowNs());
  if (!params.ok()) return ApiContext::Error(params.status());
  Result<Run> run = Prepare(call);
  if (!run.ok()) return ApiContext::Error(run.status());
  run->params.limit = 0;
  run->params.step_ns = std::max(params->step_ns, kLeastStepNs);
  logql::ScanStats stats;
  const auto patterns =
      logql::RunPatternQuery(run->query, run->source.get(), run->params, kMaxPatterns, &stats);
  context_.CountScan(stats);
  if (!patterns.ok()) return ApiContext::Error(patterns.status(), &call);
  return JsonResponse(PatternsBody(*patterns));
}

}  // namespace glp::wire
