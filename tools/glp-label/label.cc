#include "label.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/strings.h"
#include "cli/record_pipe.h"
#include "stages/fields.h"
#include "value_watch.h"

namespace glp::label {
namespace {

// A record's labels, fields and metadata decide what comes out, and they seldom change within a
// stream: the last answer of each label set is kept.
class Labeler : public cli::RecordHandler {
 public:
  Labeler(const Options& options, cli::Context& context)
      : ops_(options.ops), context_(context), slots_(1024) {
    if (options.max_values > 0) watch_.emplace(options.max_values);
  }

  Status OnRecord(Record& record, cli::RecordPipe& pipe) override {
    LabelTable& table = pipe.labels();
    if (generation_ != table.generation()) {
      for (Slot& slot : slots_) slot.from = nullptr;
      generation_ = table.generation();
    }
    Slot& slot = slots_[record.labels->id % slots_.size()];
    if (!Fits(slot, record)) Fill(&slot, record, table);
    if (slot.to == nullptr) {
      pipe.Drop(record, "relabel");
      return Status::Ok();
    }
    record.labels = slot.to;
    if (watch_) watch_->Count(*slot.to);
    if (ops_.writes_meta()) record.meta = slot.meta_out;
    pipe.Emit(record);
    return Status::Ok();
  }

  Status OnBatchEnd(cli::RecordPipe& pipe) override {
    if (!watch_) return Status::Ok();
    SayWarnings();
    // The table is cleared before the next batch.
    if (pipe.labels().size() > LabelTable::kMaxSets) watch_->Fold();
    return Status::Ok();
  }

 private:
  struct Slot {
    const LabelSet* from = nullptr;
    std::string fields, meta;
    const LabelSet* to = nullptr;  // nullptr: the record is dropped
    std::string meta_out;
  };

  bool Fits(const Slot& slot, const Record& record) const {
    return slot.from == record.labels && (!ops_.reads_fields() || slot.fields == record.fields) &&
           (!ops_.writes_meta() || slot.meta == record.meta);
  }

  void Fill(Slot* slot, const Record& record, LabelTable& table) {
    arena_.Reset();
    fields_.Reset(record.fields, &arena_);
    meta_.Reset(record.meta, &arena_);
    Labels labels = record.labels->labels;
    const bool keep_record = ops_.Apply(&labels, &fields_, &meta_);
    slot->to = keep_record ? table.FromLabels(std::move(labels)) : nullptr;
    slot->meta_out = meta_.Json(&scratch_);
    if (slot->to != nullptr) CheckNames(*slot->to);
    // What is large is made anew each time, so that memory stays bounded.
    constexpr size_t kMaxKept = 4 << 10;
    bool keep = record.fields.size() + record.meta.size() <= kMaxKept;
    slot->from = keep ? record.labels : nullptr;
    if (!keep) return;
    slot->fields = record.fields;
    slot->meta = record.meta;
  }

  // Names that came with the records, which no server takes: each is said once.
  void CheckNames(const LabelSet& set) {
    constexpr size_t kMaxBadNames = 100;
    for (const Label& label : set.labels) {
      if (IsLabelName(label.name) || bad_names_.size() >= kMaxBadNames) continue;
      if (!bad_names_.insert(label.name).second) continue;
      context_.Say("a record's label: " + CheckName(label.name).message() +
                   " (--rename); servers refuse it");
    }
  }

  void SayWarnings() {
    if (!watch_->has_warnings()) return;
    for (const std::string& warning : watch_->TakeWarnings()) context_.Say(warning);
  }

  const LabelOps& ops_;
  cli::Context& context_;
  std::optional<ValueWatch> watch_;
  std::set<std::string, std::less<>> bad_names_;
  std::vector<Slot> slots_;
  uint64_t generation_ = 0;
  Arena arena_;
  stages::FieldSet fields_, meta_;
  std::string scratch_;
};

}  // namespace

cli::RunResult Run(Options& options, cli::Context& context) {
  if (options.ops.empty() && options.max_values == 0) {
    return UsageError(
        "nothing to do is given; name one or more, such as --set job=web, --from-field level, "
        "--from-path (see --help)");
  }
  GLP_RETURN_IF_ERROR(options.ops.Load());
  cli::RecordPipe::Options pipe_options;
  pipe_options.line_buffered = options.line_buffered;
  cli::RecordPipe pipe(context, pipe_options);
  Labeler labeler(options, context);
  GLP_RETURN_IF_ERROR(pipe.Run(&labeler));
  return static_cast<int>(cli::kExitOk);
}

}  // namespace glp::label
