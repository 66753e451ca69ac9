#include "value_watch.h"

#include <algorithm>

#include "base/hash.h"

namespace glp::label {
namespace {

constexpr size_t kMaxNames = 1000;
constexpr size_t kShown = 5;
constexpr size_t kMaxShownBytes = 80;

// The value, of a long one its beginning.
std::string Shown(std::string_view value) {
  if (value.size() <= kMaxShownBytes) return std::string(value);
  size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
  return std::string(value.substr(0, end)) + "…";
}

using Counts = std::vector<std::pair<std::string, uint64_t>>;

Counts MostFrequent(Counts all, size_t count) {
  const size_t size = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(size), all.end(),
                    [](const auto& a, const auto& b) {
                      return a.second != b.second ? a.second > b.second : a.first < b.first;
                    });
  all.resize(size);
  return all;
}

}  // namespace

void SpaceSaving::Add(std::string_view text, uint64_t count) {
  if (const auto it = counters_.find(text); it != counters_.end()) {
    it->second += count;
    return;
  }
  if (counters_.size() >= limit_) {
    const auto smallest =
        std::min_element(counters_.begin(), counters_.end(), [](const auto& a, const auto& b) {
          return std::pair(a.second, std::string_view(a.first)) <
                 std::pair(b.second, std::string_view(b.first));
        });
    count += smallest->second;
    counters_.erase(smallest);
  }
  counters_.emplace(std::string(text), count);
}

std::vector<std::pair<std::string, uint64_t>> SpaceSaving::Top(size_t count) const {
  return MostFrequent({counters_.begin(), counters_.end()}, count);
}

void ValueWatch::Meet(const LabelSet& set) {
  for (const Label& label : set.labels) {
    auto it = labels_.find(label.name);
    if (it == labels_.end()) {
      if (labels_.size() >= kMaxNames) {
        if (!warned_of_names_) {
          warnings_.push_back("there are more than " + std::to_string(kMaxNames) +
                              " names of labels; the values of '" + Shown(label.name) +
                              "' and of further ones are not watched");
        }
        warned_of_names_ = true;
        continue;
      }
      it = labels_.emplace(label.name, Watched()).first;
    }
    Watched& watched = it->second;
    if (watched.warned) continue;
    watched.values.insert(Hash64(label.value));
    if (watched.values.size() <= max_values_) continue;
    Warn(label.name, watched);
    watched.warned = true;
    watched.values = {};
    watched.frequent = SpaceSaving(0);
  }
}

void ValueWatch::Warn(std::string_view name, const Watched& watched) {
  // All of this generation's sets are still there: their sums by value are exact, and what earlier
  // ones had is added where it is remembered.
  StringMap<uint64_t> sums;
  for (const auto& [value, count] : watched.frequent.Top(SIZE_MAX)) sums.emplace(value, count);
  for (const Seen& seen : sets_) {
    if (seen.set == nullptr) continue;
    if (const Label* label = seen.set->Find(name)) sums[Shown(label->value)] += seen.records;
  }
  const auto top = MostFrequent({sums.begin(), sums.end()}, kShown);
  std::string text = "label '" + std::string(name) + "' has more than " +
                     std::to_string(max_values_) + " values; most frequent:";
  for (size_t i = 0; i < top.size(); ++i) {
    text += (i > 0 ? ", '" : " '") + top[i].first + "' (" + std::to_string(top[i].second) + ")";
  }
  warnings_.push_back(text +
                      "; each value is a stream of its own, and servers limit these; --meta " +
                      std::string(name) + " makes it metadata");
}

void ValueWatch::Fold() {
  for (const Seen& seen : sets_) {
    if (seen.set == nullptr) continue;
    for (const Label& label : seen.set->labels) {
      const auto it = labels_.find(label.name);
      if (it == labels_.end() || it->second.warned) continue;
      it->second.frequent.Add(Shown(label.value), seen.records);
    }
  }
  sets_.clear();
}

}  // namespace glp::label
