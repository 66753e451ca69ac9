// Which labels the stages of a pipeline need from those in front of them.

#include <algorithm>

#include "codec/template.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

void AddTemplate(std::string_view text, NeededLabels* needed) {
  const auto compiled = codec::Template::Compile(text, codec::TemplateDialect::kLoki);
  if (!compiled.ok() || !compiled->names()) {
    needed->all = true;
    return;
  }
  for (const std::string& name : *compiled->names()) needed->Add(name);
}

void Need(const LabelFilter& filter, NeededLabels* needed) {
  using Kind = LabelFilter::Kind;
  if (filter.kind == Kind::kMatcher) return needed->Add(filter.matcher.name);
  for (const LabelFilter& operand : filter.operands) Need(operand, needed);
  if (filter.operands.empty()) needed->Add(filter.name);
}

void Need(const LineFormat& format, NeededLabels* needed) { AddTemplate(format.text, needed); }

void Need(const LabelFormat& format, NeededLabels* needed) {
  for (const LabelFormat::Item& item : format.items) {
    if (item.is_rename) {
      needed->Add(item.value);
    } else {
      AddTemplate(item.value, needed);
    }
  }
}

void Need(const std::vector<NameOrMatcher>& labels, NeededLabels* needed) {
  for (const NameOrMatcher& label : labels) {
    if (label.matcher) needed->Add(label.name);
  }
}
void Need(const DropLabels& drop, NeededLabels* needed) { Need(drop.labels, needed); }
void Need(const KeepLabels& keep, NeededLabels* needed) { Need(keep.labels, needed); }
void Need(const DistinctLabels& distinct, NeededLabels* needed) {
  for (const std::string& name : distinct.names) needed->Add(name);
}
void Need(const Unwrap& unwrap, NeededLabels* needed) { needed->Add(unwrap.label); }

// Parsers and what looks at the line.
template <typename T>
void Need(const T&, NeededLabels*) {}

}  // namespace

void NeededLabels::Add(std::string_view name) {
  if (!all && !Has(name)) names_.emplace_back(name);
}

bool NeededLabels::Has(std::string_view name) const {
  return all || std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool NeededLabels::HasPrefix(std::string_view prefix) const {
  return all || std::any_of(names_.begin(), names_.end(), [prefix](std::string_view name) {
           return name.substr(0, prefix.size()) == prefix;
         });
}

size_t NeededLabels::CountFresh(LabelsBuilder* labels) const {
  if (all) return SIZE_MAX;
  constexpr std::string_view kSuffix = "_extracted";
  size_t count = 0;
  for (const std::string& name : names_) {
    const LabelNames::Id id = labels->names().Intern(name);
    if (labels->IsParsed(id)) continue;
    bool may_set = labels->Fresh(id) == id;
    if (!may_set && name.ends_with(kSuffix)) {
      // Metadata have it, and still it is what a parser makes of the name without the suffix.
      const std::string_view base = std::string_view(name).substr(0, name.size() - kSuffix.size());
      may_set = labels->Fresh(labels->names().Intern(base)) == id;
    }
    count += may_set;
  }
  return count;
}

void NeedInFrontOf(const Stage& stage, NeededLabels* needed) {
  std::visit([needed](const auto& s) { Need(s, needed); }, stage);
}

}  // namespace glp::logql
