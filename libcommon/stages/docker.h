// Docker's json-file lines to what the program wrote: line, label `stream`, time. A line that
// Docker cut (16 KiB without a line end) is joined with what follows in the same file and stream.
// Stages behind it find the stream as extracted, too.
// as_promtail: output and timestamp are extracted as well (they are not written with the record),
// and a time that cannot be read is made up as promtail does (wrapper_time.h).
// promtail passes on the pieces of a long line as lines; nobody can want them apart.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "stages/add_label.h"
#include "stages/build.h"
#include "stages/docker_line.h"
#include "stages/partial_lines.h"
#include "stages/stage.h"
#include "stages/wrapper_time.h"

namespace glp::stages {

class DockerStage : public Stage {
 public:
  // Docker writes what is left without a line end when a container ends; only a piece of this size
  // and more is the start of a longer line.
  static constexpr size_t kPieceBytes = 16 << 10;

  explicit DockerStage(bool as_promtail = false) {
    if (as_promtail) promtails_time_.emplace();
  }
  Verdict Process(StageEntry& entry, StageRun& run) override;
  bool holds() const override { return true; }
  void ReleaseFile(std::string_view id, StageRun& run) override {
    partial_lines_.ReleaseFile(id, run);
  }
  void ReleaseAll(StageRun& run) override { partial_lines_.ReleaseAll(run); }

 private:
  std::optional<WrapperTime> promtails_time_;  // as_promtail
  DockerLineReader reader_;
  AddLabel add_stream_{"stream"};
  PartialLines partial_lines_;
};

std::unique_ptr<Stage> ReadDockerStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
