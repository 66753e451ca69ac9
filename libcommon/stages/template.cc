#include "stages/template.h"

#include <string_view>

#include "stages/entry_data.h"

namespace glp::stages {

Verdict TemplateStage::Process(StageEntry& entry, StageRun& run) {
  constexpr std::string_view kFailed = "template: it cannot be executed";
  EntryData data(entry, run.arena, true);
  data.set_value(entry.Value(source_));
  codec::TemplateInput input{data};
  if (template_.reads_line()) input.line = entry.LineBytes(run.arena);
  input.ts_ns = entry.ts_ns;
  input.now_ns = run.NowNs();
  out_.clear();
  if (Status status = template_.Execute(input, &out_); !status.ok()) {
    Fail(entry, kFailed, run.arena.Copy(status.message()));
  } else if (!out_.empty()) {
    entry.fields.SetCopy(source_, out_);
  } else if (entry.fields.Find(source_) != nullptr || entry.origin->Find(source_) != nullptr) {
    entry.fields.Hide(source_);
  }
  return Verdict::kPass;
}

std::string TemplateError(const Status& status) {
  // Go puts a template's name in front of its line, and this one has none.
  constexpr std::string_view kNameless = "template: :";
  std::string message = status.message();
  if (message.substr(0, kNameless.size()) == kNameless) {
    message.replace(0, kNameless.size(), "template:");
  }
  return message;
}

std::unique_ptr<Stage> ReadTemplateStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source, text;
  codec::YamlMap map(config, "template", context.errors);
  map.Text("source", &source);
  map.Text("template", &text);
  map.Finish();
  if (source.value.empty()) map.Error(map.place(), "template: expected a source, the field to set");
  if (!text)
    map.Error(map.place(), "template: expected a template, as in `{{ .level | ToUpper }}`");
  if (!context.errors->first().ok()) return nullptr;
  auto compiled = codec::Template::Compile(text.value, codec::TemplateDialect::kPromtail);
  if (compiled.ok()) {
    return std::make_unique<TemplateStage>(std::move(source.value), *std::move(compiled));
  }
  map.Error(text, TemplateError(compiled.status()));
  return nullptr;
}

}  // namespace glp::stages
