#include "wire/loki_labels.h"

#include <algorithm>
#include <unordered_set>

#include "base/time.h"
#include "logql/parser.h"
#include "wire/loki_json.h"
#include "wire/loki_params.h"

namespace glp::wire {
namespace {

// Metadata queries include the end.
logql::TimeRange WithEnd(logql::TimeRange range) {
  if (range.end_ns < std::numeric_limits<int64_t>::max()) ++range.end_ns;
  return range;
}

std::vector<std::string_view> QuerySelector(const Request& request) {
  const std::string_view query = request.Param("query").value_or(std::string_view());
  return query.empty() ? std::vector<std::string_view>() : std::vector<std::string_view>{query};
}

}  // namespace

Result<std::vector<const LabelSet*>> StreamsOf(logql::EntrySource* source,
                                               const std::vector<std::string_view>& selectors,
                                               logql::TimeRange range) {
  std::vector<std::vector<logql::Matcher>> groups;
  for (std::string_view selector : selectors) {
    GLP_ASSIGN_OR_RETURN(std::vector<logql::Matcher> matchers, logql::ParseSelector(selector));
    groups.push_back(std::move(matchers));
  }
  if (groups.empty()) groups.emplace_back();
  std::vector<const LabelSet*> streams;
  for (const std::vector<logql::Matcher>& matchers : groups) {
    GLP_ASSIGN_OR_RETURN(std::vector<const LabelSet*> found, source->Streams(matchers, range));
    streams.insert(streams.end(), found.begin(), found.end());
  }
  std::sort(streams.begin(), streams.end(),
            [](const LabelSet* a, const LabelSet* b) { return a->json < b->json; });
  streams.erase(
      std::unique(streams.begin(), streams.end(),
                  [](const LabelSet* a, const LabelSet* b) { return a->json == b->json; }),
      streams.end());
  return streams;
}

void LabelsApi::AddRoutes(Router* router) {
  const std::string v1 = "/loki/api/v1/";
  const std::string old = "/api/prom/";
  for (const std::string& path : {v1 + "labels", v1 + "label", old + "label"}) {
    const Shape shape = path.starts_with(old) ? Shape::kOld : Shape::kNow;
    context_.Add(router, "GET,POST", path, Lane::kQuery,
                 [this, shape](const Call& call) { return Names(call, shape); });
  }
  // Loki has no other methods of what it reads; to a client that deletes it says so in this way.
  context_.Add(router, "DELETE", v1 + "labels", Lane::kControl,
               [](const Call&) { return TextResponse(404, "404 page not found\n"); });
  for (const std::string& prefix : {v1, old}) {
    const Shape shape = prefix == old ? Shape::kOld : Shape::kNow;
    context_.Add(router, "GET,POST", prefix + "label/{name}/values", Lane::kQuery,
                 [this, shape](const Call& call) { return Values(call, shape); });
    context_.Add(router, "GET,POST", prefix + "series", Lane::kQuery,
                 [this](const Call& call) { return Series(call); });
  }
}

Response LabelsApi::NamesOf(
    const Call& call, Shape shape,
    const std::function<void(const LabelSet& stream, std::set<std::string>* names)>& collect) {
  const Result<logql::TimeRange> range = ParseBounds(call.request, NowNs());
  if (!range.ok()) return ApiContext::Error(range.status());
  const Result<std::shared_ptr<logql::EntrySource>> source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  const auto streams = StreamsOf(source->get(), QuerySelector(call.request), WithEnd(*range));
  if (!streams.ok()) return ApiContext::Error(streams.status());
  std::set<std::string> names;
  for (const LabelSet* stream : *streams) collect(*stream, &names);
  const std::vector<std::string> list(names.begin(), names.end());
  return JsonResponse(shape == Shape::kOld ? OldNamesBody(list) : NamesBody(list));
}

Response LabelsApi::Names(const Call& call, Shape shape) {
  return NamesOf(call, shape, [](const LabelSet& stream, std::set<std::string>* names) {
    for (const Label& label : stream.labels) names->insert(label.name);
  });
}

Response LabelsApi::Values(const Call& call, Shape shape) {
  return NamesOf(call, shape, [&call](const LabelSet& stream, std::set<std::string>* names) {
    if (const Label* label = stream.Find(call.request.captures[0])) names->insert(label->value);
  });
}

Response LabelsApi::Series(const Call& call) {
  const Result<logql::TimeRange> range = ParseBounds(call.request, NowNs());
  if (!range.ok()) return ApiContext::Error(range.status());
  std::vector<std::string_view> selectors = call.request.AllParams("match[]");
  const std::vector<std::string_view> others = call.request.AllParams("match");
  selectors.insert(selectors.end(), others.begin(), others.end());
  const Result<std::shared_ptr<logql::EntrySource>> source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  const auto streams = StreamsOf(source->get(), selectors, WithEnd(*range));
  if (!streams.ok()) return ApiContext::Error(streams.status());
  return JsonResponse(SeriesBody(*streams));
}

}  // namespace glp::wire
