#include "passage.h"

#include <utility>

#include "base/strings.h"
#include "cli/end_marks.h"

namespace glp::filter {
namespace {

constexpr std::string_view kDuplicatesName = "duplicates_before";

}  // namespace

Passage::Passage(const PassageOptions& options, cli::RecordPipe& pipe)
    : options_(options), pipe_(pipe), rate_limit_(options.rate_limit) {
  if (options.before > 0 || options.after > 0) context_.emplace(options.before, options.after);
  if (options.dedup_window_ns) dedup_.emplace(*options.dedup_window_ns);
  if (options.redact) redactor_.emplace(*options.redact, options.salt);
}

void Passage::Keep(Record& record, const LabelSet& stream) {
  const uint64_t number = Begin(record);
  if (is_draining_) return Drain(record, stream, number);
  std::string_view reason;
  if (IsThinnedOut(record, stream, &reason)) return DropNow(record, number, false, reason);
  ++matched_;
  if (context_) Let(context_->Match(stream, pipe_.labels()));
  Weigh(&record);
  Write(record, number, false, "");
  if (matched_ < options_.max_count && !options_.stop_at_first) return;
  is_draining_ = context_ && context_->awaits_after();
  if (!is_draining_) pipe_.Stop();
}

bool Passage::IsThinnedOut(const Record& record, const LabelSet& stream, std::string_view* reason) {
  duplicates_before_ = 0;
  weight_.clear();
  if (dedup_ && !dedup_->Passes(record, stream, pipe_.labels(), &duplicates_before_)) {
    *reason = "duplicate";
    return true;
  }
  if (options_.sampler) {
    if (record.meta.find(kWeightName) != std::string_view::npos) {
      arena_.Reset();
      fields_.Reset(arena_.Copy(record.meta), &arena_);
      weight_ = fields_.Get(kWeightName).value_or("");
    }
    if (!options_.sampler->Passes(record, weight_)) {
      *reason = "sample";
      return true;
    }
  }
  *reason = "rate limit";
  return rate_limit_ && !rate_limit_->Passes(record, stream, pipe_.labels());
}

void Passage::Weigh(Record* record) {
  if (duplicates_before_ == 0 && !options_.sampler) return;
  arena_.Reset();
  fields_.Reset(arena_.Copy(record->meta), &arena_);
  if (duplicates_before_ > 0) {
    fields_.SetCopy(kDuplicatesName, std::to_string(duplicates_before_));
  }
  if (options_.sampler) fields_.SetCopy(kWeightName, options_.sampler->Weight(weight_));
  record->meta = fields_.Json(&meta_);
  record->raw = {};
}

void Passage::Reject(Record& record, std::string_view reason) {
  if (!context_) return pipe_.Drop(record, reason);
  const uint64_t number = Begin(record);
  if (is_draining_) return Drain(record, *record.labels, number);
  Context::Leaving leaving;
  const bool is_after = context_->TakeAfter(*record.labels, pipe_.labels(), &leaving);
  Let(leaving);
  if (is_after) return Write(record, number, false, "after");
  if (options_.before == 0) return DropNow(record, number, false, reason);
  Let(context_->Hold(record, number, pipe_.labels()));
}

void Passage::Drop(Record& record, std::string_view reason) {
  const uint64_t number = Begin(record);
  is_draining_ ? pipe_.LeaveUnread() : DropNow(record, number, false, reason);
}

void Passage::Drain(Record& record, const LabelSet& stream, uint64_t number) {
  Context::Leaving leaving;
  const bool is_after = context_->TakeAfter(stream, pipe_.labels(), &leaving);
  Let(leaving);
  is_after ? Write(record, number, false, "after") : pipe_.LeaveUnread();
  if (!context_->awaits_after()) pipe_.Stop();
}

void Passage::Let(const Context::Leaving& leaving, bool with_positions) {
  for (const Context::HeldRecord& held : leaving.dropped) {
    Record record = Context::View(held, &pipe_.labels());
    if (!with_positions) record.src = {};  // Drop tells the position of what has one
    DropNow(record, held.number, true, "filter");
  }
  for (const Context::HeldRecord& held : leaving.passed) {
    Record record = Context::View(held, &pipe_.labels());
    Write(record, held.number, true, "before");
  }
}

void Passage::Write(Record& record, uint64_t number, bool was_held, std::string_view context) {
  bool is_as_read = !record.raw.empty();
  if (!context.empty()) {
    arena_.Reset();
    fields_.Reset(arena_.Copy(record.fields), &arena_);
    fields_.Set(Context::kField, context);
    record.fields = fields_.Json(&fields_json_);
    is_as_read = false;
  }
  if (redactor_ && redactor_->Apply(&record)) is_as_read = false;
  if (context_ && positions_.Leave(number, was_held, &record)) is_as_read = false;
  is_as_read ? pipe_.EmitRaw(record) : pipe_.Emit(record);
}

void Passage::DropNow(Record& record, uint64_t number, bool was_held, std::string_view reason) {
  if (context_) positions_.Leave(number, was_held, &record);
  pipe_.Drop(record, reason);
}

void Passage::OnMark(const Mark& mark) {
  if (mark.kind == Mark::Kind::kFile) source_runs_ = true;
  if (mark.kind == Mark::Kind::kEnd && cli::IsSourceTool(ReadMarkWords(mark).tool)) {
    source_runs_ = false;
  }
  if (!context_) return;
  // Nothing comes behind an end, and what comes behind a gap was not next to what is held.
  const bool is_end = mark.kind == Mark::Kind::kEnd && !source_runs_;
  if (is_end || mark.kind == Mark::Kind::kGap) Let(context_->ReleaseAll());
  if (!positions_.OnMark(mark)) pipe_.WithholdMark();
}

void Passage::OnEnd() {
  // Where the reader of the files was stopped, a record that is held may belong to a match that the
  // next start finds: no position passes it, so it is read again.
  if (context_) Let(context_->ReleaseAll(), /*with_positions=*/!source_runs_);
  if (redactor_ && redactor_->total() > 0) {
    pipe_.AddToEndMark("redacted", redactor_->CountsJson());
  }
}

void Passage::Say(cli::Context& context) const {
  if (rate_limit_ && rate_limit_->held_back() > 0) context.Say(rate_limit_->Summary());
  if (redactor_ && redactor_->total() > 0) context.Say("redacted: " + redactor_->CountsText());
  if (context_ && context_->given_up() > 0) {
    const uint64_t count = context_->given_up();
    context.Incomplete("records not shown around others",
                       std::to_string(count) + (count == 1 ? " record" : " records") +
                           " could not be held back for -B, which holds 64 MiB and 100,000 "
                           "streams; ask for fewer");
  }
}

}  // namespace glp::filter
