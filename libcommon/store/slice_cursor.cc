#include "store/slice_cursor.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>

namespace glp::store {
namespace {

// A slice has no more segments than this, unless they overlap.
constexpr size_t kMaxWidth = 64;

void AddStats(const logql::ScanStats& from, logql::ScanStats* to) {
  to->AddFigures(from);
  for (const std::string& warning : from.warnings) {
    // A segment that reaches over several slices says the same in each.
    if (std::find(to->warnings.begin(), to->warnings.end(), warning) == to->warnings.end()) {
      to->warnings.push_back(warning);
    }
  }
}

// The end (exclusive) of the first slice of spans that begin and end (inclusive) there: behind
// `width` of them, at the begin of another, with no more reaching over it than lie before it.
// Nothing where there is none such.
struct Span {
  int64_t begin;
  int64_t end;
};
std::optional<int64_t> FirstCut(std::vector<Span> spans, size_t width) {
  // A heap: of many spans the first few are looked at.
  const auto later = [](const Span& a, const Span& b) { return a.begin > b.begin; };
  std::make_heap(spans.begin(), spans.end(), later);
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> open;  // by their ends
  size_t closed = 0;
  for (; !spans.empty(); spans.pop_back()) {
    std::pop_heap(spans.begin(), spans.end(), later);
    const Span& span = spans.back();
    for (; !open.empty() && open.top() < span.begin; open.pop()) ++closed;
    if (closed >= width && open.size() <= closed) return span.begin;
    open.push(span.end);
  }
  return std::nullopt;
}

}  // namespace

bool Wanted(const MemView& view, const std::vector<logql::Matcher>& matchers,
            logql::TimeRange range) {
  return Overlaps(view.min_ts_ns, view.max_ts_ns, range) &&
         logql::MatchesAll(matchers, *view.stream);
}

Status FindRuns(const SourceParts& parts, Selection* selection, pack::ScanContext* context,
                SliceRuns* found) {
  *found = {};
  const logql::TimeRange range = context->request.range;
  for (const Selection::Candidate& candidate : selection->candidates()) {
    if (!Overlaps(candidate.min_ts_ns, candidate.max_ts_ns, range)) continue;
    GLP_ASSIGN_OR_RETURN(std::shared_ptr<const pack::PackStreams> pack, selection->Open(candidate));
    if (pack->file == nullptr) {
      auto& warnings = context->stats.warnings;
      warnings.insert(warnings.end(), pack->warnings.begin(), pack->warnings.end());
    } else {
      pack::AddRuns(*pack, candidate.group, context, &found->runs);
    }
    found->packs.push_back(std::move(pack));
  }
  uint32_t group = selection->groups();
  for (const MemSnapshot& memory : parts.memory) {
    uint64_t order = 0;
    for (const MemView& view : memory.streams) {
      if (!Wanted(view, context->request.matchers, range)) continue;
      found->runs.push_back(MakeMemRun(&view, &context->search, group, order++));
    }
    ++group;
  }
  return Status::Ok();
}

SliceCursor::SliceCursor(std::shared_ptr<SourceState> state, logql::ScanRequest request)
    : state_(std::move(state)), request_(std::move(request)), left_(request_.range) {}

Status SliceCursor::Next(std::vector<logql::Entry>* batch) {
  for (;;) {
    if (inner_ == nullptr) {
      batch->clear();
      if (is_done_) return Status::Ok();
      GLP_RETURN_IF_ERROR(OpenSlice());
    }
    GLP_RETURN_IF_ERROR(inner_->Next(batch));
    given_ += batch->size();
    if (!batch->empty()) return Status::Ok();
    CloseSlice();
  }
}

const logql::ScanStats& SliceCursor::stats() const {
  if (inner_ == nullptr) return closed_;
  stats_ = closed_;
  AddStats(inner_->stats(), &stats_);
  return stats_;
}

void SliceCursor::CloseSlice() {
  AddStats(inner_->stats(), &closed_);
  inner_.reset();
  slice_ = {};
}

logql::TimeRange SliceCursor::ChooseSlice() const {
  std::vector<Span> spans;
  for (const Selection::Candidate& candidate : selection_->candidates()) {
    if (!Overlaps(candidate.min_ts_ns, candidate.max_ts_ns, left_)) continue;
    const int64_t min = std::max(candidate.min_ts_ns, left_.start_ns);
    const int64_t max = std::min(candidate.max_ts_ns, left_.end_ns - 1);
    // Backward the same with times inverted.
    spans.push_back(backward() ? Span{~max, ~min} : Span{min, max});
  }
  const std::optional<int64_t> cut = FirstCut(std::move(spans), width_);
  if (!cut) return left_;
  if (backward()) return {~*cut + 1, left_.end_ns};
  return {left_.start_ns, *cut};
}

Status SliceCursor::OpenSlice() {
  return state_->Try([this](const std::shared_ptr<const SourceParts>& parts, Trouble* trouble) {
    return OpenSlice(parts, trouble);
  });
}

Status SliceCursor::OpenSlice(const std::shared_ptr<const SourceParts>& parts, Trouble* trouble) {
  if (parts != parts_) {
    parts_ = parts;
    selection_ = std::make_unique<Selection>(*parts_, request_.matchers);
    Status status = selection_->Find(left_);
    *trouble = selection_->trouble();
    if (!status.ok()) {
      parts_ = nullptr;
      return status;
    }
  }
  logql::ScanRequest request = request_;
  request.range = ChooseSlice();
  if (request.limit > 0) request.limit -= std::min(given_, request.limit - 1);
  auto context = std::make_unique<pack::ScanContext>(std::move(request));
  const logql::TimeRange range = context->request.range;
  const Status status = FindRuns(*parts_, selection_.get(), context.get(), &slice_);
  *trouble = selection_->trouble();
  if (!status.ok()) return status;
  auto& warnings = context->stats.warnings;
  warnings.insert(warnings.begin(), parts_->warnings.begin(), parts_->warnings.end());
  if (!is_begun_) context->stats.blocks_skipped += selection_->blocks_left_out();
  is_begun_ = true;
  inner_ = std::make_unique<pack::MergeCursor>(std::move(context), std::move(slice_.runs),
                                               /*collapse=*/true);
  if (backward()) {
    left_.end_ns = range.start_ns;
    is_done_ = range.start_ns <= request_.range.start_ns;
  } else {
    left_.start_ns = range.end_ns;
    is_done_ = range.end_ns >= request_.range.end_ns;
  }
  width_ = std::min(width_ * 2, kMaxWidth);
  return Status::Ok();
}

}  // namespace glp::store
