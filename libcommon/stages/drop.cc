#include "stages/drop.h"

#include <utility>

#include "stages/lenient_yaml.h"

namespace glp::stages {

Result<std::unique_ptr<DropStage>> DropStage::Make(Options options) {
  std::unique_ptr<DropStage> stage(new DropStage(std::move(options)));
  if (const auto& expression = stage->options_.expression) {
    GLP_ASSIGN_OR_RETURN(codec::GroupRegex regex, codec::GroupRegex::Compile(*expression));
    if (auto search = logql::LineSearch::ForRegex(*expression); search.ok()) {
      stage->search_ = *std::move(search);
    } else {
      stage->regex_ = std::move(regex);
    }
  }
  return stage;
}

Verdict DropStage::Process(StageEntry& entry, StageRun& run) {
  if (options_.longer_than_bytes && !IsLonger(entry, run)) return Verdict::kPass;
  if (options_.older_than_ns && entry.ts_ns >= run.NowNs() - *options_.older_than_ns) {
    return Verdict::kPass;
  }
  if (!options_.source.empty()) {
    if (!SourceHolds(entry)) return Verdict::kPass;
  } else if (options_.expression && !Matches(entry.LineBytes(run.arena))) {
    return Verdict::kPass;
  }
  return run.Drop(options_.reason);
}

bool DropStage::IsLonger(StageEntry& entry, StageRun& run) const {
  // Decoding never makes a text longer.
  return entry.line().text.size() > *options_.longer_than_bytes &&
         entry.LineBytes(run.arena).size() > *options_.longer_than_bytes;
}

bool DropStage::SourceHolds(StageEntry& entry) {
  const bool only_there = !options_.expression && !options_.value;
  std::string_view text;
  size_t count = 0;
  for (const std::string& source : options_.source) {
    auto value = entry.Value(source);
    if (!value) {
      const Field* field = entry.fields.Find(source);
      const bool is_null = field != nullptr && field->kind == Field::Kind::kNull;
      // Without a text there is nothing to compare; without a name there is less to join.
      if (is_null != only_there) return false;
      continue;
    }
    if (only_there) continue;
    if (++count == 1) {
      text = *value;
      continue;
    }
    if (count == 2) joined_ = text;
    joined_.append(options_.separator).append(*value);
  }
  if (only_there) return true;
  if (count > 1) text = joined_;
  return options_.value ? text == *options_.value : Matches(text);
}

bool DropStage::Matches(std::string_view text) const {
  return search_ != nullptr ? search_->Matches(text) : regex_->Matches(text);
}

std::unique_ptr<Stage> ReadDropStage(const codec::YamlNode& config, BuildContext& context) {
  using Kind = codec::YamlNode::Kind;
  codec::Given<std::string> separator{";"}, expression, value, reason;
  codec::Given<std::vector<std::string>> sources;
  codec::Given<int64_t> older_than_ns, longer_than;
  const codec::YamlNode lenient = WithoutQuotes(config);
  codec::YamlMap map(lenient, "drop", context.errors);
  const codec::YamlNode* source = map.Take("source");
  if (source != nullptr && source->kind == Kind::kScalar) {
    sources.value.push_back(source->text);
  } else if (source != nullptr) {
    map.Texts("source", &sources);
  }
  map.Text("separator", &separator);
  map.Text("expression", &expression);
  map.Text("value", &value);
  map.DurationNs("older_than", &older_than_ns);
  map.Bytes("longer_than", &longer_than);
  map.Text("drop_counter_reason", &reason);
  map.Finish();
  if (source != nullptr) {
    bool is_empty = source->kind == Kind::kList && sources.value.empty();
    for (const std::string& name : sources.value) is_empty |= name.empty();
    if (is_empty) map.Error(*source, "drop: source: expected the name of a field or label");
  }
  if (value && expression) {
    map.Error(value, "drop: expected a value or an expression, not both");
  }
  if (value && source == nullptr) {
    map.Error(value, "drop: a value is compared with a source; expected a source, too");
  }
  if (source == nullptr && !expression && !older_than_ns && !longer_than) {
    map.Error(map.place(),
              "drop: expected at least one of source, expression, older_than and "
              "longer_than");
  }
  if (!context.errors->first().ok()) return nullptr;
  DropStage::Options options;
  options.source = std::move(sources.value);
  options.separator = separator.value;
  if (expression) options.expression = expression.value;
  if (value) options.value = value.value;
  if (older_than_ns) options.older_than_ns = older_than_ns.value;
  if (longer_than) options.longer_than_bytes = static_cast<uint64_t>(longer_than.value);
  if (!reason.value.empty()) options.reason = reason.value;
  auto stage = DropStage::Make(std::move(options));
  if (stage.ok()) return *std::move(stage);
  map.Error(expression, stage.status().message());
  return nullptr;
}

}  // namespace glp::stages
