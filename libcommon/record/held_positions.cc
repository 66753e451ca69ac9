#include "record/held_positions.h"

#include <algorithm>

namespace glp {
namespace {

// Of more files than these, those of which nothing is held are forgotten: where a line that is held
// then begins is not known, and its file's positions stay until it has left.
constexpr size_t kMaxFiles = 100'000;

}  // namespace

void HeldPositions::File::Begin(uint64_t number, uint64_t next, uint64_t pos) {
  const uint64_t start = last_ < next ? last_ : 0;
  is_sorted_ = holds_nothing() || (is_sorted_ && held_.back().start <= start);
  held_.push_back({number, start});
  last_ = next;
  newest_ = std::max(newest_, pos == Record::kPosIsNext ? next : pos);
}

HeldPositions::File::Line* HeldPositions::File::Find(uint64_t number) {
  auto line = std::lower_bound(held_.begin() + static_cast<ptrdiff_t>(head_), held_.end(), number,
                               [](const Line& l, uint64_t n) { return l.number < n; });
  return line != held_.end() && line->number == number ? &*line : nullptr;
}

void HeldPositions::File::Forget(uint64_t number) {
  if (holds_nothing()) return;
  if (held_.back().number == number) {
    held_.pop_back();
  } else if (held_[head_].number == number) {
    ++head_;
  } else if (Line* line = Find(number)) {
    held_.erase(held_.begin() + (line - held_.data()));
  }
  // The front is given back when it is half of all.
  if (head_ * 2 > held_.size()) {
    held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

void HeldPositions::File::Abandon(uint64_t number) {
  if (Line* line = Find(number)) line->abandoned = true;
}

uint64_t HeldPositions::File::FirstHeld() const {
  if (holds_nothing()) return UINT64_MAX;
  if (is_sorted_) return held_[head_].start;
  return std::min_element(held_.begin() + static_cast<ptrdiff_t>(head_), held_.end(),
                          [](const Line& a, const Line& b) { return a.start < b.start; })
      ->start;
}

uint64_t HeldPositions::File::Leave(uint64_t number, uint64_t next, uint64_t pos, bool was_held) {
  Forget(number);
  uint64_t said = was_held ? newest_ : pos == Record::kPosIsNext ? next : pos;
  said = std::min(said, FirstHeld());
  // A line that comes behind younger ones says its position in any case: else a sink would take the
  // order for a mistake.
  const bool is_late = was_held && next < left_;
  left_ = std::max(left_, next);
  return said == next && !is_late ? Record::kPosIsNext : said;
}

bool HeldPositions::File::OnMark(Mark::Kind kind, uint64_t next, uint64_t start) {
  switch (kind) {
    case Mark::Kind::kFile:
      // What is said of it anew counts.
      last_ = newest_ = start;
      left_ = 0;
      held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(head_));
      head_ = 0;
      std::erase_if(held_, [](const Line& line) { return line.abandoned; });
      return true;
    case Mark::Kind::kGap:
      last_ = newest_ = next;
      left_ = std::min(left_, next);
      return true;
    case Mark::Kind::kPos:
      last_ = next;
      newest_ = std::max(newest_, next);
      return holds_nothing();
    case Mark::Kind::kEnd:
    case Mark::Kind::kOther:
      break;
  }
  return true;
}

HeldPositions::File& HeldPositions::FileOf(std::string_view id) {
  if (last_file_ != nullptr && last_id_ == id) return *last_file_;
  auto it = files_.find(id);
  if (it == files_.end()) {
    if (files_.size() >= kMaxFiles) {
      std::erase_if(files_, [](const auto& file) { return file.second.holds_nothing(); });
    }
    it = files_.emplace(std::string(id), File()).first;
  }
  last_id_ = id;
  return *(last_file_ = &it->second);
}

HeldPositions::File* HeldPositions::Find(std::string_view id) {
  if (last_file_ != nullptr && last_id_ == id) return last_file_;
  auto it = files_.find(id);
  return it == files_.end() ? nullptr : &it->second;
}

uint64_t HeldPositions::Begin(const Record& record) {
  ++number_;
  const Source source = ParseSource(record.src);
  if (!source.id.empty()) FileOf(source.id).Begin(number_, source.next, record.pos);
  return number_;
}

bool HeldPositions::Leave(uint64_t number, bool was_held, Record* record) {
  const Source source = ParseSource(record->src);
  if (source.id.empty()) return false;
  const uint64_t pos = FileOf(source.id).Leave(number, source.next, record->pos, was_held);
  if (pos == record->pos) return false;
  record->pos = pos;
  return true;
}

bool HeldPositions::OnMark(const Mark& mark) {
  const Source source = ParseSource(mark.src);
  if (source.id.empty()) return true;
  const uint64_t start = mark.kind == Mark::Kind::kFile ? ReadMarkWords(mark).start : 0;
  return FileOf(source.id).OnMark(mark.kind, source.next, start);
}

}  // namespace glp
