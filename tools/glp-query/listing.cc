// `glp-query labels [NAME]` and `glp-query series [SELECTOR]`.
#include <algorithm>
#include <set>

#include "list_printer.h"
#include "run.h"

namespace glp::query {
namespace {

Result<std::unique_ptr<logql::EntrySource>> Open(Job& job) {
  StdinOptions options;
  options.wants.range = job.times.Range();
  options.wants.lines = options.wants.labels = false;
  return OpenSources(job.sources, job.options, job.context, options);
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
  std::sort(streams.begin(), streams.end(),
            [](const LabelSet* a, const LabelSet* b) { return a->json < b->json; });
  GLP_RETURN_IF_ERROR(PrintLabelSets(streams, job.look, &job.out));
  return !streams.empty();
}

}  // namespace glp::query
