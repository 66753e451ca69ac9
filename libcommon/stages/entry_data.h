// What templates of a pipeline may ask an entry for: what was extracted, as `.Value` the text at
// work, and as `.Entry`, where it is offered, the line.
// Lifetime: a view of the entry, for one Execute. Threads: one at a time.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/template.h"
#include "stages/entry.h"

namespace glp::stages {

class EntryData : public codec::TemplateData {
 public:
  EntryData(StageEntry& entry, Arena& arena, bool offers_line)
      : entry_(entry), arena_(arena), offers_line_(offers_line) {}

  // Without one, `.Value` is what was extracted under that name.
  void set_value(std::optional<std::string_view> value) { value_ = value; }

  std::optional<std::string_view> Get(std::string_view name) const override {
    if (name == "Value" && value_) return value_;
    if (name == "Entry" && offers_line_) return entry_.LineBytes(arena_);
    return entry_.Value(name);
  }

  std::vector<std::pair<std::string_view, std::string_view>> All() const override {
    std::vector<std::string_view> names = {"Value", "Entry"};
    for (const Label& label : entry_.origin->labels) names.push_back(label.name);
    for (const Field& field : entry_.fields.Sorted()) names.push_back(field.name);
    std::vector<Field> unrendered;
    entry_.fields.CopyUnrendered(&unrendered);
    for (const Field& field : unrendered) names.push_back(field.name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::vector<std::pair<std::string_view, std::string_view>> out;
    for (std::string_view name : names) {
      if (auto value = Get(name)) out.emplace_back(name, *value);
    }
    return out;
  }

 private:
  StageEntry& entry_;
  Arena& arena_;
  bool offers_line_;
  std::optional<std::string_view> value_;
};

}  // namespace glp::stages
