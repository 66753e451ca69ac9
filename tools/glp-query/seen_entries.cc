#include "seen_entries.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "record/labels.h"

namespace glp::query {
namespace {

// One bit more than a separator: a name never ends where another's value begins.
uint64_t PairHash(std::string_view name, std::string_view value, uint64_t seed) {
  return Hash64(value, Hash64(name, seed));
}

}  // namespace

SeenEntries::Key SeenEntries::LabelsKey(const logql::Entry& entry) {
  Key key{0, 0};
  const auto add = [&key](const Labels& labels) {
    for (const Label& label : labels) {
      key.a += PairHash(label.name, label.value, 1);
      key.b += PairHash(label.name, label.value, 2);
    }
  };
  add(entry.stream->labels);
  for (const std::string_view json : {entry.meta, entry.fields}) {
    if (json.empty()) continue;
    if (const Result<Labels> labels = LabelsFromJson(json); labels.ok()) add(*labels);
  }
  return key;
}

SeenEntries::Key SeenEntries::KeyOf(const logql::Entry& entry) {
  const Key labels = LabelsKey(entry);
  const auto time = static_cast<uint64_t>(entry.ts_ns);
  return {Hash64(entry.line, labels.a ^ time), Hash64(entry.line, labels.b + time)};
}

bool SeenEntries::Add(const logql::Entry& entry) {
  if (!times_.try_emplace(KeyOf(entry), entry.ts_ns).second) return false;
  if (times_.size() >= next_sweep_) {
    std::erase_if(times_, [this](const auto& one) { return one.second < wanted_from_ns_; });
    floor_ns_ = std::max(floor_ns_, wanted_from_ns_);
    if (times_.size() > most_) {
      std::vector<int64_t> times;
      for (const auto& [key, ts_ns] : times_) times.push_back(ts_ns);
      const auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
      std::nth_element(times.begin(), middle, times.end());
      floor_ns_ = std::max(floor_ns_, *middle);
      std::erase_if(times_, [this](const auto& one) { return one.second < floor_ns_; });
    }
    next_sweep_ = std::clamp<size_t>(times_.size() * 2, 1024, std::max<size_t>(most_ + 1, 1024));
    if (times_.size() > most_) next_sweep_ = times_.size() * 2;  // all of one time
  }
  return true;
}

void SeenEntries::Forget(int64_t before_ns) {
  wanted_from_ns_ = std::max(wanted_from_ns_, before_ns);
}

}  // namespace glp::query
