#include "stages/json.h"

#include "stages/byte_detail.h"

namespace glp::stages {

Result<std::unique_ptr<JsonStage>> JsonStage::Make(Options options) {
  std::unique_ptr<JsonStage> stage(new JsonStage(std::move(options)));
  for (const Expression& expression : stage->options_.expressions) {
    GLP_RETURN_IF_ERROR(stage->expressions_.Add(expression.path));
  }
  stage->no_source_ = "json: no field or label '" + stage->options_.source + "'";
  return stage;
}

Verdict JsonStage::Process(StageEntry& entry, StageRun& run) {
  constexpr std::string_view kNoObject = "json: not a JSON object";
  constexpr std::string_view kSearchFailed = "json: an expression failed";
  constexpr std::string_view kMalformed = "malformed_json";
  std::string_view text;
  if (options_.source.empty()) {
    text = entry.LineBytes(run.arena);
  } else if (auto value = entry.Value(options_.source)) {
    text = *value;
  } else {
    Fail(entry, no_source_);
    return Verdict::kPass;
  }

  using Kind = codec::JsonExpressions::Kind;
  const Kind kind = expressions_.Extract(text, &values_);
  if (kind == Kind::kMalformed) {
    if (options_.drop_malformed) return run.Drop(kMalformed);
    Fail(entry, kNoObject,
         ByteDetail(expressions_.error_offset(), expressions_.error(), run.arena));
    return Verdict::kPass;
  }
  if (kind == Kind::kNull) Fail(entry, kNoObject, "null");

  for (size_t i = 0; i < values_.size(); ++i) {
    const codec::JsonValue& value = values_[i];
    const std::string& field = options_.expressions[i].field;
    if (value.present) {
      entry.fields.Set(field, value.text);
    } else if (options_.as_promtail && !value.failed) {
      entry.fields.SetNull(field);
    }
  }
  if (const size_t failed = expressions_.failed_expression(); failed < values_.size()) {
    Fail(entry, kSearchFailed,
         run.arena.Copy(options_.expressions[failed].field + ": " + expressions_.failure()));
  }
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadJsonStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source;
  codec::Given<bool> drop_malformed;
  JsonStage::Options options;
  options.as_promtail = context.as_promtail;
  codec::YamlMap map(config, "json", context.errors);
  if (const codec::YamlNode* expressions = map.Take("expressions")) {
    for (NamedSource& named : ReadNamedSources(*expressions, "expressions", context)) {
      codec::JsonExpressions probe({context.as_promtail});
      if (Status status = probe.Add(named.source); !status.ok()) {
        map.Error(named.place, "expressions: " + named.name + ": " + status.message());
      }
      options.expressions.push_back({std::move(named.name), std::move(named.source)});
    }
  } else {
    map.Error(map.place(), "json: expected expressions, as in `expressions: {level: }`");
  }
  map.Text("source", &source);
  map.Bool("drop_malformed", &drop_malformed);
  map.Finish();
  if (source && source.value.empty()) {
    map.Error(source, "json: source: expected a name; without a source it is the line");
  }
  if (!context.errors->first().ok()) return nullptr;
  options.source = source.value;
  options.drop_malformed = drop_malformed.value;
  auto stage = JsonStage::Make(std::move(options));
  return stage.ok() ? *std::move(stage) : nullptr;
}

}  // namespace glp::stages
