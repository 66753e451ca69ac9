#include "stages/pattern.h"

#include <string>
#include <utility>

namespace glp::stages {

Verdict PatternStage::Process(StageEntry& entry, StageRun& run) {
  auto text = source_.Get(entry, run.arena);
  if (!text) {
    Fail(entry, source_.missing());
    return Verdict::kPass;
  }
  const size_t count = parser_.Match(*text, &values_);
  for (size_t i = 0; i < count; ++i) entry.fields.Set(parser_.names()[i], values_[i]);
  if (count == 0) {
    Fail(entry, "pattern: no match");
  } else if (count < parser_.names().size()) {
    // The names live as long as the stage.
    Fail(entry, "pattern: the text ends before the first of these captures",
         parser_.names()[count]);
  }
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadPatternStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> expression, pattern, source;
  codec::YamlMap map(config, "pattern", context.errors);
  map.Text("expression", &expression);
  map.Text("pattern", &pattern);
  map.Text("source", &source);
  map.Finish();
  if (expression && pattern) {
    map.Error(pattern, "pattern: this is another name of expression; expected one of both");
  }
  const codec::Given<std::string>& text = expression ? expression : pattern;
  if (!text) {
    map.Error(map.place(), "pattern: expected an expression, as in `expression: '<ip> - <_>'`");
  }
  if (!context.errors->first().ok()) return nullptr;
  auto parser = codec::PatternParser::Compile(text.value);
  if (!parser.ok()) {
    map.Error(text, "pattern: " + parser.status().message());
    return nullptr;
  }
  return std::make_unique<PatternStage>(*std::move(parser), TextSource("pattern", source.value));
}

}  // namespace glp::stages
