#include "parse.h"

#include <unistd.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "auto_report.h"
#include "base/time.h"
#include "cli/metrics_server.h"
#include "cli/record_pipe.h"
#include "explain.h"
#include "explain_time.h"
#include "io/output.h"
#include "parser.h"
#include "stages/metric_families.h"
#include "tap.h"
#include "test_cases.h"
#include "yaml_text.h"

namespace glp::parse {
namespace {

// By stage, since one reason may be that of several.
void SayFailures(const stages::Pipeline& pipeline, cli::Context& context) {
  for (const auto& stage : pipeline.stages()) {
    for (const stages::Failure& failure : stage->failures()) {
      context.Say(std::to_string(failure.count) +
                  (failure.count == 1 ? " record has" : " records have") + " fields.__error__ '" +
                  std::string(failure.reason) + "' (" + stage->place() + ")");
    }
  }
}

void SayUnfinished(uint64_t count, std::string_view why, cli::Context& context) {
  if (count == 0) return;
  const bool one = count == 1;
  context.Incomplete("unfinished lines",
                     std::to_string(count) + (one ? " line is" : " lines are") + " not written: " +
                         std::string(why) + (one ? "it" : "them") + "; no position passed " +
                         (one ? "it, so it comes" : "them, so they come") + " again");
}

Status CheckOptions(const Options& options) {
  if (options.tap && options.explain_time) {
    return UsageError("--tap and --explain-time: one at a time");
  }
  if (options.stages.has_config()) return Status::Ok();
  const char* given = !options.stages.job.empty() ? "--job"
                      : options.stages.expand_env ? "--expand-env"
                                                  : nullptr;
  if (given != nullptr) return UsageError(std::string(given) + " is of a configuration: -c FILE");
  if (options.stages.empty()) {
    return UsageError(
        "no stage is given; name one or more, such as --auto, --docker, --cri, --json level,msg "
        "(see --help)");
  }
  return Status::Ok();
}

cli::RunResult Test(const Options& options, cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(TestFile file, ReadTestFile(options.test, options.stages.expand_env));
  std::vector<std::string> notes;
  if (!options.stages.empty()) {
    if (file.pipeline) {
      return UsageError(options.test +
                        ": it has a pipeline of its own; the stages of the command line would "
                        "not be tested");
    }
    GLP_ASSIGN_OR_RETURN(file.pipeline, options.stages.Parts(false, &notes));
  }
  if (!file.pipeline) {
    return UsageError(options.test + ": it has no pipeline, and the command line has no stages");
  }
  GLP_RETURN_IF_ERROR(BuildParts(*file.pipeline, nullptr, &notes).status());
  for (const std::string& note : notes) context.Say(note);
  GLP_ASSIGN_OR_RETURN(TestReport report, RunTests(file, *file.pipeline));
  GLP_RETURN_IF_ERROR(io::WriteAll(1, report.text, "standard output"));
  return static_cast<int>(report.failed > 0 ? cli::kExitNoMatch : cli::kExitOk);
}

std::unique_ptr<Watcher> MakeWatcher(const Options& options, const stages::Pipeline& pipeline,
                                     std::string* out) {
  if (options.tap) {
    return std::make_unique<Tap>(pipeline, cli::UseColor(options.color, 1), out);
  }
  if (options.explain_time) return std::make_unique<TimeExplainer>(pipeline, out);
  return nullptr;
}

cli::RunResult RunStages(const Options& options, stages::StageList stages,
                         stages::StageMetrics* custom, cli::Context& context) {
  cli::RecordPipe::Options pipe_options;
  pipe_options.line_buffered = options.line_buffered;
  cli::RecordPipe pipe(context, pipe_options);
  Parser parser(pipe);
  for (auto& stage : stages) parser.pipeline().Add(std::move(stage));
  auto watcher = MakeWatcher(options, parser.pipeline(), &pipe.buffer());
  if (watcher != nullptr) parser.SetWatcher(watcher.get());
  cli::Metrics registry(context.tool());
  ParseMetrics metrics(&registry, parser.pipeline());
  registry.AddSource([custom](std::string* out) { custom->AppendText(out, SteadyNs()); });
  GLP_ASSIGN_OR_RETURN(auto server, cli::MetricsServer::Start(context, options.metrics, registry,
                                                              [] { return Status::Ok(); }));
  if (server != nullptr) parser.SetMetrics(&metrics);
  Status status = pipe.Run(&parser);
  SayFailures(parser.pipeline(), context);
  SayUnfinished(parser.unfinished(),
                "the tool in front ended without its end mark in the midst of ", context);
  SayUnfinished(parser.abandoned(), "the input ended in front of the rest of ", context);
  GLP_RETURN_IF_ERROR(status);
  return static_cast<int>(cli::kExitOk);
}

// The pipe on stdout; of what is on stdin only what --auto makes of it is told.
cli::RunResult Explain(const Options& options, const std::vector<StagePart>& parts,
                       stages::StageList stages, cli::Context& context) {
  codec::YamlNode all = YamlList();
  std::set<std::string> labels;
  for (const StagePart& part : parts) {
    labels.insert(part.labels.begin(), part.labels.end());
    all.items.insert(all.items.end(), part.list.items.begin(), part.list.items.end());
  }
  GLP_RETURN_IF_ERROR(io::WriteAll(
      1, ExplainPipe(all, options.stages.decides_as_promtail(), labels), "standard output"));
  cli::RecordPipe pipe(context);
  Parser parser(pipe);
  for (auto& stage : stages) parser.pipeline().Add(std::move(stage));
  if (!HasAuto(parser.pipeline()) || isatty(0) == 1) return static_cast<int>(cli::kExitOk);
  pipe.SetPlainOutput(true);
  GLP_RETURN_IF_ERROR(pipe.Run(&parser));
  SayDecisions(parser.pipeline(), context);
  return static_cast<int>(cli::kExitOk);
}

}  // namespace

cli::RunResult Run(const Options& options, cli::Context& context) {
  if (!options.test.empty()) return Test(options, context);
  GLP_RETURN_IF_ERROR(CheckOptions(options));
  std::vector<std::string> notes;
  GLP_ASSIGN_OR_RETURN(std::vector<StagePart> parts, options.stages.Parts(options.check, &notes));
  stages::StageMetrics custom;
  GLP_ASSIGN_OR_RETURN(stages::StageList stages, BuildParts(parts, &custom, &notes));
  for (const std::string& note : notes) context.Say(note);
  if (options.check) return static_cast<int>(cli::kExitOk);
  if (options.explain) return Explain(options, parts, std::move(stages), context);
  return RunStages(options, std::move(stages), &custom, context);
}

}  // namespace glp::parse
