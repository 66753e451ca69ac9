// `glp-query explain`: what a query would read and do, told without reading it. Where the sides of
// a metric's range are those of the data, the times of its first and last entry are read.
//
// The query is run over a source that has nothing, and says which scans it makes; what they would
// read the real sources tell from their indexes.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "data_range.h"
#include "io/stop.h"
#include "logql/block_search.h"
#include "logql/eval.h"
#include "logql/format.h"
#include "logql/pipeline.h"
#include "run.h"

namespace glp::query {
namespace {

using logql::ScanPlan;

// A stage behind the search for lines. Parsers say which labels somebody asks them for.
struct StageNote {
  std::string text;
  bool is_parser = false;
  bool all_labels = false;
  std::vector<std::string> labels = {};
};

struct ScanNote {
  std::string text;  // the part of the query that the scan is for
  logql::ScanRequest request;
  std::vector<std::pair<std::string, std::string>> searches;  // line filter, how
  std::vector<StageNote> stages;
};

bool IsParser(const logql::Stage& stage) {
  return std::holds_alternative<logql::JsonParser>(stage) ||
         std::holds_alternative<logql::LogfmtParser>(stage) ||
         std::holds_alternative<logql::RegexpParser>(stage) ||
         std::holds_alternative<logql::PatternStage>(stage) ||
         std::holds_alternative<logql::UnpackParser>(stage);
}

ScanNote NoteOf(const logql::ScanStart& start) {
  ScanNote note;
  note.text = start.range != nullptr ? logql::ToString(logql::MetricExpr{*start.range})
                                     : logql::ToString(start.log);
  note.request = start.request;
  const logql::BlockSearch search(start.request.line_filters);
  for (const logql::BlockSearch::Step& step : search.Describe()) {
    note.searches.emplace_back(logql::ToString(*step.filter), step.how);
  }
  size_t searched = start.request.line_filters.size();
  for (size_t i = 0; i < start.log.stages.size(); ++i) {
    const logql::Stage& stage = start.log.stages[i];
    if (std::holds_alternative<logql::LineFilter>(stage) && searched > 0) {
      --searched;
      continue;
    }
    StageNote made{logql::ToString(stage), IsParser(stage)};
    const logql::NeededLabels& needed = start.pipeline.needed_behind(i);
    made.all_labels = needed.all;
    if (!needed.all) made.labels = needed.names();
    std::sort(made.labels.begin(), made.labels.end());
    note.stages.push_back(std::move(made));
  }
  return note;
}

class NoEntries : public logql::EntryCursor {
 public:
  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return stats_; }

 private:
  logql::ScanStats stats_;
};

// Has the streams of `source`, and no entry.
class StreamsOnly : public logql::EntrySource {
 public:
  explicit StreamsOnly(logql::EntrySource* source) : source_(source) {}
  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest) override {
    return std::unique_ptr<logql::EntryCursor>(std::make_unique<NoEntries>());
  }
  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override {
    if (source_ == nullptr) return std::vector<const LabelSet*>();
    return source_->Streams(matchers, range);
  }

 private:
  logql::EntrySource* const source_;
};

bool CanPlan(const SourceName& name) {
  return name.kind == SourceKind::kStore || name.kind == SourceKind::kPack;
}

class Explainer {
 public:
  explicit Explainer(Job& job) : job_(job) {}

  Status Run(const std::string& text);

 private:
  // All of them as one, or nothing where one cannot be opened without reading it.
  Result<std::unique_ptr<logql::EntrySource>> OpenAll();
  Status FindScans(const logql::Expr& query, logql::EntrySource* all);
  Status FindMetricScans(const logql::MetricExpr& metric, logql::EntrySource* all);

  std::string Range(const ScanNote& scan) const;
  void PrintText(const std::string& query);
  void PrintText(const ScanNote& scan);
  void PrintJson(const std::string& query);
  void PrintJson(const ScanNote& scan);
  void Line(std::string_view name, std::string_view text, size_t depth = 1);

  Job& job_;
  std::string& out_ = job_.out.buffer();
  std::vector<ScanNote> scans_;
  bool range_is_data_ = false;  // which is not known
  // One for each source; nullptr where it cannot be planned.
  std::vector<std::unique_ptr<logql::EntrySource>> sources_;
};

Result<std::unique_ptr<logql::EntrySource>> Explainer::OpenAll() {
  if (!std::all_of(job_.sources.begin(), job_.sources.end(), CanPlan)) {
    return std::unique_ptr<logql::EntrySource>();
  }
  return OpenSources(job_.sources, job_.options, job_.context, {});
}

Status Explainer::FindMetricScans(const logql::MetricExpr& metric, logql::EntrySource* all) {
  StreamsOnly nothing(all);
  logql::QueryParams params;
  params.cancelled = io::StopRequested;
  params.on_scan = [this](const logql::ScanStart& start) { scans_.push_back(NoteOf(start)); };
  params.follows = all == nullptr;  // its streams are not known
  const bool is_open = !job_.times.start_ns || !job_.times.end_ns;
  if (job_.times.at_ns) {
    return logql::RunInstantQuery(metric, &nothing, *job_.times.at_ns, params, nullptr).status();
  }
  const Aggregations aggregations = logql::RangeAggregations(metric);
  bool is_known = !aggregations.empty() && (all != nullptr || !is_open);
  if (is_known) {
    // With both sides given it asks the source for nothing.
    GLP_ASSIGN_OR_RETURN(is_known, FindRange(job_.times, all, aggregations, &params));
  }
  if (is_known) return logql::RunRangeQuery(metric, &nothing, params, nullptr).status();
  range_is_data_ = true;
  GLP_RETURN_IF_ERROR(logql::RunInstantQuery(metric, &nothing, 0, params, nullptr).status());
  for (ScanNote& scan : scans_) scan.request.range = job_.times.Range();
  return Status::Ok();
}

Status Explainer::FindScans(const logql::Expr& query, logql::EntrySource* all) {
  const auto* log = std::get_if<logql::LogExpr>(&query);
  if (log == nullptr) return FindMetricScans(std::get<logql::MetricExpr>(query), all);
  if (job_.times.at_ns) return UsageError("--at goes with a metric query only");
  StreamsOnly nothing(all);
  logql::QueryParams params;
  params.range = job_.times.Range();
  params.direction =
      job_.options.forward ? logql::Direction::kForward : logql::Direction::kBackward;
  params.on_scan = [this](const logql::ScanStart& start) { scans_.push_back(NoteOf(start)); };
  return logql::RunLogQuery(
      *log, &nothing, params, [](const logql::Entry&) { return true; }, nullptr);
}

Status Explainer::Run(const std::string& text) {
  GLP_ASSIGN_OR_RETURN(const logql::Expr query, logql::Parse(text, logql::kLocalQuery));
  {
    GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> all, OpenAll());
    GLP_RETURN_IF_ERROR(FindScans(query, all.get()));
  }
  for (const SourceName& name : job_.sources) {
    std::unique_ptr<logql::EntrySource>& source = sources_.emplace_back();
    if (!CanPlan(name)) continue;
    GLP_ASSIGN_OR_RETURN(source, OpenSources({name}, job_.options, job_.context, {}));
  }
  if (job_.look.format == "jsonl") {
    PrintJson(logql::ToString(query));
  } else {
    PrintText(logql::ToString(query));
  }
  return Status::Ok();
}

std::string Explainer::Range(const ScanNote& scan) const {
  const logql::TimeRange& range = scan.request.range;
  std::string text;
  if (range.start_ns > std::numeric_limits<int64_t>::min()) {
    text += "from " + job_.look.Time(range.start_ns) + " ";
  }
  if (range.end_ns < std::numeric_limits<int64_t>::max()) {
    text += "to before " + job_.look.Time(range.end_ns) + " ";
  }
  if (text.empty()) text = "all there is ";
  text.back() = ',';
  text += scan.request.direction == logql::Direction::kForward ? " oldest first" : " newest first";
  if (range_is_data_) text += "; the windows are not known before the data is";
  return text;
}

void Explainer::Line(std::string_view name, std::string_view text, size_t depth) {
  constexpr size_t kWidth = 10;
  out_.append(2 * depth, ' ').append(name);
  out_.append(name.size() < kWidth ? kWidth - name.size() : 1, ' ').append(text).push_back('\n');
}

void Explainer::PrintText(const std::string& query) {
  Line("query", query, 0);
  if (scans_.empty()) Line("scans", "none: it reads nothing", 0);
  for (size_t i = 0; i < scans_.size(); ++i) {
    out_.push_back('\n');
    Line("scan " + std::to_string(i + 1), scans_[i].text, 0);
    PrintText(scans_[i]);
  }
}

void Explainer::PrintText(const ScanNote& scan) {
  const auto number = [](uint64_t value) { return std::to_string(value); };
  Line("selector", logql::ToString(scan.request.matchers));
  Line("time", Range(scan));
  const std::string enough =
      job_.options.limit > 0 ? " until " + number(job_.options.limit) + " were found" : "";
  Line("lines",
       scan.request.want_lines ? "are read" + enough : "are not read: times and streams suffice");
  const char* name = "first";
  for (const auto& [filter, how] : scan.searches) {
    Line(std::exchange(name, ""), filter);
    Line("", "  looks for " + how);
  }
  name = "then";
  for (const StageNote& stage : scan.stages) {
    Line(std::exchange(name, ""), stage.text);
    if (!stage.is_parser) continue;
    std::string labels;
    for (const std::string& label : stage.labels) labels += (labels.empty() ? "" : ", ") + label;
    Line("", "  is asked for " + (stage.all_labels ? "all labels"
                                  : labels.empty() ? "no label"
                                                   : labels));
  }
  for (size_t i = 0; i < sources_.size(); ++i) {
    Line("source", job_.sources[i].text);
    StreamsOnly none(nullptr);
    logql::EntrySource* source = sources_[i] != nullptr ? sources_[i].get() : &none;
    const Result<ScanPlan> plan = source->Plan(scan.request);
    if (!plan.ok()) {
      Line("plan", "none: " + plan.status().message(), 2);
      continue;
    }
    Line("streams", number(plan->streams) + " of " + number(plan->streams_total), 2);
    Line("blocks",
         number(plan->blocks) + " to read; left out: " + number(plan->blocks_stream) +
             " of other streams, " + number(plan->blocks_time) + " of other times, " +
             number(plan->blocks_filter) + " where no line can pass",
         2);
    Line("stored",
         logql::FormatBytes(plan->bytes) + " to read of " + logql::FormatBytes(plan->bytes_total),
         2);
    std::string entries = number(plan->entries);
    if (plan->memory_entries > 0) {
      entries += ", " + number(plan->memory_entries) + " of them in no block yet";
    }
    Line("entries", entries, 2);
  }
}

void Explainer::PrintJson(const std::string& query) {
  for (size_t i = 0; i < scans_.size(); ++i) {
    out_ += "{\"query\":";
    AppendJsonString(&out_, query);
    out_ += ",\"scan\":" + std::to_string(i + 1);
    PrintJson(scans_[i]);
    out_ += "}\n";
  }
}

void Explainer::PrintJson(const ScanNote& scan) {
  const auto key = [this](std::string_view name) { out_.append(",\"").append(name).append("\":"); };
  const auto text = [&](std::string_view name, std::string_view value) {
    key(name);
    AppendJsonString(&out_, value);
  };
  const auto number = [&](std::string_view name, uint64_t value) {
    key(name);
    out_ += std::to_string(value);
  };
  const auto time = [&](std::string_view name, int64_t ts_ns, int64_t open) {
    if (ts_ns != open) return text(name, FormatTimestamp(ts_ns));
    key(name);
    out_ += "null";
  };
  text("expression", scan.text);
  text("selector", logql::ToString(scan.request.matchers));
  time("from", scan.request.range.start_ns, std::numeric_limits<int64_t>::min());
  time("to", scan.request.range.end_ns, std::numeric_limits<int64_t>::max());
  text("direction", scan.request.direction == logql::Direction::kForward ? "forward" : "backward");
  key("lines");
  out_ += scan.request.want_lines ? "true" : "false";
  if (job_.options.limit > 0) number("limit", job_.options.limit);
  key("first");
  out_ += "[";
  for (const auto& [filter, how] : scan.searches) {
    if (out_.back() == '}') out_ += ",";
    out_ += "{\"filter\":";
    AppendJsonString(&out_, filter);
    text("search", how);
    out_ += "}";
  }
  out_ += "]";
  key("then");
  out_ += "[";
  for (const StageNote& stage : scan.stages) {
    if (out_.back() == '}') out_ += ",";
    out_ += "{\"stage\":";
    AppendJsonString(&out_, stage.text);
    if (stage.is_parser && stage.all_labels) {
      text("labels", "all");
    } else if (stage.is_parser) {
      key("labels");
      out_ += "[";
      for (const std::string& label : stage.labels) {
        if (out_.back() == '"') out_ += ",";
        AppendJsonString(&out_, label);
      }
      out_ += "]";
    }
    out_ += "}";
  }
  out_ += "]";
  key("sources");
  out_ += "[";
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (i > 0) out_ += ",";
    out_ += "{\"source\":";
    const std::string& path = job_.sources[i].text;
    AppendJsonString(&out_, IsValidUtf8(path) ? path : logql::Quote(path));
    StreamsOnly none(nullptr);
    logql::EntrySource* source = sources_[i] != nullptr ? sources_[i].get() : &none;
    const Result<ScanPlan> plan = source->Plan(scan.request);
    if (!plan.ok()) {
      text("unknown", plan.status().message());
    } else {
      number("streams", plan->streams);
      number("streams_total", plan->streams_total);
      number("blocks", plan->blocks);
      number("blocks_stream", plan->blocks_stream);
      number("blocks_time", plan->blocks_time);
      number("blocks_filter", plan->blocks_filter);
      number("bytes", plan->bytes);
      number("bytes_total", plan->bytes_total);
      number("entries", plan->entries);
      number("memory_entries", plan->memory_entries);
    }
    out_ += "}";
  }
  out_ += "]";
}

}  // namespace

Result<bool> ExplainQuery(Job& job, const std::string& query) {
  if (query.empty()) {
    return UsageError("explain: a query is missing; '{}' selects everything");
  }
  if (job.look.format != "default" && job.look.format != "jsonl") {
    return UsageError(
        "explain answers as text, or with -o jsonl as a JSON object for each scan; -o " +
        job.look.format + " is not for plans");
  }
  GLP_RETURN_IF_ERROR(CheckQueryOptions(job, query));
  GLP_RETURN_IF_ERROR(Explainer(job).Run(query));
  return true;
}

}  // namespace glp::query
