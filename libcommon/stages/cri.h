// Lines of the CRI runtimes (containerd, CRI-O): `TIME STREAM TAG TEXT`. Line, label `stream` and
// time are taken from them; pieces (tag P) are joined with what follows in the same file and
// stream up to the first other tag. Stages behind it find the stream as extracted, too.
// as_promtail: also time, flags and content are (they are not written with the record), only the
// tag P alone is a piece, a time that cannot be read is made up as promtail does (wrapper_time.h),
// and see PartialLines::Options.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "stages/add_label.h"
#include "stages/build.h"
#include "stages/partial_lines.h"
#include "stages/stage.h"
#include "stages/wrapper_time.h"

namespace glp::stages {

struct CriLine {
  std::string_view time, stream, tags, content;
  bool is_partial = false;  // the first tag is P
};
// Nothing where the text is not of this form.
std::optional<CriLine> ParseCriLine(std::string_view text);

class CriStage : public Stage {
 public:
  explicit CriStage(PartialLines::Options options = PartialLines::Options())
      : partial_lines_(options) {
    if (options.as_promtail) promtails_time_.emplace();
  }
  Verdict Process(StageEntry& entry, StageRun& run) override;
  bool holds() const override { return true; }
  void ReleaseFile(std::string_view id, StageRun& run) override {
    partial_lines_.ReleaseFile(id, run);
  }
  void ReleaseAll(StageRun& run) override { partial_lines_.ReleaseAll(run); }

 private:
  std::optional<WrapperTime> promtails_time_;  // as_promtail
  AddLabel add_stream_{"stream"};
  PartialLines partial_lines_;
};

std::unique_ptr<Stage> ReadCriStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
