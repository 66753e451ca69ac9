#include "held_positions.h"

#include <algorithm>

namespace glp::filter {

HeldPositions::File& HeldPositions::FileOf(std::string_view id) {
  if (last_file_ != nullptr && last_file_->first == id) return last_file_->second;
  auto it = files_.find(id);
  if (it == files_.end()) {
    constexpr size_t kMaxFiles = 100'000;
    if (files_.size() >= kMaxFiles) {
      std::erase_if(files_, [](const auto& file) { return file.second.held.empty(); });
    }
    it = files_.emplace(std::string(id), File()).first;
  }
  last_file_ = &*it;
  return it->second;
}

uint64_t HeldPositions::File::FirstHeld() const {
  if (held.empty()) return UINT64_MAX;
  if (is_sorted) return held.begin()->second;
  return std::min_element(held.begin(), held.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->second;
}

uint64_t HeldPositions::Begin(const Record& record) {
  ++number_;
  const Source source = ParseSource(record.src);
  if (source.id.empty()) return number_;
  File& file = FileOf(source.id);
  const uint64_t start = file.last < source.next ? file.last : 0;
  file.is_sorted = file.held.empty() || (file.is_sorted && file.held.rbegin()->second <= start);
  file.held.emplace(number_, start);
  file.last = source.next;
  file.newest = std::max(file.newest, record.pos == Record::kPosIsNext ? source.next : record.pos);
  return number_;
}

bool HeldPositions::Leave(uint64_t number, bool was_held, Record* record) {
  const Source source = ParseSource(record->src);
  if (source.id.empty()) return false;
  File& file = FileOf(source.id);
  file.held.erase(number);
  uint64_t pos = was_held                            ? file.newest
                 : record->pos == Record::kPosIsNext ? source.next
                                                     : record->pos;
  pos = std::min(pos, file.FirstHeld());
  // One that comes behind younger ones says its position in any case: else a sink would take the
  // order for a mistake.
  const bool is_late = was_held && source.next < file.left;
  file.left = std::max(file.left, source.next);
  const uint64_t said = pos == source.next && !is_late ? Record::kPosIsNext : pos;
  if (said == record->pos) return false;
  record->pos = said;
  return true;
}

bool HeldPositions::OnMark(const Mark& mark) {
  const Source source = ParseSource(mark.src);
  if (source.id.empty()) return true;
  File& file = FileOf(source.id);
  switch (mark.kind) {
    case Mark::Kind::kFile:
      file.last = file.newest = ReadMarkWords(mark).start;
      file.left = 0;
      return true;
    case Mark::Kind::kGap:
      file.last = file.newest = source.next;
      file.left = std::min(file.left, source.next);
      return true;
    case Mark::Kind::kPos:
      file.last = source.next;
      file.newest = std::max(file.newest, source.next);
      return file.held.empty();
    case Mark::Kind::kEnd:
    case Mark::Kind::kOther:
      break;
  }
  return true;
}

}  // namespace glp::filter
