// Takes the text of a Windows event apart: of lines (\r\n) "Name: value" the name, made the name of
// a label, and the value without the blanks around it. Other lines are passed over. A name that is
// there already gets `_extracted` behind it, unless it may be overwritten.
// Errors: without the source, or where it is null (as promtail: then the line is dropped).
// Limits: 1,000 names of an event.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class EventLogMessageStage : public Stage {
 public:
  static constexpr size_t kMaxNames = 1000;
  static constexpr std::string_view kReason = "eventlogmessage_stage";
  struct Options {
    std::string source = "message";
    bool drop_invalid_labels = false;  // else each character that a label has not becomes `_`
    bool overwrite_existing = false;
    bool drops_null = false;
  };
  explicit EventLogMessageStage(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  // Whether it was taken.
  bool TakeLine(std::string_view line, StageEntry& entry, StageRun& run);

  Options options_;
  std::string no_source_;
  std::string name_;
};

std::unique_ptr<Stage> ReadEventLogMessageStage(const codec::YamlNode& config,
                                                BuildContext& context);

}  // namespace glp::stages
