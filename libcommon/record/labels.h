// Label sets: sorted name-value pairs that say which stream a line belongs to, interned so that a
// stream's labels are parsed once and compared as pointers.
// Lifetime: a LabelSet lives as long as the LabelTable that made it (until Clear).
// Threads:  a LabelTable one at a time; a LabelSet const from any.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/strings.h"

namespace glp {

struct Label {
  std::string name;
  std::string value;
  bool operator==(const Label&) const = default;
};
using Labels = std::vector<Label>;  // canonical: sorted by name, names unique

struct LabelSet {
  uint32_t id;       // dense, from 0, in order of first sight within the table
  uint64_t hash;     // Hash64(json): the same on every machine
  std::string json;  // {"a":"x","b":"y"}: sorted, no blanks; as the record writes it
  Labels labels;

  // "" where there is none, as LogQL reads it.
  std::string_view Get(std::string_view name) const;
  const Label* Find(std::string_view name) const;
};

// Sorts by name; of equal names the last stays.
void Canonicalize(Labels* labels);
std::string LabelsToJson(const Labels& canonical);
// {a="x", b="y"}: as LogQL, Loki's errors and people write it; values quoted as Go does.
std::string LabelsToSelector(const Labels& canonical);
// Flat JSON object of strings, numbers and booleans (which keep their text) to pairs in the order
// of the text. Errors: Code::kData for null, nested values and what is not JSON.
Result<Labels> LabelsFromJson(std::string_view json);

class LabelTable {
 public:
  LabelTable();
  ~LabelTable();
  LabelTable(const LabelTable&) = delete;
  LabelTable& operator=(const LabelTable&) = delete;

  // The set of a raw JSON object; the same bytes are parsed once.
  Result<const LabelSet*> FromJson(std::string_view raw);
  const LabelSet* FromLabels(Labels labels);  // any order
  const LabelSet* empty() const { return empty_; }
  size_t size() const { return sets_.size(); }
  // Forgets all sets: every pointer is gone, `generation` changes. Called by the reader between
  // batches when the table has grown past `kMaxSets`, so that memory stays bounded.
  void Clear();
  uint64_t generation() const { return generation_; }
  static constexpr size_t kMaxSets = 200'000;

 private:
  const LabelSet* Intern(Labels canonical);
  std::deque<LabelSet> sets_;
  StringMap<const LabelSet*> by_raw_;  // raw text, canonical or not
  const LabelSet* empty_ = nullptr;
  uint64_t generation_ = 0;
};

}  // namespace glp
