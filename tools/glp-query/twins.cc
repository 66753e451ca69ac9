#include "twins.h"

#include "base/hash.h"

namespace glp::query {
namespace {

// The same names and values, in whatever order.
bool IsSameMeta(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (a.empty() || b.empty()) return false;
  Result<Labels> left = LabelsFromJson(a), right = LabelsFromJson(b);
  if (!left.ok() || !right.ok()) return false;
  Canonicalize(&*left);
  Canonicalize(&*right);
  return *left == *right;
}

}  // namespace

Twins::Known* Twins::Find(const logql::Entry& entry, uint64_t hash) {
  const auto is_same = [&](const Known& known) {
    return known.hash == hash && known.stream == entry.stream && known.line == entry.line &&
           IsSameMeta(known.meta, entry.meta);
  };
  if (by_hash_.empty()) {
    for (Known& known : known_) {
      if (is_same(known)) return &known;
    }
    return nullptr;
  }
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (is_same(known_[it->second])) return &known_[it->second];
  }
  return nullptr;
}

void Twins::Give(const logql::Entry& entry, size_t source, std::vector<logql::Entry>* given) {
  const uint64_t hash = Hash64(entry.line) ^ entry.stream->hash;
  if (Known* known = Find(entry, hash); known != nullptr) {
    if (known->source != source) known->count = 0;
    known->source = source;
    if (++known->count > known->given) {
      known->given = known->count;
      known->at = given->size();
      given->push_back(entry);
    } else if (known->at != kGone && (*given)[known->at].fields.empty()) {
      (*given)[known->at].fields = entry.fields;
    }
    return;
  }
  known_.push_back({entry.stream, entry.line, entry.meta, hash, source, 1, 1, given->size()});
  given->push_back(entry);
  if (!by_hash_.empty()) {
    by_hash_.emplace(hash, known_.size() - 1);
  } else if (known_.size() > kFewEntries) {
    for (size_t i = 0; i < known_.size(); ++i) by_hash_.emplace(known_[i].hash, i);
  }
}

void Twins::Leave() {
  for (Known& known : known_) known.at = kGone;
}

void Twins::Clear() {
  known_.clear();
  if (!by_hash_.empty()) by_hash_.clear();
  if (owned_ > 0) arena_.Reset();
  owned_ = 0;
}

void Twins::Own() {
  for (; owned_ < known_.size(); ++owned_) {
    known_[owned_].line = arena_.Copy(known_[owned_].line);
    known_[owned_].meta = arena_.Copy(known_[owned_].meta);
  }
}

}  // namespace glp::query
