// A record on its way through the stages.
// Lifetime: views are good until the entry has left the pipeline (or, held back, are copied by the
//           stage that holds it). Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "record/labels.h"
#include "record/record.h"
#include "stages/fields.h"

namespace glp::stages {

inline constexpr std::string_view kErrorField = "__error__";
inline constexpr std::string_view kErrorDetailsField = "__error_details__";

struct StageEntry {
  int64_t ts_ns = 0;
  const LabelSet* labels = nullptr;
  // The labels that the entry came with: what was extracted begins with them, and what becomes of
  // the labels later does not change it. A block of stages (match) begins anew with those of then.
  const LabelSet* origin = nullptr;
  FieldSet fields;
  FieldSet meta;
  std::string_view src;               // raw, as in Record
  std::string_view extra;             // raw, as in Record
  uint64_t pos = Record::kPosIsNext;  // as in Record; the pipeline sets it where stages hold lines
  // What tells the lines that are held apart, for the pipeline, which keeps positions from passing
  // them. A stage that makes an entry a part of what it holds gives it the number of that.
  uint64_t number = 0;

  const Line& line() const { return line_; }
  void SetLine(Line line) {
    line_ = line;
    is_decoded_ = false;
    newline_taken_ = false;
  }
  // The line had a newline at its end in Docker's log, which promtail leaves there: stages to which
  // it matters put it back, as_promtail.
  bool newline_taken() const { return newline_taken_; }
  void NoteNewlineTaken() { newline_taken_ = true; }
  // The bytes of the line, decoded once.
  std::string_view LineBytes(Arena& arena) {
    if (line_.form == Line::Form::kBytes || line_.form == Line::Form::kPlain) return line_.text;
    if (!is_decoded_) {
      decoded_ = arena.Copy(line_.Decode(&scratch_));
      is_decoded_ = true;
    }
    return decoded_;
  }
  // What was extracted under this name, a field's value, else that of a label the entry came with:
  // what `source` and the like name.
  std::optional<std::string_view> Value(std::string_view name) {
    if (const Field* field = fields.Find(name)) {
      if (!field->has_text()) return std::nullopt;
      return field->value;
    }
    if (const Label* label = origin->Find(name)) return label->value;
    return std::nullopt;
  }

  // Takes the place of what it was before. `record` must stay until the entry has left.
  void Load(const Record& record, Arena* arena) {
    ts_ns = record.ts_ns;
    labels = origin = record.labels;
    fields.Reset(record.fields, arena);
    meta.Reset(record.meta, arena);
    src = record.src;
    extra = record.extra;
    pos = record.pos;
    number = 0;
    SetLine(record.line);
  }

 private:
  Line line_;
  bool is_decoded_ = false;
  bool newline_taken_ = false;
  std::string_view decoded_;
  std::string scratch_;
};

}  // namespace glp::stages
