#include "entry_reader.h"

#include <algorithm>
#include <utility>

#include "cli/record_sink.h"
#include "io/input.h"
#include "io/output.h"

namespace glp::query {

EntryReader::EntryReader(int fd, EntryWants wants, cli::Context* context)
    : wants_(std::move(wants)),
      context_(context),
      reader_(io::MakeFdSource(fd, "standard input", false), &read_labels_),
      translator_(&labels_) {
  io::EnlargePipe(fd);
  if (wants_.any.empty() || wants_.any.size() > kMostWants) wants_.any.assign(1, {});
  dropped_.resize(wants_.any.size());
}

Result<io::ReadState> EntryReader::Read(int timeout_ms, std::vector<logql::Entry>* batch) {
  batch->clear();
  arena_.Reset();
  span_.reset();
  GLP_ASSIGN_OR_RETURN(const io::ReadState state, reader_.ReadBatch(timeout_ms));
  if (state != io::ReadState::kData) return state;
  if (generation_ != read_labels_.generation()) {
    generation_ = read_labels_.generation();
    translator_.Forget();
  }
  while (const RecordReader::Item* item = reader_.Next()) {
    switch (item->kind) {
      case RecordReader::Item::Kind::kRecord:
        Take(item->record, batch);
        break;
      case RecordReader::Item::Kind::kMark:
        if (item->mark.kind == Mark::Kind::kGap) {
          context_->Incomplete("gaps",
                               "bytes are missing from the input: " + std::string(item->mark.raw));
        }
        break;
      case RecordReader::Item::Kind::kBad:
        cli::SayBadRecord(*context_, reader_, *item);
        break;
    }
  }
  return state;
}

EntryReader::Mask EntryReader::WantsOf(const LabelSet* set) {
  if (set->id >= masks_.size()) {
    masks_.resize(set->id + 1);
    sets_.resize(set->id + 1);
  }
  if (sets_[set->id] == nullptr) {
    sets_[set->id] = set;
    for (size_t i = 0; i < wants_.any.size(); ++i) {
      if (logql::MatchesAll(wants_.any[i].matchers, *set)) masks_[set->id] |= Mask{1} << i;
    }
  }
  return masks_[set->id];
}

bool EntryReader::IsWanted(Mask mask, std::string_view line) const {
  for (size_t i = 0; i < wants_.any.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    const std::vector<logql::LineFilter>& filters = wants_.any[i].line_filters;
    if (std::all_of(filters.begin(), filters.end(),
                    [line](const logql::LineFilter& filter) { return filter.Passes(line); })) {
      return true;
    }
  }
  return false;
}

void EntryReader::Drop(Mask mask, Edge edge) {
  for (size_t i = 0; i < dropped_.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    auto& [first, last] = dropped_[i];
    if (!first || edge.ts_ns < first->ts_ns) first = edge;
    if (!last || edge.ts_ns >= last->ts_ns) last = edge;
  }
}

void EntryReader::Take(const Record& record, std::vector<logql::Entry>* batch) {
  if (!span_) span_ = {record.ts_ns, record.ts_ns};
  span_->oldest_ns = std::min(span_->oldest_ns, record.ts_ns);
  span_->newest_ns = std::max(span_->newest_ns, record.ts_ns);
  if (!wants_.range.Contains(record.ts_ns)) return;
  const LabelSet* set = translator_.Translate(record.labels);
  const Mask mask = WantsOf(set);
  if (mask == 0) return;
  ++stats_.entries;
  logql::Entry entry = {record.ts_ns, set, {}, {}};
  if (wants_.labels) {
    entry.meta = record.meta;
    entry.fields = record.fields;
  }
  if (wants_.lines) {
    entry.line = record.line.Decode(&scratch_);
    stats_.line_bytes += entry.line.size();
    if (!IsWanted(mask, entry.line)) return Drop(mask, {record.ts_ns, set});
    // A line decoded into the scratch moves out of it; any other stays in the reader's batch.
    if (!entry.line.empty() && entry.line.data() != record.line.text.data()) {
      entry.line = arena_.Copy(entry.line);
    }
  }
  batch->push_back(entry);
}

}  // namespace glp::query
