// Sets a field to what a Go template makes of everything extracted (codec/template.h, promtail's
// functions); `.Value` is what the field was, `.Entry` the line. What comes out empty takes the
// field away, and a label of that name is not seen behind it either.
// Errors: what the template fails on leaves the entry unchanged, with the reason.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "codec/template.h"
#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class TemplateStage : public Stage {
 public:
  TemplateStage(std::string source, codec::Template text)
      : source_(std::move(source)), template_(std::move(text)) {}
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  std::string source_;
  codec::Template template_;
  std::string out_;
};

// What is wrong with a template's text, for a configuration: "template:1:9: function … not
// defined".
std::string TemplateError(const Status& status);

std::unique_ptr<Stage> ReadTemplateStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
