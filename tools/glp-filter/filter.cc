#include "filter.h"

#include "base/strings.h"

namespace glp::filter {

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
      verdict.keep.emplace(*settings_.keep);
    }
  }
  for (const logql::LogExpr& drop : settings_.drop) {
    if (!logql::MatchesAll(drop.matchers, labels)) continue;
    if (drop.stages.empty()) {
      verdict.state = State::kDrop;
      return verdict;
    }
    verdict.state = State::kLook;
    verdict.drop.emplace_back(drop);
  }
  return verdict;
}

const FilterHandler::Verdict& FilterHandler::VerdictOf(const LabelSet& labels,
                                                       const LabelTable& table) {
  if (generation_ != table.generation()) {
    verdicts_.clear();
    generation_ = table.generation();
  }
  if (verdicts_.size() <= labels.id) verdicts_.resize(labels.id + 1);
  Verdict& verdict = verdicts_[labels.id];
  if (verdict.state == Verdict::State::kUnknown) verdict = Judge(labels);
  return verdict;
}

bool FilterHandler::LooksGood(const Verdict& verdict, const Record& record) {
  const logql::Entry entry = {record.ts_ns, record.labels, record.line.Decode(&scratch_),
                              record.meta};
  if (verdict.keep && !verdict.keep->Passes(entry)) return false;
  for (const logql::Pipeline& drop : verdict.drop) {
    if (drop.Passes(entry)) return false;
  }
  return true;
}

Status FilterHandler::OnRecord(Record& record, cli::RecordPipe& pipe) {
  bool keep = false;
  if (settings_.range.Contains(record.ts_ns)) {
    const Verdict& verdict = VerdictOf(*record.labels, pipe.labels());
    keep = verdict.state == Verdict::State::kLook ? LooksGood(verdict, record)
                                                  : verdict.state == Verdict::State::kKeep;
    keep = keep != settings_.invert;
  }
  if (!keep) {
    pipe.Drop(record, "filter");
    return Status::Ok();
  }
  pipe.EmitRaw(record);
  ++matched_;
  if (matched_ >= settings_.max_count || settings_.output == Settings::Output::kNone) pipe.Stop();
  return Status::Ok();
}

Status FilterHandler::OnEnd(cli::RecordPipe& pipe) {
  if (settings_.output != Settings::Output::kCount) return Status::Ok();
  AppendUint64(&pipe.buffer(), matched_);
  pipe.buffer().push_back('\n');
  return Status::Ok();
}

}  // namespace glp::filter
