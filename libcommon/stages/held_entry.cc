#include "stages/held_entry.h"

namespace glp::stages {

void HeldEntry::Take(StageEntry& entry, StageRun& run) {
  std::string scratch;
  line = entry.LineBytes(run.arena);
  labels = entry.labels->labels;
  origin = entry.origin->labels;
  ts_ns = entry.ts_ns;
  fields = entry.fields.Json(&scratch);
  meta = entry.meta.Json(&scratch);
  src = entry.src;
  extra = entry.extra;
  number = entry.number;
}

void HeldEntry::Give(StageEntry* entry, StageRun& run) const {
  Record record;
  record.ts_ns = ts_ns;
  record.labels = run.labels.FromLabels(labels);
  record.line = Line::Bytes(line);
  // In the arena because they are scanned 16 bytes at a time.
  record.fields = run.arena.Copy(fields);
  record.meta = run.arena.Copy(meta);
  record.src = src;
  record.extra = extra;
  entry->Load(record, &run.arena);
  entry->origin = run.labels.FromLabels(origin);
  entry->number = number;
}

}  // namespace glp::stages
