#include "stdin_source.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "cli/record_sink.h"
#include "io/output.h"

namespace glp::query {
namespace {

constexpr int kHoldBackMs = 50;
constexpr size_t kBatchEntries = 1024;

}  // namespace

char* Arena::Allocate(size_t size) {
  if (chunks_.empty() || chunks_.back().size - used_ < size) {
    const size_t chunk_bytes = std::max(size, kChunkBytes);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(chunk_bytes), chunk_bytes});
    used_ = 0;
  }
  char* out = chunks_.back().bytes.get() + used_;
  used_ += size;
  return out;
}

void Arena::Clear() {
  if (chunks_.size() > 1) chunks_.erase(chunks_.begin() + 1, chunks_.end());
  // One huge line must not hold its memory to the end of the stream.
  if (!chunks_.empty() && chunks_.front().size > kChunkBytes) chunks_.clear();
  used_ = 0;
}

class StreamCursor : public logql::EntryCursor {
 public:
  explicit StreamCursor(StdinSource* source) : source_(source) {}
  Status Next(std::vector<logql::Entry>* batch) override { return source_->ReadEntries(batch); }
  const logql::ScanStats& stats() const override { return source_->stats_; }

 private:
  StdinSource* source_;
};

class KeptCursor : public logql::EntryCursor {
 public:
  KeptCursor(const StdinSource* source, const logql::ScanRequest& request)
      : source_(source), backward_(request.direction == logql::Direction::kBackward) {
    const auto before = [](const StdinSource::Kept& kept, int64_t ts_ns) {
      return kept.ts_ns < ts_ns;
    };
    const auto& kept = source->kept_;
    const auto [start_ns, end_ns] = std::pair(request.range.start_ns, request.range.end_ns);
    begin_ = std::lower_bound(kept.begin(), kept.end(), start_ns, before) - kept.begin();
    end_ = std::lower_bound(kept.begin() + static_cast<ptrdiff_t>(begin_), kept.end(), end_ns,
                            before) -
           kept.begin();
    for (const LabelSet* set : source->sets_) {
      wanted_.push_back(set && logql::MatchesAll(request.matchers, *set));
    }
  }

  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    while (begin_ < end_ && batch->size() < kBatchEntries) {
      const StdinSource::Kept& kept = source_->kept_[backward_ ? --end_ : begin_++];
      if (!wanted_[kept.set]) continue;
      batch->push_back({kept.ts_ns,
                        source_->sets_[kept.set],
                        {kept.text, kept.line_size},
                        {kept.text + kept.line_size, kept.meta_size}});
      ++stats_.entries;
      stats_.line_bytes += kept.line_size;
    }
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return stats_; }

 private:
  const StdinSource* source_;
  bool backward_;
  size_t begin_, end_;
  std::vector<bool> wanted_;  // by id of a set
  logql::ScanStats stats_;
};

StdinSource::StdinSource(int fd, StdinOptions options, cli::Context* context)
    : options_(std::move(options)),
      context_(context),
      reader_(io::MakeFdSource(fd, "standard input", false), &read_labels_),
      translator_(&labels_) {
  io::EnlargePipe(fd);
}

Result<std::unique_ptr<logql::EntryCursor>> StdinSource::Scan(logql::ScanRequest request) {
  if (options_.streaming) {
    return std::unique_ptr<logql::EntryCursor>(std::make_unique<StreamCursor>(this));
  }
  GLP_RETURN_IF_ERROR(Collect());
  return std::unique_ptr<logql::EntryCursor>(std::make_unique<KeptCursor>(this, request));
}

Result<std::vector<const LabelSet*>> StdinSource::Streams(
    const std::vector<logql::Matcher>& matchers, logql::TimeRange range) {
  GLP_RETURN_IF_ERROR(Collect());
  std::vector<bool> seen(sets_.size());
  for (const Kept& kept : kept_) {
    if (range.Contains(kept.ts_ns)) seen[kept.set] = true;
  }
  std::vector<const LabelSet*> streams;
  for (const LabelSet* set : sets_) {
    if (set && seen[set->id] && logql::MatchesAll(matchers, *set)) streams.push_back(set);
  }
  return streams;
}

Status StdinSource::ReadEntries(std::vector<logql::Entry>* batch) {
  batch->clear();
  batch_arena_.Clear();
  while (batch->empty()) {
    GLP_ASSIGN_OR_RETURN(io::ReadState state, reader_.ReadBatch(kHoldBackMs));
    if (state == io::ReadState::kTimeout) {
      if (options_.before_wait) GLP_RETURN_IF_ERROR(options_.before_wait());
      GLP_ASSIGN_OR_RETURN(state, reader_.ReadBatch());
    }
    if (state == io::ReadState::kStopped && !options_.streaming) {
      return {Code::kCancelled, "stopped while reading records"};
    }
    if (state != io::ReadState::kData) return Status::Ok();
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
            context_->Incomplete(
                "gaps", "bytes are missing from the input: " + std::string(item->mark.raw));
          }
          break;
        case RecordReader::Item::Kind::kBad:
          cli::SayBadRecord(*context_, reader_, *item);
          break;
      }
    }
  }
  return Status::Ok();
}

void StdinSource::Take(const Record& record, std::vector<logql::Entry>* batch) {
  if (!options_.range.Contains(record.ts_ns)) return;
  const LabelSet* set = translator_.Translate(record.labels);
  if (set->id >= wanted_.size()) {
    wanted_.resize(set->id + 1, -1);
    sets_.resize(set->id + 1);
  }
  int8_t& wanted = wanted_[set->id];
  if (wanted < 0) {
    wanted = logql::MatchesAll(options_.matchers, *set) ? 1 : 0;
    sets_[set->id] = set;
  }
  if (!wanted) return;
  ++stats_.entries;
  if (!options_.want_lines) {
    batch->push_back({record.ts_ns, set, {}, record.meta});
    return;
  }
  std::string_view line = record.line.Decode(&scratch_);
  stats_.line_bytes += line.size();
  for (const logql::LineFilter& filter : options_.line_filters) {
    if (!filter.Passes(line)) return;
  }
  // A line decoded into the scratch moves out of it; any other stays in the reader's batch.
  if (!line.empty() && line.data() != record.line.text.data()) {
    char* text = batch_arena_.Allocate(line.size());
    std::memcpy(text, line.data(), line.size());
    line = {text, line.size()};
  }
  batch->push_back({record.ts_ns, set, line, record.meta});
}

Status StdinSource::Collect() {
  if (collected_) return Status::Ok();
  bool sorted = true;
  int64_t last_ns = std::numeric_limits<int64_t>::min();
  std::vector<logql::Entry> batch;
  for (;;) {
    GLP_RETURN_IF_ERROR(ReadEntries(&batch));
    if (batch.empty()) break;
    for (const logql::Entry& entry : batch) {
      const size_t size = entry.line.size() + entry.meta.size();
      char* text = arena_.Allocate(size);
      entry.line.copy(text, entry.line.size());
      entry.meta.copy(text + entry.line.size(), entry.meta.size());
      kept_.push_back({entry.ts_ns, text, static_cast<uint32_t>(entry.line.size()),
                       static_cast<uint32_t>(entry.meta.size()), entry.stream->id});
      sorted = sorted && entry.ts_ns >= last_ns;
      last_ns = entry.ts_ns;
    }
  }
  if (!sorted) {
    std::stable_sort(kept_.begin(), kept_.end(),
                     [](const Kept& a, const Kept& b) { return a.ts_ns < b.ts_ns; });
  }
  collected_ = true;
  return Status::Ok();
}

}  // namespace glp::query
