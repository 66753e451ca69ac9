// /loki/api/v1/labels, label/NAME/values and series: what streams there are.
#include <algorithm>
#include <unordered_set>

#include "base/time.h"
#include "logql/parser.h"
#include "wire/loki_api.h"
#include "wire/loki_json.h"

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

Result<std::vector<const LabelSet*>> LokiApi::Streams(
    logql::EntrySource* source, const std::vector<std::string_view>& selectors,
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

Response LokiApi::NamesOf(
    const Request& request,
    const std::function<void(const LabelSet& stream, std::set<std::string>* names)>& collect) {
  const Result<logql::TimeRange> range = ParseBounds(request, NowNs());
  if (!range.ok()) return Error(range.status());
  const Result<std::shared_ptr<logql::EntrySource>> source = Source();
  if (!source.ok()) return Error(source.status());
  const auto streams = Streams(source->get(), QuerySelector(request), WithEnd(*range));
  if (!streams.ok()) return Error(streams.status());
  std::set<std::string> names;
  for (const LabelSet* stream : *streams) collect(*stream, &names);
  return JsonResponse(NamesBody({names.begin(), names.end()}));
}

Response LokiApi::LabelNames(const Request& request) {
  return NamesOf(request, [](const LabelSet& stream, std::set<std::string>* names) {
    for (const Label& label : stream.labels) names->insert(label.name);
  });
}

Response LokiApi::LabelValues(const Request& request) {
  return NamesOf(request, [&request](const LabelSet& stream, std::set<std::string>* names) {
    if (const Label* label = stream.Find(request.captures[0])) names->insert(label->value);
  });
}

Response LokiApi::Series(const Request& request) {
  const Result<logql::TimeRange> range = ParseBounds(request, NowNs());
  if (!range.ok()) return Error(range.status());
  std::vector<std::string_view> selectors = request.AllParams("match[]");
  const std::vector<std::string_view> others = request.AllParams("match");
  selectors.insert(selectors.end(), others.begin(), others.end());
  const Result<std::shared_ptr<logql::EntrySource>> source = Source();
  if (!source.ok()) return Error(source.status());
  const auto streams = Streams(source->get(), selectors, WithEnd(*range));
  if (!streams.ok()) return Error(streams.status());
  return JsonResponse(SeriesBody(*streams));
}

}  // namespace glp::wire
