#include "stages/regex.h"

#include <utility>

namespace glp::stages {

Result<std::unique_ptr<RegexStage>> RegexStage::Make(Options options) {
  GLP_ASSIGN_OR_RETURN(codec::GroupRegex regex, codec::GroupRegex::Compile(options.expression));
  return std::unique_ptr<RegexStage>(new RegexStage(std::move(options), std::move(regex)));
}

RegexStage::RegexStage(Options options, codec::GroupRegex regex)
    : options_(std::move(options)),
      regex_(std::move(regex)),
      no_source_("regex: no field or label '" + options_.source + "'") {}

Verdict RegexStage::Process(StageEntry& entry, StageRun& run) {
  constexpr std::string_view kNoMatch = "regex: no match";
  std::string_view text;
  if (options_.source.empty()) {
    text = entry.LineBytes(run.arena);
  } else if (auto field = entry.fields.Get(options_.source)) {
    text = *field;
  } else if (const Label* label = entry.labels->Find(options_.source)) {
    if (const SharedFields* fields = OfLabel(entry.labels, label->value, run.labels)) {
      entry.fields.SetShared(*fields);
    } else {
      Fail(entry, kNoMatch);
    }
    return Verdict::kPass;
  } else {
    Fail(entry, no_source_);
    return Verdict::kPass;
  }
  if (!regex_.Match(text, &values_)) {
    Fail(entry, kNoMatch);
    return Verdict::kPass;
  }
  for (size_t i = 0; i < values_.size(); ++i) entry.fields.Set(regex_.names()[i], values_[i]);
  return Verdict::kPass;
}

const SharedFields* RegexStage::OfLabel(const LabelSet* labels, std::string_view value,
                                        LabelTable& table) {
  if (generation_ != table.generation()) {
    for (Slot& slot : slots_) slot.labels = nullptr;
    generation_ = table.generation();
  }
  Slot& slot = slots_[labels->id % slots_.size()];
  if (slot.labels != labels) {
    slot.labels = labels;
    slot.fields.reset();
    if (regex_.Match(value, &values_)) {
      std::vector<Field> fields;
      for (size_t i = 0; i < values_.size(); ++i) fields.push_back({regex_.names()[i], values_[i]});
      slot.fields = std::make_unique<const SharedFields>(fields);
    }
  }
  return slot.fields.get();
}

std::unique_ptr<Stage> ReadRegexStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> expression, source;
  codec::YamlMap map(config, "regex", context.errors);
  map.Text("expression", &expression);
  map.Text("source", &source);
  map.Finish();
  if (!expression) map.Error(map.place(), "regex: expected an expression");
  if (!context.errors->first().ok()) return nullptr;
  auto stage = RegexStage::Make({expression.value, source.value});
  if (stage.ok()) return *std::move(stage);
  map.Error(expression, stage.status().message());
  return nullptr;
}

}  // namespace glp::stages
