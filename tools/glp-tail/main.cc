// glp-tail: lines of files, pipes and compressed files as records, once or as they are written.
#include "cli/main.h"

#include <string>
#include <vector>

#include "batch.h"
#include "cli/metrics_server.h"
#include "cli/positions.h"
#include "exec.h"
#include "follower.h"
#include "io/output.h"
#include "io/stop.h"
#include "known_files.h"
#include "options.h"
#include "paths.h"
#include "read_metrics.h"
#include "record_writer.h"

namespace glp::tail {
namespace {

// Never a reason not to start.
void LoadPositions(const std::string& path, cli::Context& context, KnownFiles* known) {
  std::vector<std::string> warnings;
  auto positions = cli::Positions::Load(path, &warnings);
  for (const std::string& warning : warnings) context.Say(warning);
  known->ExpectPositions();
  if (positions.ok()) return known->Load(*positions);
  context.Incomplete(
      "positions files that cannot be read",
      positions.status().message() + "; all files are read as if none had been read before");
}

cli::RunResult Run(const Options& options, cli::Context& context) {
  RecordWriter writer(1);
  LineReport report;
  Target target;
  GLP_ASSIGN_OR_RETURN(target.options, MakeSourceOptions(options, &report, context));
  if (options.exec) {
    GLP_RETURN_IF_ERROR(CheckCommand(options.paths, {{"-f", options.follow},
                                                     {"--poll", options.poll},
                                                     {"-n", !options.lines.empty()},
                                                     {"--from", options.from != "start"},
                                                     {"--exclude", !options.excludes.empty()},
                                                     {"--positions", !options.positions.empty()},
                                                     {"-c", !options.config.path.empty()},
                                                     {"--metrics", !options.metrics.empty()}}));
    const SourceOptions& source = target.options;
    GLP_ASSIGN_OR_RETURN(ExecOutcome outcome,
                         RunCommand(context, options.paths, source.labels, source.lines, writer));
    if (outcome.ran) GLP_RETURN_IF_ERROR(WriteEnd(report, context, writer));
    return outcome.exit_code;
  }
  target.options.before_wait = [&writer] { writer.Flush(); };
  target.paths = options.paths;
  target.excludes = options.excludes;
  ConfigTargets config;
  if (!options.config.path.empty()) {
    GLP_ASSIGN_OR_RETURN(config, ReadConfigTargets(options.config, target, context));
    if (options.config.check) {
      io::Output out(1, "standard output");
      out.buffer() = config.facts;
      GLP_RETURN_IF_ERROR(out.Flush());
      return cli::kExitOk;
    }
  } else {
    GLP_RETURN_IF_ERROR(CheckNoConfig(options.config));
    if (target.paths.empty()) target.paths.push_back("-");
    config.targets.push_back(std::move(target));
  }
  GLP_ASSIGN_OR_RETURN(PathSet paths, PathSet::Make(std::move(config.targets)));
  if (paths.HasStdin()) GLP_RETURN_IF_ERROR(cli::RefuseTerminal(context, 0));

  KnownFiles known;
  const std::string& positions = options.positions.empty() ? config.positions : options.positions;
  if (!positions.empty()) LoadPositions(positions, context, &known);
  cli::Metrics registry(context.tool());
  ReadMetrics metrics(&registry);
  GLP_ASSIGN_OR_RETURN(
      auto server, cli::MetricsServer::Start(context, options.metrics, registry, [&metrics] {
        return metrics.active() > 0 ? Status::Ok() : Status(Code::kIo, "no file is being read");
      }));
  if (server != nullptr) writer.SetMetrics(&metrics);
  io::StopWhenReaderLeaves(1);
  bool all_well = true;
  if (options.follow) {
    Follower follower(context, std::move(paths), config.provider, known, writer, options.poll);
    GLP_ASSIGN_OR_RETURN(all_well, follower.Run());
  } else {
    GLP_ASSIGN_OR_RETURN(all_well, ReadAll(context, paths, known, writer));
  }
  GLP_RETURN_IF_ERROR(WriteEnd(report, context, writer));
  return all_well ? cli::kExitOk : cli::kExitUsage;
}

}  // namespace
}  // namespace glp::tail

int main(int argc, char** argv) {
  glp::tail::Options options;
  glp::cli::Command command = glp::tail::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::tail::Run(options, context);
  });
}
