#include "order_buffer.h"

#include <algorithm>
#include <utility>

namespace glp::query {
namespace {

using Wide = __int128;  // sums of any two times fit

constexpr size_t kChunkBytes = 256 << 10;

int64_t Clamp(Wide value) {
  return static_cast<int64_t>(std::clamp<Wide>(value, std::numeric_limits<int64_t>::min(),
                                               std::numeric_limits<int64_t>::max()));
}

// How many multiples of the step lie between `phase` and in front of `at`, rounded up.
Wide Index(int64_t at, int64_t phase, int64_t step_ns) {
  const Wide distance = Wide{at} - phase;
  return distance >= 0 ? (distance + step_ns - 1) / step_ns : distance / step_ns;
}

bool IsEarlier(const OrderBuffer::Kept& a, const OrderBuffer::Kept& b) { return a.ts_ns < b.ts_ns; }

}  // namespace

WindowEdges::WindowEdges(int64_t start_ns, int64_t step_ns, const std::vector<Window>& windows)
    : step_ns_(step_ns) {
  const auto phase = [&](Wide at) { return static_cast<int64_t>(at % step_ns); };
  for (const Window& window : windows) {
    ends_.push_back(phase(Wide{start_ns} - window.offset_ns));
    starts_.push_back(phase(Wide{start_ns} - window.offset_ns - window.range_ns));
  }
}

bool WindowEdges::LieBetween(int64_t a, int64_t b) const {
  if (step_ns_ == 0) return a != b;
  for (const std::vector<int64_t>* phases : {&ends_, &starts_}) {
    for (const int64_t phase : *phases) {
      if (Index(a, phase, step_ns_) != Index(b, phase, step_ns_)) return true;
    }
  }
  return false;
}

std::optional<int64_t> WindowEdges::NextEnd(int64_t at) const {
  std::optional<int64_t> next;
  for (const int64_t phase : ends_) {
    const int64_t end = Clamp(phase + Index(at, phase, step_ns_) * step_ns_);
    if (!next || end < *next) next = end;
  }
  return next;
}

logql::Entry OrderBuffer::Kept::entry() const {
  const char* meta = text + line_size;
  return {ts_ns, stream, {text, line_size}, {meta, meta_size}, {meta + meta_size, fields_size}};
}

OrderBuffer::Kept OrderBuffer::Keep(const logql::Entry& entry) {
  const size_t size = entry.line.size() + entry.meta.size() + entry.fields.size();
  if (chunks_.empty() || chunks_.back()->size - chunks_.back()->used < size) {
    const size_t bytes = std::max(size, kChunkBytes);
    chunks_.push_back(
        std::make_unique<Chunk>(Chunk{std::make_unique_for_overwrite<char[]>(bytes), bytes}));
  }
  Chunk* chunk = chunks_.back().get();
  char* text = chunk->bytes.get() + chunk->used;
  char* at = text;
  for (const std::string_view part : {entry.line, entry.meta, entry.fields}) {
    at += part.copy(at, part.size());
  }
  chunk->used += size;
  ++chunk->live;
  held_bytes_ += size + kEntryBytes;
  return {entry.ts_ns,
          entry.stream,
          text,
          static_cast<uint32_t>(entry.line.size()),
          static_cast<uint32_t>(entry.meta.size()),
          static_cast<uint32_t>(entry.fields.size()),
          chunk};
}

void OrderBuffer::Release(const std::vector<Kept>& entries) {
  for (const Kept& kept : entries) --kept.chunk->live;
  while (chunks_.size() > 1 && chunks_.front()->live == 0) chunks_.pop_front();
  // An entry far behind its time must not keep all that came after it.
  if (chunks_.size() > 64) {
    const Chunk* last = chunks_.back().get();
    std::erase_if(chunks_, [last](const std::unique_ptr<Chunk>& chunk) {
      return chunk->live == 0 && chunk.get() != last;
    });
  }
  if (chunks_.size() == 1 && chunks_.front()->live == 0) {
    chunks_.front()->used = 0;
    if (chunks_.front()->size > kChunkBytes) chunks_.clear();
  }
}

int64_t OrderBuffer::BacklogEnd() const {
  return std::min(last_old_ns_ + std::max(options_.delay_ns, kLeastPauseNs),
                  first_arrival_ns_ + std::max(options_.delay_ns, kMostBacklogNs));
}

void OrderBuffer::Add(const std::vector<logql::Entry>& entries, int64_t oldest_ns,
                      int64_t newest_ns, int64_t now_ns, int64_t wall_ns,
                      const std::function<void(int64_t ts_ns)>& late) {
  if (!has_arrivals_) first_arrival_ns_ = last_old_ns_ = now_ns;
  has_arrivals_ = true;
  if (oldest_ns < options_.started_wall_ns) last_old_ns_ = now_ns;
  const int64_t known_ns = !waiting_.empty() ? waiting_.back().newest_ns
                           : newest_         ? newest_->newest_ns
                                             : kNever;
  const int64_t newest_now_ns = std::min(newest_ns, wall_ns);
  if (newest_now_ns > known_ns) waiting_.push_back({now_ns, newest_now_ns});
  for (const logql::Entry& entry : entries) {
    if (entry.ts_ns >= time_ns_) {
      held_.push_back(Keep(entry));
    } else if (!edges_.LieBetween(entry.ts_ns, time_ns_)) {
      held_.push_back(Keep(entry));
      held_.back().ts_ns = time_ns_;
    } else {
      late(entry.ts_ns);
    }
  }
}

void OrderBuffer::Sort() {
  if (sorted_ == held_.size()) return;
  const auto tail = held_.begin() + static_cast<ptrdiff_t>(sorted_);
  if (!std::is_sorted(tail, held_.end(), IsEarlier)) {
    std::stable_sort(tail, held_.end(), IsEarlier);
  }
  // Only what lies behind the tail's first entry must make room.
  const auto from =
      std::upper_bound(held_.begin() + static_cast<ptrdiff_t>(first_), tail, *tail, IsEarlier);
  if (from != tail) std::inplace_merge(from, tail, held_.end(), IsEarlier);
  sorted_ = held_.size();
}

void OrderBuffer::TakeUpTo(int64_t ts_ns, std::vector<Kept>* out) {
  Sort();
  while (first_ < held_.size() && held_[first_].ts_ns <= ts_ns) {
    const Kept& kept = held_[first_++];
    held_bytes_ -= size_t{kept.line_size} + kept.meta_size + kept.fields_size + kEntryBytes;
    out->push_back(kept);
  }
  if (first_ == held_.size()) {
    held_.clear();
    first_ = 0;
  } else if (first_ > held_.size() / 2) {
    held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
  sorted_ = held_.size();
}

void OrderBuffer::MakeRoom(std::vector<Kept>* out) {
  if (held_bytes_ <= options_.max_bytes) return;
  Sort();
  // Down to three quarters, so that this is done seldom.
  size_t bytes = held_bytes_;
  size_t at = first_;
  for (; at + 1 < held_.size() && bytes > options_.max_bytes / 4 * 3; ++at) {
    const Kept& kept = held_[at];
    bytes -= size_t{kept.line_size} + kept.meta_size + kept.fields_size + kEntryBytes;
  }
  time_ns_ = std::max(time_ns_, held_[at].ts_ns);
  TakeUpTo(time_ns_, out);
}

void OrderBuffer::Take(int64_t now_ns, int64_t wall_ns, std::vector<Kept>* out) {
  if (!has_arrivals_) return;
  while (!waiting_.empty() && now_ns - waiting_.front().now_ns >= options_.delay_ns) {
    newest_ = waiting_.front();
    waiting_.pop_front();
  }
  if (is_backlog_ && !IsBacklogOver(now_ns)) return MakeRoom(out);
  is_backlog_ = false;
  if (newest_) {
    const Wide gone_ns = Wide{now_ns} - newest_->now_ns - options_.delay_ns;
    const int64_t time_ns = std::min(Clamp(newest_->newest_ns + gone_ns), wall_ns);
    time_ns_ = std::max(time_ns_, time_ns);
  }
  if (time_ns_ != kNever) TakeUpTo(time_ns_, out);
  MakeRoom(out);
}

void OrderBuffer::TakeAll(std::vector<Kept>* out) {
  TakeUpTo(std::numeric_limits<int64_t>::max(), out);
}

std::optional<int64_t> OrderBuffer::Wait(int64_t now_ns, int64_t wall_ns) const {
  if (!has_arrivals_) return std::nullopt;
  if (is_backlog_) return std::max<int64_t>(BacklogEnd() - now_ns, 0);
  std::optional<int64_t> wait;
  if (!waiting_.empty()) {
    wait = std::max<int64_t>(waiting_.front().now_ns + options_.delay_ns - now_ns, 0);
  }
  if (!newest_ || time_ns_ == kNever) return wait;
  const std::optional<int64_t> end_ns = edges_.NextEnd(time_ns_);
  if (!end_ns) return wait;
  // The time must be behind the end, and the wall clock, too.
  const Wide goal = Wide{*end_ns} + 1;
  const Wide gone_ns = Wide{now_ns} - newest_->now_ns - options_.delay_ns;
  const Wide left_ns = goal - std::min(newest_->newest_ns + gone_ns, Wide{wall_ns});
  const int64_t end_wait = std::max<int64_t>(Clamp(left_ns), 0);
  return wait ? std::min(*wait, end_wait) : end_wait;
}

}  // namespace glp::query
