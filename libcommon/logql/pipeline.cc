#include "logql/pipeline.h"

#include <algorithm>
#include <utility>

#include "base/time.h"

namespace glp::logql {
namespace {

bool ChangesLine(const Stage& stage) {
  return std::holds_alternative<LineFormat>(stage) || std::holds_alternative<Decolorize>(stage) ||
         std::holds_alternative<UnpackParser>(stage);
}

// A filter by number sets __error__ where it finds none.
bool ReadsNumbers(const LabelFilter& filter) {
  using Kind = LabelFilter::Kind;
  if (filter.operands.empty()) return filter.kind != Kind::kMatcher && filter.kind != Kind::kIp;
  return std::any_of(filter.operands.begin(), filter.operands.end(), ReadsNumbers);
}

bool ChangesLabel(const Stage& stage) {
  if (const auto* filter = std::get_if<LabelFilter>(&stage)) return ReadsNumbers(*filter);
  return !std::holds_alternative<LineFilter>(stage) && !std::holds_alternative<Decolorize>(stage) &&
         !std::holds_alternative<DistinctLabels>(stage);
}

Status Refuse(const Stage& stage, const Status& status) {
  const std::string what = std::holds_alternative<RegexpParser>(stage) ? "invalid regexp parser"
                           : std::holds_alternative<PatternStage>(stage)
                               ? "invalid pattern parser"
                               : "stage '" + ToString(stage) + "' ";
  return {status.code(), "parse error : " + what + ": " + status.message()};
}

}  // namespace

Pipeline::Pipeline()
    : labels_(std::make_unique<LabelsBuilder>()), sample_(std::make_unique<double>(0)) {}

Result<Pipeline> Pipeline::Make(const LogExpr& log, const Wants& wants) {
  Pipeline pipeline;
  const size_t count = log.stages.size();
  StageContext context = {pipeline.labels_.get(),
                          {},
                          wants.now_ns.value_or(NowNs()),
                          pipeline.sample_.get(),
                          wants.max_distinct};
  context.needed.all = wants.all_labels;
  context.needed.may_stop = wants.may_stop && !wants.all_labels;
  for (const std::string& name : wants.labels) context.needed.Add(name);
  pipeline.stages_.resize(count);
  pipeline.needed_.resize(count);
  for (size_t i = count; i-- > 0;) {
    const Stage& stage = log.stages[i];
    pipeline.needed_[i] = context.needed;
    auto made = std::visit([&](const auto& s) { return MakeStage(s, context); }, stage);
    if (!made.ok()) return Refuse(stage, made.status());
    pipeline.stages_[i] = *std::move(made);
    NeedInFrontOf(stage, &context.needed);
    pipeline.changes_labels_ |= ChangesLabel(stage);
    pipeline.changes_lines_ |= ChangesLine(stage);
    pipeline.has_state_ |= std::holds_alternative<DistinctLabels>(stage);
  }
  NeededLabels read;
  read.all = false;
  for (const Stage& stage : log.stages) NeedInFrontOf(stage, &read);
  pipeline.asks_for_errors_ = !read.all && read.Has("__error__");
  pipeline.labels_->names().Keep();
  return pipeline;
}

bool Pipeline::Process(Entry* entry) {
  if (labels_->Begin(entry->stream, entry->meta, entry->fields)) {
    for (const auto& stage : stages_) stage->ForgetNames();
  }
  StageLine line = {entry->ts_ns, entry->line};
  for (const auto& stage : stages_) {
    if (!stage->Run(&line, labels_.get())) return false;
  }
  entry->line = line.text;
  return true;
}

Status Pipeline::status() const {
  if (!has_state_) return Status::Ok();
  for (const auto& stage : stages_) GLP_RETURN_IF_ERROR(stage->status());
  return Status::Ok();
}

void Pipeline::TakeLabels(Entry* entry, LabelTable* table) {
  if (!changes_labels_) return;
  entry->stream = labels_->Stream(table);
  entry->meta = labels_->Meta();
  entry->fields = labels_->Fields();
}

}  // namespace glp::logql
