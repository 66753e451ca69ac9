#include "cli/main.h"

#include "append.h"
#include "compact.h"
#include "delete.h"
#include "export.h"
#include "serve.h"
#include "stats.h"
#include "verify.h"

namespace glp {
namespace {

struct Options {
  AppendOptions append;
  ServeOptions serve;
  CompactOptions compact;
  DeleteOptions remove;
  ExportOptions out;
  StatsOptions stats;
  VerifyOptions verify;
};

cli::Command Describe(Options* o) {
  cli::Command c("glp-store", "a store of logs in a directory");
  c.Example("glp-tail app.log | glp-store append --dir logs", "take a file into a store");
  c.Example("glp-store serve --dir logs", "take pushes and answer Loki's API on port 3100");
  c.Example("glp-query -s logs '{} |= \"error\"'", "ask it, with or without a server");
  c.Example("glp-store stats --dir logs -v", "see what is in it");
  DescribeAppend(c.Subcommand("append", "take records on standard input in"), &o->append);
  DescribeServe(c.Subcommand("serve", "take pushes and answer queries over HTTP, as Loki does"),
                &o->serve);
  DescribeCompact(c.Subcommand("compact", "bring all of it into its final, smallest form"),
                  &o->compact);
  DescribeDelete(c.Subcommand("delete", "remove entries by selector, words and time"), &o->remove);
  DescribeExport(c.Subcommand("export", "give entries as records or as a .glp file"), &o->out);
  DescribeStats(c.Subcommand("stats", "tell what is in it"), &o->stats);
  DescribeVerify(c.Subcommand("verify", "check every byte"), &o->verify);
  return c;
}

}  // namespace
}  // namespace glp

int main(int argc, char** argv) {
  glp::Options options;
  glp::cli::Command command = glp::Describe(&options);
  return glp::cli::Main(
      argc, argv, command, [&](glp::cli::Context& context) -> glp::cli::RunResult {
        const std::string& chosen = command.chosen();
        if (chosen == "append") return RunAppend(options.append, context);
        if (chosen == "serve") return RunServe(options.serve, context);
        if (chosen == "compact") return RunCompact(options.compact, context);
        if (chosen == "delete") return RunDelete(options.remove, context);
        if (chosen == "export") return RunExport(options.out, context);
        if (chosen == "stats") return RunStats(options.stats, context);
        if (chosen == "verify") return RunVerify(options.verify, context);
        return glp::UsageError(
            "what to do? append, serve, compact, delete, export, stats or verify; see --help");
      });
}
