#include "pack/merge.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/hash.h"

namespace glp::pack {
namespace {

// The first batch is small so that a query of few lines stops early.
constexpr size_t kFirstBatch = 256;
constexpr size_t kBatch = 4096;
// A batch ends early when the runs that it keeps alive hold this much.
constexpr size_t kMaxDoneBytes = 16 << 20;

// Filters are hints: one that cannot be run is left out.
std::vector<logql::LineFilter> MadeToRun(std::vector<logql::LineFilter> filters) {
  std::erase_if(filters, [](logql::LineFilter& filter) {
    const bool is_made = std::all_of(
        filter.alternatives.begin(), filter.alternatives.end(), [](const auto& alternative) {
          return alternative.search != nullptr || alternative.ip != nullptr ||
                 alternative.pattern != nullptr;
        });
    return !is_made && !logql::PrepareLineFilter(&filter).ok();
  });
  return filters;
}

}  // namespace

ScanContext::ScanContext(logql::ScanRequest scan)
    : request(std::move(scan)),
      search(MadeToRun(request.line_filters)),
      text_search(search.filters()) {
  if (request.captures != nullptr) cut.emplace(*request.captures);
}

std::vector<size_t> RunsToCollapse(const std::vector<std::unique_ptr<SortedRun>>& runs) {
  const auto is_exact = [](const auto& run) { return run->exact; };
  if (std::all_of(runs.begin(), runs.end(), is_exact)) return {};
  std::vector<size_t> order(runs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (runs[a]->stream != runs[b]->stream) {
      return std::less<>()(runs[a]->stream, runs[b]->stream);
    }
    return runs[a]->min_ts_ns < runs[b]->min_ts_ns;
  });
  std::vector<size_t> found;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && runs[order[end]]->stream == runs[order[begin]]->stream) ++end;
    // Of the runs from begin to end: whether one overlaps another of which at least one is not
    // exact, first with those in front of it, then with those behind.
    std::vector<bool> collapses(end - begin);
    constexpr int64_t kNone = std::numeric_limits<int64_t>::min();
    int64_t all_max = kNone, inexact_max = kNone;
    for (size_t i = begin; i < end; ++i) {
      const SortedRun& run = *runs[order[i]];
      const bool has_before = i > begin && (run.exact ? inexact_max : all_max) >= run.min_ts_ns;
      collapses[i - begin] = has_before || (!run.exact && !run.distinct);
      all_max = std::max(all_max, run.max_ts_ns);
      if (!run.exact) inexact_max = std::max(inexact_max, run.max_ts_ns);
    }
    constexpr int64_t kLate = std::numeric_limits<int64_t>::max();
    int64_t all_min = kLate, inexact_min = kLate;
    for (size_t i = end; i-- > begin;) {
      const SortedRun& run = *runs[order[i]];
      if (i + 1 < end && (run.exact ? inexact_min : all_min) <= run.max_ts_ns) {
        collapses[i - begin] = true;
      }
      all_min = run.min_ts_ns;
      if (!run.exact) inexact_min = run.min_ts_ns;
    }
    for (size_t i = begin; i < end; ++i) {
      if (collapses[i - begin]) found.push_back(order[i]);
    }
    begin = end;
  }
  std::sort(found.begin(), found.end());
  return found;
}

MergeCursor::MergeCursor(std::unique_ptr<ScanContext> context,
                         std::vector<std::unique_ptr<SortedRun>> runs, bool collapse)
    : context_(std::move(context)),
      backward_(context_->request.direction == logql::Direction::kBackward),
      runs_(std::move(runs)),
      left_(context_->request.limit > 0 ? context_->request.limit
                                        : std::numeric_limits<uint64_t>::max()) {
  if (collapse) {
    for (const size_t run : RunsToCollapse(runs_)) {
      collapses_.resize(runs_.size());
      collapses_[run] = true;
      runs_[run]->compares = true;
    }
  }
  in_buckets_ = context_->request.bucket_width_ns > 0 && !backward_ && collapses_.empty();
  order_.resize(runs_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::stable_sort(order_.begin(), order_.end(),
                   [this](uint32_t a, uint32_t b) { return KeyOf(*runs_[a]) < KeyOf(*runs_[b]); });
  std::vector<SortedRun*> in_order;
  for (const uint32_t run : order_) in_order.push_back(runs_[run].get());
  loads_.emplace(&context_->request, std::move(in_order));
}

void MergeCursor::TakeKey(Item* item) const {
  const SortedRun& run = *runs_[item->run];
  item->key = backward_ ? ~run.time(item->at) : run.time(item->at);
  item->tie = backward_ ? ~run.tie(item->at) : run.tie(item->at);
  item->group = backward_ ? ~run.group : run.group;
}

bool MergeCursor::Advance(Item* item) const {
  if (backward_) {
    if (item->at == 0) return false;
    --item->at;
  } else if (++item->at == runs_[item->run]->size()) {
    return false;
  }
  TakeKey(item);
  return true;
}

void MergeCursor::SiftUp(size_t at) {
  Item item = heap_[at];
  for (; at > 0; at = (at - 1) / 2) {
    const Item& parent = heap_[(at - 1) / 2];
    if (!Before(item, parent)) break;
    heap_[at] = parent;
  }
  heap_[at] = item;
}

void MergeCursor::SiftDown(size_t at) {
  Item item = heap_[at];
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], item)) break;
    heap_[at] = heap_[child];
    at = child;
  }
  heap_[at] = item;
}

void MergeCursor::Finish(uint32_t run) {
  done_bytes_ += runs_[run]->bytes();
  done_.push_back(std::move(runs_[run]));
  loads_->Widen();
}

void MergeCursor::PopTop() {
  Finish(heap_[0].run);
  heap_[0] = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) SiftDown(0);
}

Result<std::optional<MergeCursor::Item>> MergeCursor::LoadNext() {
  const uint32_t number = order_[next_++];
  SortedRun& run = *runs_[number];
  Status status = loads_->LoadNext(&context_->stats);
  if (status.code() == Code::kData) {
    context_->stats.warnings.push_back(status.message());
  } else if (!status.ok()) {
    return status;
  }
  if (!status.ok() || run.size() == 0) {
    runs_[number] = nullptr;
    loads_->Widen();
    return std::optional<Item>();
  }
  Item item{0, 0, 0, number, backward_ ? run.size() - 1 : 0};
  TakeKey(&item);
  return std::optional<Item>(item);
}

std::optional<MergeCursor::TextHash> MergeCursor::HashOf(const Place& place) {
  if (!context_->request.want_lines) {
    Status status = loads_->LoadText(place.run);
    if (!status.ok()) {
      // Said once, not for every entry of the block.
      auto& warnings = context_->stats.warnings;
      if (warnings.empty() || warnings.back() != status.message()) {
        warnings.push_back(status.message());
      }
      return std::nullopt;
    }
  }
  logql::Entry entry{};
  place.run->Text(place.at, &entry);
  return TextHash{Hash64(entry.line), Hash64(entry.meta, entry.line.size() + 1)};
}

bool MergeCursor::IsNew(Equals* equals, const Place& place) {
  if (!equals->hashed) {
    equals->all_exact &= place.run->exact;
    if (equals->unhashed.empty() || equals->all_exact) {
      equals->unhashed.push_back(place);
      return true;
    }
    equals->hashed = true;
    for (const Place& earlier : equals->unhashed) IsNewText(equals, earlier);
  }
  return IsNewText(equals, place);
}

bool MergeCursor::IsNewText(Equals* equals, const Place& place) {
  std::optional<TextHash> hash = HashOf(place);
  if (!hash) return true;
  auto [found, is_new] = equals->seen.try_emplace(*hash, !place.run->exact);
  if (is_new) return true;
  return place.run->exact && !std::exchange(found->second, false);
}

bool MergeCursor::IsRepeat(const Item& item) {
  SortedRun* run = runs_[item.run].get();
  Place place{run, item.at};
  if (!at_time_ || item.key != time_key_) {
    if (!equals_.empty()) equals_.clear();
    at_time_ = true;
    time_key_ = item.key;
    first_stream_ = run->stream;
    first_ = place;
    return false;
  }
  if (equals_.empty()) IsNew(&equals_[first_stream_], first_);
  return !IsNew(&equals_[run->stream], place);
}

void MergeCursor::Give(const SortedRun& run, size_t at, std::vector<logql::Entry>* batch) const {
  logql::Entry& entry = batch->emplace_back(logql::Entry{run.time(at), run.stream, {}, {}});
  if (context_->request.want_lines) run.Text(at, &entry);
}

Status MergeCursor::Next(std::vector<logql::Entry>* batch) {
  size_t limit = batch->capacity() < kBatch ? kFirstBatch : kBatch;
  batch->clear();
  if (left_ == 0) return Status::Ok();
  batch->reserve(batch->capacity() == 0 ? kFirstBatch : kBatch);
  limit = std::min<uint64_t>(limit, left_);
  GLP_RETURN_IF_ERROR(in_buckets_ ? NextInBuckets(limit, batch) : NextInOrder(limit, batch));
  left_ -= batch->size();
  return Status::Ok();
}

int64_t MergeCursor::BucketEnd(int64_t ts_ns) const {
  const logql::ScanRequest& request = context_->request;
  using Wide = __int128;
  const Wide behind = Wide{ts_ns} - request.bucket_first_ns;
  Wide buckets = behind / request.bucket_width_ns;
  if (behind > buckets * request.bucket_width_ns) ++buckets;
  const Wide end = request.bucket_first_ns + buckets * request.bucket_width_ns;
  return static_cast<int64_t>(std::min<Wide>(end, std::numeric_limits<int64_t>::max()));
}

Result<bool> MergeCursor::OpenBucket() {
  for (;;) {
    if (heap_.empty() && next_ == order_.size()) return false;
    int64_t first_ns = next_ < order_.size() ? runs_[order_[next_]]->min_ts_ns
                                             : std::numeric_limits<int64_t>::max();
    for (const Item& item : heap_) first_ns = std::min(first_ns, item.key);
    bucket_end_ns_ = BucketEnd(first_ns);
    while (next_ < order_.size() && runs_[order_[next_]]->min_ts_ns <= bucket_end_ns_) {
      GLP_ASSIGN_OR_RETURN(const std::optional<Item> item, LoadNext());
      if (item) heap_.push_back(*item);
    }
    in_bucket_ = 0;
    if (!heap_.empty()) return true;
  }
}

Status MergeCursor::NextInBuckets(size_t limit, std::vector<logql::Entry>* batch) {
  done_.clear();
  done_bytes_ = 0;
  while (batch->size() < limit) {
    if (done_bytes_ > kMaxDoneBytes && !batch->empty()) break;
    if (in_bucket_ == heap_.size()) {
      GLP_ASSIGN_OR_RETURN(const bool has_bucket, OpenBucket());
      if (!has_bucket) break;
    }
    Item& item = heap_[in_bucket_];
    const SortedRun& run = *runs_[item.run];
    const size_t size = run.size();
    size_t at = item.at;
    for (; at < size && run.time(at) <= bucket_end_ns_ && batch->size() < limit; ++at) {
      Give(run, at, batch);
    }
    item.at = at;
    if (at == size) {
      Finish(item.run);
      item = heap_.back();
      heap_.pop_back();
      continue;
    }
    item.key = run.time(at);
    if (item.key > bucket_end_ns_) ++in_bucket_;
  }
  return Status::Ok();
}

Status MergeCursor::NextInOrder(size_t limit, std::vector<logql::Entry>* batch) {
  const bool stays_at_time =
      at_time_ && (NeedsRunBefore(time_key_) || (!heap_.empty() && heap_[0].key == time_key_));
  if (!stays_at_time) {
    done_.clear();
    done_bytes_ = 0;
  }
  while (batch->size() < limit) {
    if (done_bytes_ > kMaxDoneBytes && !batch->empty()) break;
    if (heap_.empty() ? next_ < order_.size() : NeedsRunBefore(heap_[0].key)) {
      GLP_ASSIGN_OR_RETURN(const std::optional<Item> item, LoadNext());
      if (!item) continue;
      heap_.push_back(*item);
      SiftUp(heap_.size() - 1);
      continue;
    }
    if (heap_.empty()) break;
    Item& top = heap_[0];
    const SortedRun& run = *runs_[top.run];
    const bool collapses = !collapses_.empty() && collapses_[top.run];
    // The next best run; the top run is read without touching the heap until it falls behind.
    const Item* other = heap_.size() > 1 ? &heap_[1] : nullptr;
    if (heap_.size() > 2 && Before(heap_[2], heap_[1])) other = &heap_[2];
    const bool has_next = next_ < order_.size();
    const int64_t next_key = has_next ? KeyOf(*runs_[order_[next_]]) : 0;
    bool more = true;
    do {
      if (!collapses || !IsRepeat(top)) {
        Give(run, top.at, batch);
      } else {
        ++context_->stats.duplicates;
      }
      more = Advance(&top);
    } while (more && batch->size() < limit && (other == nullptr || Before(top, *other)) &&
             (!has_next || top.key < next_key));
    if (more) {
      SiftDown(0);
    } else {
      PopTop();
    }
  }
  return Status::Ok();
}

}  // namespace glp::pack
