#include "stages/match.h"

#include <utility>
#include <variant>

#include "logql/parser.h"

namespace glp::stages {
namespace {

bool IsPromtails(const logql::Stage& stage) {
  const auto* filter = std::get_if<logql::LineFilter>(&stage);
  if (filter == nullptr || filter->alternatives.size() != 1 || filter->alternatives[0].is_ip) {
    return false;
  }
  return filter->op != logql::LineFilter::Op::kPattern &&
         filter->op != logql::LineFilter::Op::kNotPattern;
}

Status CheckPromtails(const logql::LogExpr& query) {
  if (query.matchers.empty()) {
    return UsageError("promtail wants a matcher, as in {app=\"web\"}; {job=~\".*\"} takes all");
  }
  for (const logql::Stage& stage : query.stages) {
    if (IsPromtails(stage)) continue;
    return UsageError(
        "promtail takes only matchers and the line filters |= != |~ !~ with one text each here; a "
        "stage given with -e may have any log query as its selector");
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<MatchStage>> MatchStage::Make(Options options) {
  GLP_ASSIGN_OR_RETURN(logql::LogExpr query,
                       logql::ParseLogQuery(options.selector, {.allow_empty_selector = true}));
  if (options.as_promtail) GLP_RETURN_IF_ERROR(CheckPromtails(query));
  GLP_ASSIGN_OR_RETURN(logql::Pipeline pipeline,
                       logql::Pipeline::Make(query, {.all_labels = false}));
  return std::unique_ptr<MatchStage>(
      new MatchStage(std::move(options), std::move(query), std::move(pipeline)));
}

MatchStage::MatchStage(Options options, logql::LogExpr query, logql::Pipeline pipeline)
    : options_(std::move(options)), query_(std::move(query)), pipeline_(std::move(pipeline)) {
  for (const logql::Stage& stage : query_.stages) {
    asks_for_names_ |= !std::holds_alternative<logql::LineFilter>(stage);
  }
}

Verdict MatchStage::Process(StageEntry& entry, StageRun& run) {
  if (generation_ != run.labels.generation()) {
    generation_ = run.labels.generation();
    answers_.fill({});
    unions_.fill({});
    pipeline_.ForgetStreams();
  }
  if (!Finds(entry, run)) return Verdict::kSkip;
  if (options_.drop) return run.Drop(options_.drop_reason);
  ExtractLabels(entry, run.labels);
  return Verdict::kPass;
}

bool MatchStage::Finds(StageEntry& entry, StageRun& run) {
  Answer& answer = answers_[entry.labels->id % answers_.size()];
  if (answer.labels != entry.labels) {
    answer = {entry.labels, logql::MatchesAll(query_.matchers, *entry.labels)};
  }
  if (!answer.matches || query_.stages.empty()) return answer.matches;
  logql::Entry found = {entry.ts_ns, entry.labels, entry.LineBytes(run.arena),
                        entry.meta.Json(&meta_)};
  // In the arena because they are scanned 16 bytes at a time.
  if (asks_for_names_) found.fields = run.arena.Copy(entry.fields.Json(&fields_));
  return pipeline_.Process(&found);
}

void MatchStage::ExtractLabels(StageEntry& entry, LabelTable& table) {
  if (!entry.fields.empty()) {
    for (const Label& label : entry.labels->labels) {
      const Field* field = entry.fields.Find(label.name);
      if (field != nullptr && (!field->has_text() || field->value != label.value)) {
        entry.fields.Set(label.name, label.value);
      }
    }
  }
  if (entry.origin == entry.labels) return;
  // Names of before that are no labels now stay extracted.
  Union& slot = unions_[(entry.origin->id * 31 + entry.labels->id) % unions_.size()];
  if (slot.origin != entry.origin || slot.labels != entry.labels) {
    Labels both = entry.origin->labels;
    both.insert(both.end(), entry.labels->labels.begin(), entry.labels->labels.end());
    slot = {entry.origin, entry.labels, table.FromLabels(std::move(both))};
  }
  entry.origin = slot.both;
}

void ReadMatchStage(const codec::YamlNode& config, BuildContext& context, StageList* out) {
  codec::Given<std::string> selector, action{"keep"}, pipeline_name, reason{"match_stage"};
  codec::YamlMap map(config, "match", context.errors);
  map.Text("selector", &selector);
  map.Text("action", &action);
  map.Text("pipeline_name", &pipeline_name);  // the name of a metric of promtail's
  map.Text("drop_counter_reason", &reason);
  const codec::YamlNode* stages = map.Take("stages");
  map.Finish();
  if (!selector)
    map.Error(map.place(), "match: expected a selector, as in {app=\"web\"} |= \"GET\"");
  const bool drop = action.value == "drop";
  if (!drop && action.value != "keep") {
    map.Error(action, "action: expected keep or drop, not '" + action.value + "'");
  }
  const bool has_stages =
      stages != nullptr && (stages->kind != codec::YamlNode::Kind::kList || !stages->items.empty());
  if (drop && has_stages) {
    map.Error(*stages,
              "match: what is dropped goes through no stages; take them out, or the "
              "action drop");
  }
  if (!drop && !has_stages) {
    map.Error(map.place(),
              "match: expected stages, what to do with the lines of the selector, or "
              "action: drop");
  }
  if (!context.errors->first().ok()) return;
  auto stage =
      MatchStage::Make({selector.value, drop, reason.value.empty() ? "match_stage" : reason.value,
                        context.as_promtail});
  if (!stage.ok()) {
    return map.Error(selector,
                     "selector: " + std::string(logql::FirstLine(stage.status().message())));
  }
  MatchStage* match = stage->get();
  out->push_back(*std::move(stage));
  if (drop) return;
  StageList block = BuildStages(*stages, context);
  match->set_block(block.size());
  for (auto& inner : block) out->push_back(std::move(inner));
}

}  // namespace glp::stages
