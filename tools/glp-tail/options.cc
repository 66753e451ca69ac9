#include "options.h"

#include "base/strings.h"
#include "cli/metrics_server.h"

namespace glp::tail {
namespace {

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

}  // namespace

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

}  // namespace glp::tail
