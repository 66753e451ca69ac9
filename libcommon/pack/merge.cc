#include "pack/merge.h"

#include <algorithm>
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
    : request(std::move(scan)), search(MadeToRun(request.line_filters)) {}

MergeCursor::MergeCursor(std::unique_ptr<ScanContext> context,
                         std::vector<std::unique_ptr<SortedRun>> runs, bool collapse)
    : context_(std::move(context)),
      backward_(context_->request.direction == logql::Direction::kBackward),
      collapse_(collapse &&
                std::any_of(runs.begin(), runs.end(), [](const auto& run) { return !run->exact; })),
      runs_(std::move(runs)) {
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

void MergeCursor::PopTop() {
  std::unique_ptr<SortedRun> run = std::move(runs_[heap_[0].run]);
  done_bytes_ += run->bytes();
  done_.push_back(std::move(run));
  heap_[0] = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) SiftDown(0);
  loads_->Widen();
}

Status MergeCursor::LoadNext() {
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
    return Status::Ok();
  }
  Item item{0, 0, 0, number, backward_ ? run.size() - 1 : 0};
  TakeKey(&item);
  heap_.push_back(item);
  SiftUp(heap_.size() - 1);
  return Status::Ok();
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

Status MergeCursor::Next(std::vector<logql::Entry>* batch) {
  size_t limit = batch->capacity() < kBatch ? kFirstBatch : kBatch;
  batch->clear();
  batch->reserve(batch->capacity() == 0 ? kFirstBatch : kBatch);
  const bool stays_at_time =
      at_time_ && (NeedsRunBefore(time_key_) || (!heap_.empty() && heap_[0].key == time_key_));
  if (!stays_at_time) {
    done_.clear();
    done_bytes_ = 0;
  }
  bool want_lines = context_->request.want_lines;
  while (batch->size() < limit) {
    if (done_bytes_ > kMaxDoneBytes && !batch->empty()) break;
    if (heap_.empty() ? next_ < order_.size() : NeedsRunBefore(heap_[0].key)) {
      GLP_RETURN_IF_ERROR(LoadNext());
      continue;
    }
    if (heap_.empty()) break;
    Item& top = heap_[0];
    const SortedRun& run = *runs_[top.run];
    // The next best run; the top run is read without touching the heap until it falls behind.
    const Item* other = heap_.size() > 1 ? &heap_[1] : nullptr;
    if (heap_.size() > 2 && Before(heap_[2], heap_[1])) other = &heap_[2];
    const bool has_next = next_ < order_.size();
    const int64_t next_key = has_next ? KeyOf(*runs_[order_[next_]]) : 0;
    bool more = true;
    do {
      if (!collapse_ || !IsRepeat(top)) {
        logql::Entry& entry =
            batch->emplace_back(logql::Entry{run.time(top.at), run.stream, {}, {}});
        if (want_lines) run.Text(top.at, &entry);
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
