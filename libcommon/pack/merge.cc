#include "pack/merge.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace glp::pack {
namespace {

// The first batch is small so that a query of few lines stops early.
constexpr size_t kFirstBatch = 256;
constexpr size_t kBatch = 4096;
// A batch ends early when the runs that it keeps alive hold this much.
constexpr size_t kMaxDoneBytes = 16 << 20;

}  // namespace

MergeCursor::MergeCursor(std::unique_ptr<ScanContext> context,
                         std::vector<std::unique_ptr<SortedRun>> runs, bool collapse)
    : context_(std::move(context)),
      backward_(context_->request.direction == logql::Direction::kBackward),
      collapse_(collapse &&
                std::any_of(runs.begin(), runs.end(), [](const auto& run) { return !run->exact; })),
      runs_(std::move(runs)) {
  heap_.reserve(runs_.size());
  for (uint32_t i = 0; i < runs_.size(); ++i) {
    const SortedRun& run = *runs_[i];
    Item item{backward_ ? ~run.max_ts_ns : run.min_ts_ns, 0, 0, i, false, 0};
    heap_.push_back(item);
  }
  for (size_t i = heap_.size() / 2; i-- > 0;) SiftDown(i);
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
  if (run != nullptr && run->size() > 0) {
    done_bytes_ += run->bytes();
    done_.push_back(std::move(run));
  }
  heap_[0] = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) SiftDown(0);
}

Status MergeCursor::LoadTop() {
  Item& top = heap_[0];
  SortedRun& run = *runs_[top.run];
  Status status = run.Load(context_.get());
  if (status.code() == Code::kData) {
    context_->stats.warnings.push_back(status.message());
  } else if (!status.ok()) {
    return status;
  }
  if (!status.ok()) runs_[top.run] = nullptr;
  if (runs_[top.run] == nullptr || run.size() == 0) {
    PopTop();
    return Status::Ok();
  }
  top.loaded = true;
  top.at = backward_ ? run.size() - 1 : 0;
  TakeKey(&top);
  SiftDown(0);
  return Status::Ok();
}

std::optional<MergeCursor::TextHash> MergeCursor::HashOf(const Place& place) {
  if (!context_->request.want_lines) {
    Status status = place.run->LoadText(context_.get());
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
  if (heap_.empty() || heap_[0].key != time_key_) {
    done_.clear();
    done_bytes_ = 0;
  }
  bool want_lines = context_->request.want_lines;
  while (!heap_.empty() && batch->size() < limit) {
    if (done_bytes_ > kMaxDoneBytes && !batch->empty()) break;
    if (!heap_[0].loaded) {
      GLP_RETURN_IF_ERROR(LoadTop());
      continue;
    }
    Item& top = heap_[0];
    const SortedRun& run = *runs_[top.run];
    // The next best run; the top run is read without touching the heap until it falls behind.
    const Item* other = heap_.size() > 1 ? &heap_[1] : nullptr;
    if (heap_.size() > 2 && Before(heap_[2], heap_[1])) other = &heap_[2];
    bool more = true;
    do {
      if (!collapse_ || !IsRepeat(top)) {
        logql::Entry& entry =
            batch->emplace_back(logql::Entry{run.time(top.at), run.stream, {}, {}});
        if (want_lines) run.Text(top.at, &entry);
      }
      more = Advance(&top);
    } while (more && batch->size() < limit && (other == nullptr || Before(top, *other)));
    if (more) {
      SiftDown(0);
    } else {
      PopTop();
    }
  }
  return Status::Ok();
}

}  // namespace glp::pack
