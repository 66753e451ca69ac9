// `glp-query labels [NAME]` and `glp-query series [SELECTOR]`.
#include <algorithm>
#include <map>
#include <set>

#include "base/json_text.h"
#include "list_printer.h"
#include "mine_lines.h"
#include "run.h"

namespace glp::query {
namespace {

Result<std::unique_ptr<logql::EntrySource>> Open(Job& job) {
  StdinOptions options;
  options.wants.range = job.times.Range();
  options.wants.lines = options.wants.labels = false;
  return OpenSources(job.sources, job.options, job.context, options);
}

// How many values each label has, and how many streams have it: the one with the most values is the
// one that makes many streams.
Result<bool> AnalyzeLabels(Job& job, const std::vector<const LabelSet*>& streams) {
  const std::string& format = job.look.format;
  if (format == "loki") return UsageError("-o loki does not go with --analyze-labels");
  struct Use {
    std::set<std::string_view> values;
    uint64_t streams = 0;
  };
  std::map<std::string_view, Use> by_name;
  for (const LabelSet* stream : streams) {
    for (const Label& label : stream->labels) {
      Use& use = by_name[label.name];
      use.values.insert(label.value);
      ++use.streams;
    }
  }
  std::vector<std::pair<std::string_view, const Use*>> sorted;
  for (const auto& [name, use] : by_name) sorted.emplace_back(name, &use);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second->values.size() > b.second->values.size();
  });
  if (!job.options.quiet) {
    job.context.Say(std::to_string(streams.size()) + " streams, " + std::to_string(by_name.size()) +
                    " labels");
  }
  std::vector<std::vector<std::string>> texts;
  for (const auto& [name, use] : sorted) {
    const std::string values = std::to_string(use->values.size());
    const std::string count = std::to_string(use->streams);
    if (format == "jsonl") {
      std::string json = "{\"label\":";
      AppendJsonString(&json, name);
      json.append(",\"values\":").append(values).append(",\"streams\":").append(count);
      GLP_RETURN_IF_ERROR(PutJson(job, json + "}"));
    }
    texts.push_back({std::string(name), values, count});
  }
  if (format == "jsonl") return !streams.empty();
  std::vector<std::vector<std::string_view>> rows;
  for (const auto& row : texts) rows.emplace_back(row.begin(), row.end());
  Look look = job.look;
  if (format != "csv") look.format = "table";
  GLP_RETURN_IF_ERROR(PrintRows({"label", "values", "streams"}, rows, look, &job.out));
  return !streams.empty();
}

}  // namespace

Result<bool> ListLabels(Job& job, const std::string& name) {
  const logql::TimeRange range = job.times.Range();
  std::vector<std::string> names;
  if (IsOneServer(job.sources)) {
    GLP_ASSIGN_OR_RETURN(const std::unique_ptr<wire::LokiClient> client,
                         OpenServer(job.sources.front().text, job.options));
    GLP_ASSIGN_OR_RETURN(
        names, name.empty() ? client->LabelNames(range) : client->LabelValues(name, range));
  } else {
    GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> source, Open(job));
    GLP_ASSIGN_OR_RETURN(const std::vector<const LabelSet*> streams, source->Streams({}, range));
    std::set<std::string> sorted;
    for (const LabelSet* stream : streams) {
      for (const Label& label : stream->labels) {
        if (name.empty()) {
          sorted.insert(label.name);
        } else if (label.name == name) {
          sorted.insert(label.value);
        }
      }
    }
    names.assign(sorted.begin(), sorted.end());
  }
  GLP_RETURN_IF_ERROR(PrintNames(names, name.empty() ? "label" : name, job.look, &job.out));
  return !names.empty();
}

Result<bool> ListSeries(Job& job, const std::string& selector) {
  const logql::TimeRange range = job.times.Range();
  std::vector<const LabelSet*> streams;
  std::unique_ptr<wire::LokiClient> client;  // owns the sets
  std::unique_ptr<logql::EntrySource> source;
  if (IsOneServer(job.sources)) {
    GLP_ASSIGN_OR_RETURN(client, OpenServer(job.sources.front().text, job.options));
    GLP_ASSIGN_OR_RETURN(streams, client->Series(selector, range));
  } else {
    std::vector<logql::Matcher> matchers;
    if (!selector.empty()) {
      GLP_ASSIGN_OR_RETURN(matchers, logql::ParseSelector(selector));
    }
    GLP_ASSIGN_OR_RETURN(source, Open(job));
    GLP_ASSIGN_OR_RETURN(streams, source->Streams(matchers, range));
  }
  if (job.options.analyze_labels) return AnalyzeLabels(job, streams);
  std::sort(streams.begin(), streams.end(),
            [](const LabelSet* a, const LabelSet* b) { return a->json < b->json; });
  GLP_RETURN_IF_ERROR(PrintLabelSets(streams, job.look, &job.out));
  return !streams.empty();
}

}  // namespace glp::query
