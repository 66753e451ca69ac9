#include "stages/logfmt.h"

#include "codec/logfmt.h"
#include "stages/byte_detail.h"

namespace glp::stages {

LogfmtStage::LogfmtStage(Options options)
    : options_(std::move(options)),
      no_source_("logfmt: no field or label '" + options_.source + "'") {
  if (!options_.as_promtail) return;
  std::vector<Mapping> last;
  for (Mapping& mapping : options_.mapping) {
    std::erase_if(last, [&](const Mapping& other) { return other.key == mapping.key; });
    last.push_back(std::move(mapping));
  }
  options_.mapping = std::move(last);
}

Verdict LogfmtStage::Process(StageEntry& entry, StageRun& run) {
  constexpr std::string_view kNotLogfmt = "logfmt: not key=value words throughout";
  std::string_view text;
  if (options_.source.empty()) {
    text = entry.LineBytes(run.arena);
  } else if (auto value = entry.Value(options_.source)) {
    text = *value;
  } else {
    Fail(entry, no_source_);
    return Verdict::kPass;
  }
  using Step = codec::LogfmtScanner::Step;
  codec::LogfmtScanner scanner(text);
  for (;;) {
    Step step = scanner.Next(&scratch_);
    if (step == Step::kEnd) break;
    if (step == Step::kError) {
      Fail(entry, kNotLogfmt, ByteDetail(scanner.error_offset(), scanner.error(), run.arena));
      break;
    }
    for (const Mapping& mapping : options_.mapping) {
      if (mapping.key != scanner.key()) continue;
      std::string_view value = scanner.value();
      if (scanner.value_in_scratch()) value = run.arena.Copy(value);
      entry.fields.Set(mapping.field, value);
    }
  }
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadLogfmtStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source;
  LogfmtStage::Options options;
  codec::YamlMap map(config, "logfmt", context.errors);
  if (const codec::YamlNode* mapping = map.Take("mapping")) {
    for (NamedSource& named : ReadNamedSources(*mapping, "mapping", context)) {
      options.mapping.push_back({std::move(named.name), std::move(named.source)});
    }
  } else {
    map.Error(map.place(), "logfmt: expected a mapping, as in `mapping: {level: }`");
  }
  map.Text("source", &source);
  map.Finish();
  if (source && source.value.empty()) {
    map.Error(source, "logfmt: source: expected a name; without a source it is the line");
  }
  if (!context.errors->first().ok()) return nullptr;
  options.source = source.value;
  options.as_promtail = context.as_promtail;
  return std::make_unique<LogfmtStage>(std::move(options));
}

}  // namespace glp::stages
