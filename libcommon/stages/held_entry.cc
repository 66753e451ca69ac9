#include "stages/held_entry.h"

namespace glp::stages {

void HeldEntry::Take(StageEntry& entry, StageRun& run) {
  std::string scratch;
  line = entry.LineBytes(run.arena);
  const bool known = generation_ == run.labels.generation();
  if (!known || labels_set_ != entry.labels) labels = entry.labels->labels;
  if (!known || origin_set_ != entry.origin) origin = entry.origin->labels;
  generation_ = run.labels.generation();
  labels_set_ = entry.labels;
  origin_set_ = entry.origin;
  ts_ns = entry.ts_ns;
  fields = entry.fields.Json(&scratch);
  meta = entry.meta.Json(&scratch);
  src = entry.src;
  extra = entry.extra;
  number = entry.number;
  unrendered_.clear();
  std::vector<Field> others;
  entry.fields.CopyUnrendered(&others);
  for (const Field& field : others) {
    unrendered_.push_back({std::string(field.name), std::string(field.value), field.kind});
  }
}

void HeldEntry::Give(StageEntry* entry, StageRun& run) const {
  const bool known = generation_ == run.labels.generation();
  Record record;
  record.ts_ns = ts_ns;
  record.labels = known ? labels_set_ : run.labels.FromLabels(labels);
  record.line = Line::Bytes(line);
  // In the arena because they are scanned 16 bytes at a time.
  record.fields = run.arena.Copy(fields);
  record.meta = run.arena.Copy(meta);
  record.src = src;
  record.extra = extra;
  entry->Load(record, &run.arena);
  entry->origin = known ? origin_set_ : run.labels.FromLabels(origin);
  entry->number = number;
  for (const Unrendered& field : unrendered_) {
    entry->fields.Set({field.name, field.value, field.kind});
  }
}

}  // namespace glp::stages
