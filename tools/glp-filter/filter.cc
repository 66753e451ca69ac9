#include "filter.h"

#include "base/strings.h"

namespace glp::filter {

Status FilterHandler::Prepare() {
  if (settings_.keep) {
    // Where no record is written only what the stages look at is extracted.
    logql::Wants wants;
    wants.all_labels = settings_.output == Settings::Output::kRecords && !settings_.invert;
    GLP_ASSIGN_OR_RETURN(keep_, logql::Pipeline::Make(*settings_.keep, wants));
  }
  for (const logql::LogExpr& query : settings_.drop) {
    auto drop = logql::Pipeline::Make(query, {.all_labels = false});
    if (!drop.ok()) return drop.status().Annotate("--drop");
    drop_.push_back(*std::move(drop));
  }
  return Status::Ok();
}

FilterHandler::Verdict FilterHandler::Judge(const LabelSet& labels) const {
  using State = Verdict::State;
  Verdict verdict;
  verdict.state = State::kKeep;
  if (settings_.keep) {
    if (!logql::MatchesAll(settings_.keep->matchers, labels)) {
      verdict.state = State::kDrop;
      return verdict;
    }
    if (!settings_.keep->stages.empty()) {
      verdict.state = State::kLook;
      verdict.keep = true;
    }
  }
  for (uint32_t i = 0; i < settings_.drop.size(); ++i) {
    const logql::LogExpr& drop = settings_.drop[i];
    if (!logql::MatchesAll(drop.matchers, labels)) continue;
    if (drop.stages.empty()) {
      verdict.state = State::kDrop;
      return verdict;
    }
    verdict.state = State::kLook;
    verdict.drop.push_back(i);
  }
  return verdict;
}

const FilterHandler::Verdict& FilterHandler::VerdictOf(const LabelSet& labels,
                                                       const LabelTable& table) {
  if (generation_ != table.generation()) {
    verdicts_.clear();
    if (keep_) keep_->ForgetStreams();
    for (logql::Pipeline& drop : drop_) drop.ForgetStreams();
    generation_ = table.generation();
  }
  if (verdicts_.size() <= labels.id) verdicts_.resize(labels.id + 1);
  Verdict& verdict = verdicts_[labels.id];
  if (verdict.state == Verdict::State::kUnknown) verdict = Judge(labels);
  return verdict;
}

bool FilterHandler::LooksGood(const Verdict& verdict, const Record& record) {
  const logql::Entry entry = {record.ts_ns, record.labels, record.line.Decode(&scratch_),
                              record.meta, record.fields};
  for (const uint32_t i : verdict.drop) {
    logql::Entry copy = entry;
    if (drop_[i].Process(&copy)) return false;
  }
  if (!verdict.keep) return true;
  made_ = entry;
  is_made_ = true;
  return keep_->Process(&made_);
}

void FilterHandler::Change(Record* record, LabelTable* table) {
  const bool may_differ = is_made_ && (keep_->ChangesLabels() || keep_->ChangesLines());
  if (!may_differ || settings_.invert) return;
  keep_->TakeLabels(&made_, table);
  const bool line_differs = keep_->ChangesLines() && made_.line != record->line.Decode(&before_);
  if (!line_differs && made_.stream == record->labels && made_.meta == record->meta &&
      made_.fields == record->fields) {
    return;
  }
  if (line_differs) record->line = Line::Bytes(made_.line);
  record->labels = made_.stream;
  record->meta = made_.meta;
  record->fields = made_.fields;
  record->raw = {};
}

Status FilterHandler::OnRecord(Record& record, cli::RecordPipe& pipe) {
  is_made_ = false;
  if (!settings_.range.Contains(record.ts_ns)) {
    passage_.Drop(record, "filter");
    return Status::Ok();
  }
  const LabelSet& stream = *record.labels;
  const Verdict& verdict = VerdictOf(stream, pipe.labels());
  const bool passes = verdict.state == Verdict::State::kLook
                          ? LooksGood(verdict, record)
                          : verdict.state == Verdict::State::kKeep;
  if (keep_) GLP_RETURN_IF_ERROR(keep_->status());
  for (const logql::Pipeline& drop : drop_) GLP_RETURN_IF_ERROR(drop.status());
  if (passes == settings_.invert) {
    passage_.Reject(record, "filter");
  } else {
    Change(&record, &pipe.labels());
    passage_.Keep(record, stream);
  }
  return Status::Ok();
}

Status FilterHandler::OnMark(const Mark& mark, cli::RecordPipe&) {
  passage_.OnMark(mark);
  return Status::Ok();
}

Status FilterHandler::OnEnd(cli::RecordPipe& pipe) {
  passage_.OnEnd();
  if (settings_.output != Settings::Output::kCount) return Status::Ok();
  AppendUint64(&pipe.buffer(), passage_.matched());
  pipe.buffer().push_back('\n');
  return Status::Ok();
}

}  // namespace glp::filter
