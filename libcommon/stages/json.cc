#include "stages/json.h"

namespace glp::stages {

Result<std::unique_ptr<JsonStage>> JsonStage::Make(Options options) {
  std::unique_ptr<JsonStage> stage(new JsonStage(std::move(options)));
  for (const Expression& expression : stage->options_.expressions) {
    GLP_RETURN_IF_ERROR(stage->extractor_.AddPath(expression.path));
  }
  stage->no_source_ = "json: no field or label '" + stage->options_.source + "'";
  return stage;
}

Verdict JsonStage::Process(StageEntry& entry, StageRun& run) {
  std::string_view text;
  if (options_.source.empty()) {
    text = entry.LineBytes(run.arena);
  } else if (auto value = entry.Value(options_.source)) {
    text = *value;
  } else {
    Fail(entry, no_source_);
    return Verdict::kPass;
  }
  if (!extractor_.Extract(text, &values_)) {
    Fail(entry, "json: not a JSON object");
    return Verdict::kPass;
  }
  for (size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].present) entry.fields.Set(options_.expressions[i].field, values_[i].text);
  }
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadJsonStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source;
  codec::Given<bool> drop_malformed;
  JsonStage::Options options;
  codec::YamlMap map(config, "json", context.errors);
  if (const codec::YamlNode* expressions = map.Take("expressions")) {
    for (NamedSource& named : ReadNamedSources(*expressions, "expressions", context)) {
      codec::JsonExtractor probe;
      if (Status status = probe.AddPath(named.source); !status.ok()) {
        map.Error(named.place, status.message());
      }
      options.expressions.push_back({std::move(named.name), std::move(named.source)});
    }
  } else {
    map.Error(map.place(), "json: expected expressions, as in `expressions: {level: }`");
  }
  map.Text("source", &source);
  map.Bool("drop_malformed", &drop_malformed);
  map.Finish();
  if (!context.errors->first().ok()) return nullptr;
  options.source = source.value;
  auto stage = JsonStage::Make(std::move(options));
  return stage.ok() ? *std::move(stage) : nullptr;
}

}  // namespace glp::stages
