// Says which tenant a line goes to, in the label __tenant_id__, which glp-push and promtail's
// client take off again.
// Errors: without the source or label the line goes where lines go, with the reason.
#pragma once

#include <memory>
#include <string>

#include "stages/build.h"
#include "stages/label_cache.h"
#include "stages/stage.h"

namespace glp::stages {

class TenantStage : public Stage {
 public:
  static constexpr std::string_view kLabel = "__tenant_id__";
  enum class From { kField, kLabel, kValue };

  // `text`: the name of the field (or label the entry came with), of the label, or the tenant.
  TenantStage(From from, std::string text);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  From from_;
  std::string text_;
  std::string not_there_;
  LabelCache cache_;
};

std::unique_ptr<Stage> ReadTenantStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
