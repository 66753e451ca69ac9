#include "label.h"

#include <string>
#include <string_view>
#include <vector>

#include "cli/record_pipe.h"
#include "stages/arena.h"
#include "stages/fields.h"

namespace glp::label {
namespace {

// A record's labels, fields and metadata decide what comes out, and they seldom change within a
// stream: the last answer of each label set is kept.
class Labeler : public cli::RecordHandler {
 public:
  explicit Labeler(const LabelOps& ops) : ops_(ops), slots_(1024) {}

  Status OnRecord(Record& record, cli::RecordPipe& pipe) override {
    LabelTable& table = pipe.labels();
    if (generation_ != table.generation()) {
      for (Slot& slot : slots_) slot.from = nullptr;
      generation_ = table.generation();
    }
    Slot& slot = slots_[record.labels->id % slots_.size()];
    if (!Fits(slot, record)) Fill(&slot, record, table);
    record.labels = slot.to;
    if (ops_.writes_meta()) record.meta = slot.meta_out;
    pipe.Emit(record);
    return Status::Ok();
  }

 private:
  struct Slot {
    const LabelSet* from = nullptr;
    std::string fields, meta;
    const LabelSet* to = nullptr;
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
    ops_.Apply(&labels, &fields_, &meta_);
    slot->to = table.FromLabels(std::move(labels));
    slot->meta_out = meta_.Json(&scratch_);
    // What is large is made anew each time, so that memory stays bounded.
    constexpr size_t kMaxKept = 4 << 10;
    bool keep = record.fields.size() + record.meta.size() <= kMaxKept;
    slot->from = keep ? record.labels : nullptr;
    if (!keep) return;
    slot->fields = record.fields;
    slot->meta = record.meta;
  }

  const LabelOps& ops_;
  std::vector<Slot> slots_;
  uint64_t generation_ = 0;
  stages::Arena arena_;
  stages::FieldSet fields_, meta_;
  std::string scratch_;
};

}  // namespace

cli::RunResult Run(const Options& options, cli::Context& context) {
  if (options.ops.empty()) {
    return UsageError(
        "nothing to do is given; name one or more, such as --set job=web, --from-field level, "
        "--from-path (see --help)");
  }
  cli::RecordPipe::Options pipe_options;
  pipe_options.line_buffered = options.line_buffered;
  cli::RecordPipe pipe(context, pipe_options);
  Labeler labeler(options.ops);
  GLP_RETURN_IF_ERROR(pipe.Run(&labeler));
  return static_cast<int>(cli::kExitOk);
}

}  // namespace glp::label
