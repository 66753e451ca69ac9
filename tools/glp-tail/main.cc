// glp-tail: lines of files, pipes and compressed files as records, once or as they are written.
#include "cli/main.h"

#include <string>
#include <vector>

#include "base/strings.h"
#include "batch.h"
#include "cli/metrics_server.h"
#include "config_targets.h"
#include "exec.h"
#include "follower.h"
#include "io/stop.h"
#include "known_files.h"
#include "line_options.h"
#include "paths.h"
#include "read_metrics.h"
#include "record/record.h"
#include "record_writer.h"
#include "source_file.h"

namespace glp::tail {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::vector<std::string> labels;
  std::vector<std::string> excludes;
  std::string from = "start";
  std::string lines;
  LineSettings line;
  ConfigSettings config;
  std::string positions;
  bool follow = false;
  bool poll = false;
  bool exec = false;
  std::string metrics;
};

cli::Command Describe(Options* o) {
  cli::Command c("glp-tail", "lines of files as records");
  c.Example("glp-tail app.log | glp-parse --auto | glp-filter '|= \"error\"'",
            "the errors of a file");
  c.Example("glp-tail -f '/var/log/pods/*/*/*.log' --label job=pods",
            "follow all containers of a node, those to come too");
  c.Example("glp-tail '/var/log/**/*.log*' --exclude '*.gz'", "a whole tree once");
  c.Example("glp-tail -n 100 -f app.log", "the last 100 lines, then those to come");
  c.Example("zcat old.log.gz | glp-tail --label job=old", "standard input");
  c.Example("glp-tail -f -c promtail.yml --job system", "what promtail would read for a job");
  c.Example("glp-tail --exec -- journalctl -f -o cat", "the output of a command");
  c.Flag("-f,--follow", &o->follow,
         "wait for more at the end, through rotation; pick up new files of the globs");
  c.Value("-n,--lines", "N", &o->lines, "begin with the last N lines of each file");
  c.DefaultText("all");
  c.Choice("--from", {"start", "end"}, &o->from,
           "where to begin in the files that are there now; new files are read from their start");
  c.Value(
      "--positions", "FILE", &o->positions,
      "begin each file where FILE (a sink's --positions, or promtail's) says it was delivered to");
  c.Completes("file");
  c.Value("--label", "K=V", &o->labels, "add a label to every record");
  c.Value("--exclude", "GLOB", &o->excludes,
          "leave out files whose path, or whose name if GLOB has no slash, matches");
  AddLineOptions(&c, &o->line);
  AddConfigOptions(&c, &o->config);
  c.Flag("--poll", &o->poll,
         "with --follow: look four times a second instead of asking the kernel to tell");
  c.Flag("--exec", &o->exec,
         "run the command that stands in place of the paths, behind '--', and read its output");
  cli::MetricsServer::Describe(&c, &o->metrics);
  c.Positional("PATH", &o->paths,
               "files or globs (* ? [a-z] {a,b} and ** for any folders); '-' or none is standard "
               "input; with --exec the command and its arguments");
  c.Completes("file");
  return c;
}

Result<Labels> ParseLabels(const std::vector<std::string>& texts) {
  Labels labels;
  for (const std::string& text : texts) {
    size_t equals = text.find('=');
    std::string name = text.substr(0, equals);
    if (equals == std::string::npos || !IsLabelName(name)) {
      return UsageError("--label " + text +
                        ": expected NAME=VALUE with a name of letters, digits and '_' that does "
                        "not begin with a digit");
    }
    std::string value = text.substr(equals + 1);
    if (!IsValidUtf8(value)) return UsageError("--label " + name + ": the value is not UTF-8");
    labels.push_back({std::move(name), std::move(value)});
  }
  return labels;
}

Result<SourceOptions> MakeSourceOptions(const Options& options, LineReport* report,
                                        cli::Context& context) {
  SourceOptions source;
  GLP_ASSIGN_OR_RETURN(source.labels, ParseLabels(options.labels));
  GLP_ASSIGN_OR_RETURN(source.lines, MakeLineOptions(options.line, report, context));
  source.follow = options.follow;
  if (options.from == "end") source.last_lines = 0;
  if (!options.lines.empty()) {
    if (source.last_lines) return UsageError("-n and --from end exclude each other");
    source.last_lines = ParseUint64(options.lines);
    if (!source.last_lines) return UsageError("-n " + options.lines + ": not a number of lines");
  }
  return source;
}

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
    if (options.config.check) return cli::kExitOk;
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
