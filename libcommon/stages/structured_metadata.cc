#include "stages/structured_metadata.h"

#include <string_view>

#include "base/strings.h"
#include "stages/labels.h"

namespace glp::stages {

Verdict StructuredMetadataStage::Process(StageEntry& entry, StageRun& run) {
  constexpr std::string_view kBadUtf8 = "structured_metadata: a value is not UTF-8";
  bool takes_labels = false;
  for (const NamedSource& name : names_) {
    auto value = entry.Value(name.source);
    if (const Label* label = entry.labels->Find(name.source)) {
      takes_labels = true;
      if (!value) value = label->value;
    }
    if (!value) continue;
    if (IsValidUtf8(*value)) {
      entry.meta.Set(name.name, *value);
    } else {
      Fail(entry, kBadUtf8, name.name);
    }
  }
  if (!takes_labels) return Verdict::kPass;
  const LabelSet* before = entry.labels;
  entry.labels = cache_.Get(before, {}, run.labels, [&] {
    Labels out = before->labels;
    for (const NamedSource& name : names_) {
      std::erase_if(out, [&](const Label& label) { return label.name == name.source; });
    }
    return out;
  });
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadStructuredMetadataStage(const codec::YamlNode& config,
                                                   BuildContext& context) {
  std::vector<NamedSource> names = ReadLabelSources(config, "structured_metadata", context);
  if (!context.errors->first().ok()) return nullptr;
  return std::make_unique<StructuredMetadataStage>(std::move(names));
}

}  // namespace glp::stages
