#include "stages/static_labels.h"

#include <string>

#include "base/strings.h"

namespace glp::stages {

Verdict StaticLabelsStage::Process(StageEntry& entry, StageRun& run) {
  const LabelSet* before = entry.labels;
  entry.labels = cache_.Get(before, {}, run.labels, [&] {
    Labels out = before->labels;
    out.insert(out.end(), labels_.begin(), labels_.end());
    return out;
  });
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadStaticLabelsStage(const codec::YamlNode& config, BuildContext& context) {
  using Kind = codec::YamlNode::Kind;
  Labels labels;
  if (config.kind != Kind::kMap) {
    context.errors->Add(config, "static_labels: expected labels, as in `name: value`");
    return nullptr;
  }
  for (size_t i = 0; i < config.items.size(); ++i) {
    const codec::YamlNode::Key& key = config.keys[i];
    const codec::YamlNode& value = config.items[i];
    // promtail takes any name here, though no Loki does.
    if (!IsLabelName(key.text) && (!context.as_promtail || key.text.empty())) {
      context.errors->Add(
          key, "static_labels: '" + key.text + "' is no name of a label ([a-zA-Z_][a-zA-Z0-9_]*)");
    } else if (value.kind != Kind::kScalar && value.kind != Kind::kNull) {
      context.errors->Add(value, "static_labels: " + key.text + ": expected a text");
    } else if (!value.text.empty()) {
      labels.push_back({key.text, value.text});
    }
  }
  if (!context.errors->first().ok()) return nullptr;
  return std::make_unique<StaticLabelsStage>(std::move(labels));
}

}  // namespace glp::stages
