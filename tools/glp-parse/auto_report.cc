#include "auto_report.h"

#include "stages/auto.h"

namespace glp::parse {
namespace {

std::string Words(std::string_view format) {
  return format.empty() ? "not decided yet" : std::string(format);
}

std::string Decided(const stages::AutoStage::FileDecision& file) {
  std::string out = !file.path.empty() ? file.path : !file.labels.empty() ? file.labels : file.id;
  out += ": " + Words(file.format);
  if (!file.stdout_format.empty()) out += "; stdout " + std::string(file.stdout_format);
  if (!file.stderr_format.empty()) {
    out +=
        (file.stdout_format.empty() ? "; stderr " : ", stderr ") + std::string(file.stderr_format);
  }
  return out + " (" + std::to_string(file.lines) + (file.lines == 1 ? " line)" : " lines)");
}

}  // namespace

bool HasAuto(const stages::Pipeline& pipeline) {
  for (const auto& stage : pipeline.stages()) {
    if (dynamic_cast<const stages::AutoStage*>(stage.get()) != nullptr) return true;
  }
  return false;
}

void SayDecisions(const stages::Pipeline& pipeline, cli::Context& context) {
  for (const auto& stage : pipeline.stages()) {
    const auto* found = dynamic_cast<const stages::AutoStage*>(stage.get());
    if (found == nullptr) continue;
    for (const auto& file : found->decisions()) context.Say(Decided(file));
    if (found->forgotten_files() > 0) {
      context.Say("and " + std::to_string(found->forgotten_files()) +
                  " files more, of which nothing is known any more");
    }
  }
}

}  // namespace glp::parse
