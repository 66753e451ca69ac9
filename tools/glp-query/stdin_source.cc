#include "stdin_source.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include "io/stop.h"

namespace glp::query {
namespace {

constexpr size_t kBatchEntries = 1024;

// Gives what came, and sees to it that nothing printed is held back long.
class StreamCursor : public logql::EntryCursor {
 public:
  StreamCursor(EntryReader* reader, const std::function<Status()>& flush)
      : reader_(reader), flush_(flush) {}

  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    while (batch->empty()) {
      GLP_ASSIGN_OR_RETURN(const int timeout_ms, FlushWhereDue());
      GLP_ASSIGN_OR_RETURN(const io::ReadState state, reader_->Read(timeout_ms, batch));
      if (state == io::ReadState::kEnd) return Status::Ok();
      if (state == io::ReadState::kStopped) {
        if (!io::StopRequested()) return {Code::kClosed, "the reader of the output is gone"};
        return {Code::kCancelled, "stopped while reading records"};
      }
    }
    if (!holds_) held_since_ = Clock::now();
    holds_ = true;
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return reader_->stats(); }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr int kHoldBackMs = 50;

  // How long the next wait may be.
  Result<int> FlushWhereDue() {
    if (!holds_) return -1;
    const auto held = Clock::now() - held_since_;
    const auto held_ms = std::chrono::duration_cast<std::chrono::milliseconds>(held).count();
    if (held_ms < kHoldBackMs) return static_cast<int>(kHoldBackMs - held_ms);
    holds_ = false;
    if (flush_) GLP_RETURN_IF_ERROR(flush_());
    return -1;
  }

  EntryReader* reader_;
  const std::function<Status()>& flush_;
  bool holds_ = false;  // something may have been printed since the last flush
  Clock::time_point held_since_;
};

}  // namespace

class KeptCursor : public logql::EntryCursor {
 public:
  KeptCursor(const StdinSource* source, const logql::ScanRequest& request)
      : source_(source),
        backward_(request.direction == logql::Direction::kBackward),
        edges_(request.line_filters.empty()) {
    const auto before = [](const StdinSource::Kept& kept, int64_t ts_ns) {
      return kept.ts_ns < ts_ns;
    };
    const auto& kept = source->kept_;
    const auto [start_ns, end_ns] = std::pair(request.range.start_ns, request.range.end_ns);
    begin_ = std::lower_bound(kept.begin(), kept.end(), start_ns, before) - kept.begin();
    end_ = std::lower_bound(kept.begin() + static_cast<ptrdiff_t>(begin_), kept.end(), end_ns,
                            before) -
           kept.begin();
    for (const LabelSet* set : source->reader_.sets()) {
      wanted_.push_back(set && logql::MatchesAll(request.matchers, *set));
    }
  }

  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    while (begin_ < end_ && batch->size() < kBatchEntries) {
      const StdinSource::Kept& kept = source_->kept_[backward_ ? --end_ : begin_++];
      if (!wanted_[kept.set] || (kept.text == nullptr && !edges_)) continue;
      const char* meta = kept.text + kept.line_size;
      batch->push_back({kept.ts_ns,
                        source_->reader_.sets()[kept.set],
                        {kept.text, kept.line_size},
                        {meta, kept.meta_size},
                        {meta + kept.meta_size, kept.fields_size}});
      ++stats_.entries;
      stats_.line_bytes += kept.line_size;
    }
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return stats_; }

 private:
  const StdinSource* source_;
  bool backward_;
  bool edges_;  // entries whose lines passed no filter say that they were here
  size_t begin_, end_;
  std::vector<bool> wanted_;  // by id of a set
  logql::ScanStats stats_;
};

StdinSource::StdinSource(int fd, StdinOptions options, cli::Context* context)
    : options_(std::move(options)), reader_(fd, options_.wants, context) {}

Result<std::unique_ptr<logql::EntryCursor>> StdinSource::Scan(logql::ScanRequest request) {
  if (options_.streaming) {
    return std::unique_ptr<logql::EntryCursor>(
        std::make_unique<StreamCursor>(&reader_, options_.before_wait));
  }
  GLP_RETURN_IF_ERROR(Collect());
  return std::unique_ptr<logql::EntryCursor>(std::make_unique<KeptCursor>(this, request));
}

Result<std::vector<const LabelSet*>> StdinSource::Streams(
    const std::vector<logql::Matcher>& matchers, logql::TimeRange range) {
  GLP_RETURN_IF_ERROR(Collect());
  const std::vector<const LabelSet*>& sets = reader_.sets();
  std::vector<bool> seen(sets.size());
  for (const Kept& kept : kept_) {
    if (kept.text && range.Contains(kept.ts_ns)) seen[kept.set] = true;
  }
  std::vector<const LabelSet*> streams;
  for (const LabelSet* set : sets) {
    if (set && seen[set->id] && logql::MatchesAll(matchers, *set)) streams.push_back(set);
  }
  return streams;
}

Status StdinSource::Collect() {
  if (collected_) return Status::Ok();
  std::vector<logql::Entry> batch;
  for (;;) {
    GLP_ASSIGN_OR_RETURN(const io::ReadState state, reader_.Read(-1, &batch));
    if (state == io::ReadState::kEnd) break;
    if (state == io::ReadState::kStopped) {
      if (!io::StopRequested()) return {Code::kClosed, "the reader of the output is gone"};
      return {Code::kCancelled, "stopped while reading records"};
    }
    for (const logql::Entry& entry : batch) {
      const size_t size = entry.line.size() + entry.meta.size() + entry.fields.size();
      char* text = arena_.Allocate(std::max<size_t>(size, 1));  // never nullptr
      char* at = text;
      for (const std::string_view part : {entry.line, entry.meta, entry.fields}) {
        at += part.copy(at, part.size());
      }
      kept_.push_back({entry.ts_ns, text, static_cast<uint32_t>(entry.line.size()),
                       static_cast<uint32_t>(entry.meta.size()),
                       static_cast<uint32_t>(entry.fields.size()), entry.stream->id});
    }
  }
  KeepEdges();
  const auto before = [](const Kept& a, const Kept& b) { return a.ts_ns < b.ts_ns; };
  if (!std::is_sorted(kept_.begin(), kept_.end(), before)) {
    std::stable_sort(kept_.begin(), kept_.end(), before);
  }
  collected_ = true;
  return Status::Ok();
}

void StdinSource::KeepEdges() {
  for (const EntryReader::Edges& edges : reader_.dropped()) {
    for (const auto& edge : {edges.first, edges.last}) {
      if (edge) kept_.push_back({edge->ts_ns, nullptr, 0, 0, 0, edge->stream->id});
    }
  }
}

}  // namespace glp::query
