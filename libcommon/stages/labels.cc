#include "stages/labels.h"

#include <utility>

#include "base/strings.h"

namespace glp::stages {
namespace {

constexpr std::string_view kBadUtf8 = "labels: a value is not UTF-8";

void AppendNumber(std::string* out, uint64_t number) {
  out->append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

LabelsStage::LabelsStage(std::vector<NamedSource> labels) : labels_(std::move(labels)) {}

void LabelsStage::MakeKey(StageEntry& entry) {
  key_.clear();
  bool by_stream = entry.fields.has_only_shared();
  for (const NamedSource& label : labels_) {
    by_stream = by_stream && !entry.fields.IsUnwritten(label.source);
  }
  if (by_stream) {
    const SharedFields* shared = entry.fields.shared();
    // All that can be asked for stands in the labels and in what is the same for them.
    key_.push_back('s');
    AppendNumber(&key_, entry.origin->id);
    AppendNumber(&key_, shared == nullptr ? 0 : shared->id());
    all_utf8_ = shared == nullptr || shared->is_utf8();
    return;
  }
  all_utf8_ = true;
  key_.push_back('v');
  for (const NamedSource& label : labels_) {
    auto value = entry.Value(label.source);
    AppendNumber(&key_, value ? value->size() : UINT64_MAX);
    if (!value) continue;
    key_.append(*value);
    all_utf8_ = all_utf8_ && IsValidUtf8(*value);
  }
}

Verdict LabelsStage::Process(StageEntry& entry, StageRun& run) {
  MakeKey(entry);
  const LabelSet* before = entry.labels;
  entry.labels = cache_.Get(before, key_, run.labels, [&] {
    Labels out = before->labels;
    for (const NamedSource& label : labels_) {
      auto value = entry.Value(label.source);
      if (value && IsValidUtf8(*value)) out.push_back({label.name, std::string(*value)});
    }
    return out;
  });
  if (all_utf8_) return Verdict::kPass;
  for (const NamedSource& label : labels_) {
    auto value = entry.Value(label.source);
    if (value && !IsValidUtf8(*value)) Fail(entry, kBadUtf8, label.name);
  }
  return Verdict::kPass;
}

std::vector<NamedSource> ReadLabelSources(const codec::YamlNode& config, std::string_view stage,
                                          BuildContext& context) {
  std::vector<NamedSource> labels = ReadNamedSources(config, stage, context);
  for (size_t i = 0; i < labels.size(); ++i) {
    if (IsLabelName(labels[i].name)) continue;
    context.errors->Add(config.keys[i], std::string(stage) + ": '" + labels[i].name +
                                            "' is no name of a label ([a-zA-Z_][a-zA-Z0-9_]*)");
  }
  return labels;
}

std::unique_ptr<Stage> ReadLabelsStage(const codec::YamlNode& config, BuildContext& context) {
  std::vector<NamedSource> labels = ReadLabelSources(config, "labels", context);
  if (!context.errors->first().ok()) return nullptr;
  return std::make_unique<LabelsStage>(std::move(labels));
}

}  // namespace glp::stages
