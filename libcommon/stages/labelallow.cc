#include "stages/labelallow.h"

#include <algorithm>
#include <utility>

#include "stages/label_list.h"

namespace glp::stages {

LabelAllowStage::LabelAllowStage(std::vector<std::string> names) : names_(std::move(names)) {
  std::sort(names_.begin(), names_.end());
}

Verdict LabelAllowStage::Process(StageEntry& entry, StageRun& run) {
  const LabelSet* before = entry.labels;
  entry.labels = cache_.Get(before, {}, run.labels, [&] {
    Labels out = before->labels;
    std::erase_if(out, [&](const Label& label) {
      return !std::binary_search(names_.begin(), names_.end(), label.name);
    });
    return out;
  });
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadLabelAllowStage(const codec::YamlNode& config, BuildContext& context) {
  std::vector<std::string> names = ReadLabelList(config, "labelallow", context);
  if (!context.errors->first().ok()) return nullptr;
  return std::make_unique<LabelAllowStage>(std::move(names));
}

}  // namespace glp::stages
