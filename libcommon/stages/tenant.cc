#include "stages/tenant.h"

#include <optional>
#include <utility>

#include "base/strings.h"

namespace glp::stages {

TenantStage::TenantStage(From from, std::string text)
    : from_(from),
      text_(std::move(text)),
      not_there_(std::string("tenant: no ") +
                 (from == From::kLabel ? "label '" : "field or label '") + text_ + "'") {}

Verdict TenantStage::Process(StageEntry& entry, StageRun& run) {
  std::optional<std::string_view> tenant;
  if (from_ == From::kValue) {
    tenant = text_;
  } else if (from_ == From::kField) {
    tenant = entry.Value(text_);
  } else if (const Label* label = entry.labels->Find(text_)) {
    tenant = label->value;
  }
  if (!tenant) {
    Fail(entry, not_there_);
    return Verdict::kPass;
  }
  if (tenant->empty()) return Verdict::kPass;
  if (!IsValidUtf8(*tenant)) {
    Fail(entry, "tenant: the value is not UTF-8");
    return Verdict::kPass;
  }
  const LabelSet* before = entry.labels;
  entry.labels = cache_.Get(before, *tenant, run.labels, [&] {
    Labels out = before->labels;
    out.push_back({std::string(kLabel), std::string(*tenant)});
    return out;
  });
  return Verdict::kPass;
}

std::unique_ptr<Stage> ReadTenantStage(const codec::YamlNode& config, BuildContext& context) {
  using From = TenantStage::From;
  codec::Given<std::string> source, label, value;
  codec::YamlMap map(config, "tenant", context.errors);
  map.Text("source", &source);
  map.Text("label", &label);
  map.Text("value", &value);
  map.Finish();
  std::unique_ptr<Stage> stage;
  for (const auto& [given, from] :
       {std::pair{&source, From::kField}, std::pair{&label, From::kLabel},
        std::pair{&value, From::kValue}}) {
    if (given->value.empty()) continue;
    if (stage != nullptr) {
      map.Error(*given, "tenant: expected one of source, label and value, not two of them");
    }
    stage = std::make_unique<TenantStage>(from, given->value);
  }
  if (stage == nullptr) map.Error(map.place(), "tenant: expected a source, a label or a value");
  return stage;
}

}  // namespace glp::stages
