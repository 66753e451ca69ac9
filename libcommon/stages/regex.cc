#include "stages/regex.h"

#include <utility>

#include "base/hash.h"

namespace glp::stages {
namespace {

constexpr std::string_view kNoMatch = "regex: no match";

}  // namespace

Result<std::unique_ptr<RegexStage>> RegexStage::Make(Options options) {
  using SameName = codec::GroupRegex::SameName;
  GLP_ASSIGN_OR_RETURN(codec::GroupRegex regex,
                       codec::GroupRegex::Compile(
                           options.expression,
                           options.as_promtail ? SameName::kLast : SameName::kFirstThatTookPart));
  return std::unique_ptr<RegexStage>(new RegexStage(std::move(options), std::move(regex)));
}

RegexStage::RegexStage(Options options, codec::GroupRegex regex)
    : options_(std::move(options)),
      regex_(std::move(regex)),
      no_source_("regex: no field or label '" + options_.source + "'") {}

Verdict RegexStage::Process(StageEntry& entry, StageRun& run) {
  if (options_.source.empty()) {
    OfText(entry, entry.LineBytes(run.arena));
  } else if (const Field* field = entry.fields.Find(options_.source)) {
    if (field->kind == Field::Kind::kText) {
      OfField(entry, field->value);
    } else {
      Fail(entry, no_source_);
    }
  } else if (const Label* label = entry.origin->Find(options_.source)) {
    OfLabel(entry, label->value, run.labels);
  } else {
    Fail(entry, no_source_);
  }
  return Verdict::kPass;
}

void RegexStage::OfText(StageEntry& entry, std::string_view text) {
  if (!regex_.Match(text, &values_)) {
    Fail(entry, kNoMatch);
    return;
  }
  for (size_t i = 0; i < values_.size(); ++i) entry.fields.Set(regex_.names()[i], values_[i]);
}

void RegexStage::OfField(StageEntry& entry, std::string_view value) {
  // What comes twice in a row among the values of a slot is kept: values that never come again cost
  // a hash and push nothing out.
  constexpr size_t kMaxBytes = 1024;
  if (value.size() > kMaxBytes) return OfText(entry, value);
  const uint64_t hash = Hash64(value);
  ValueSlot& slot = kept_[hash % kept_.size()];
  if (!slot.is_kept || slot.hash != hash || slot.value != value) {
    if (slot.seen != hash) {
      slot.seen = hash;
      return OfText(entry, value);
    }
    slot.fields = Find(value);
    slot.value = value;
    slot.hash = hash;
    slot.is_kept = true;
  }
  Give(entry, slot.fields.get());
}

void RegexStage::OfLabel(StageEntry& entry, std::string_view value, const LabelTable& table) {
  if (generation_ != table.generation()) {
    for (LabelSlot& slot : labels_) slot.labels = nullptr;
    generation_ = table.generation();
  }
  LabelSlot& slot = labels_[entry.origin->id % labels_.size()];
  if (slot.labels != entry.origin) {
    slot.fields = Find(value);
    slot.labels = entry.origin;
  }
  Give(entry, slot.fields.get());
}

void RegexStage::Give(StageEntry& entry, const SharedFields* fields) {
  if (fields == nullptr) {
    Fail(entry, kNoMatch);
  } else {
    entry.fields.SetShared(*fields);
  }
}

std::unique_ptr<const SharedFields> RegexStage::Find(std::string_view text) {
  if (!regex_.Match(text, &values_)) return nullptr;
  std::vector<Field> fields;
  for (size_t i = 0; i < values_.size(); ++i) fields.push_back({regex_.names()[i], values_[i]});
  return std::make_unique<const SharedFields>(fields);
}

std::unique_ptr<Stage> ReadRegexStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> expression, source;
  codec::YamlMap map(config, "regex", context.errors);
  map.Text("expression", &expression);
  map.Text("source", &source);
  map.Finish();
  if (!expression) map.Error(map.place(), "regex: expected an expression");
  if (source && source.value.empty()) {
    map.Error(source, "regex: source: expected a name; without a source it is the line");
  }
  if (!context.errors->first().ok()) return nullptr;
  auto stage = RegexStage::Make({expression.value, source.value, context.as_promtail});
  if (stage.ok()) return *std::move(stage);
  map.Error(expression, stage.status().message());
  return nullptr;
}

}  // namespace glp::stages
